"""Everything random in a training step, drawn for the global batch from (seed, step) and then divided among processes.

One process with a batch of 128, two with 64 each and a run that was interrupted in between all see the same images,
the same noise and the same times. On another kind of device only eps differs: it is drawn there.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from diffusion_lessons.data import Data
from diffusion_lessons.machine.devices import device_generator, moved
from diffusion_lessons.training.pairs import Pairs

Coupling = Literal["independent", "optimal"]  # which noise goes with which image


class Batch(NamedTuple):
    """x0 and eps [B, C, H, W] and condition [B], the null class where dropped, on the data's device; u [B] on the CPU.

    u is uniform in (0, 1], in double precision, to become t: times and all that follows from them are computed on the
    CPU and sent, so that no device has to know double precision, or wait.
    """

    x0: Tensor
    eps: Tensor
    u: Tensor
    condition: Tensor


def draw_batch(
    data: Data | Pairs,
    size: int,
    seed: int,
    step: int,
    *,
    condition_dropout: float = 0.1,
    flip: bool = False,
    coupling: Coupling = "independent",
    rank: int = 0,
    world: int = 1,
) -> Batch:
    """The rows of the global batch of `size` images at this step on which process `rank` of `world` works.

    The u are stratified, one in each of `size` equal intervals: every batch sees all noise levels, which makes the
    loss less noisy (Kingma et al. 2021, appendix I.1). With `flip`, half the images are mirrored. `coupling` says which
    noise goes with which image: "independent" noise, or "optimal" over the global batch (see `optimal_coupling`);
    `Pairs` bring their own noise and conditions.
    """
    rows = rows_of(rank, world, size)
    indices = epoch_indices(len(data), size, seed, step)
    device = data.device
    generator = step_generator(seed, step)
    u = stratified(size, generator)
    u_drop, u_mirror = (torch.rand(size, generator=generator) for _ in range(2))
    source = generator if device.type == "cpu" else device_generator(device, mixed(seed, step))
    eps = torch.randn(size, *data.shape, generator=source, device=device)
    where, is_mirrored, is_dropped = moved(
        torch.stack([indices, (u_mirror < 0.5).long(), (u_drop < condition_dropout).long()]), device
    )
    x0, labels = data.batch(where)  # all rows: a coupling concerns the whole batch
    if flip:
        x0 = torch.where((is_mirrored == 1)[:, None, None, None], x0.flip(-1), x0)
    if coupling == "optimal":
        eps = optimal_coupling(x0, eps)
    condition = torch.where(is_dropped == 1, len(data.classes), labels)
    if isinstance(data, Pairs):
        eps, condition = data.noise(where), labels  # those from which x0 was made
    return Batch(x0[rows], eps[rows], u.double()[rows], condition[rows])


def rows_of(rank: int, world: int, size: int) -> slice:
    """The rows of a global batch of `size` on which process `rank` of `world` works."""
    if size % world:
        raise ValueError(f"a global batch of {size} cannot be cut into {world} equal parts; choose a multiple")
    return slice(rank * size // world, (rank + 1) * size // world)


def step_generator(seed: int, step: int) -> torch.Generator:
    """The generator on the CPU from which all of a step's randomness is drawn."""
    return torch.Generator().manual_seed(mixed(seed, step))


def stratified(size: int, generator: torch.Generator) -> Tensor:
    """Numbers in (0, 1], one in each of `size` equal intervals, from 1 downwards: [size], each uniform in its own."""
    return 1 - (torch.rand(1, generator=generator) + torch.arange(size)) / size


def optimal_coupling(x0: Tensor, eps: Tensor) -> Tensor:
    """eps [B, ...], its rows in the order that makes sum_i |x0_i - eps_i|^2 smallest.

    Minibatch optimal transport (Tong et al. 2023, section 3.3; Pooladian et al. 2023): within the batch the lines from
    noise to data no longer cross, so the velocity to learn changes less along them. Each eps is still used
    once, so its distribution stays Gaussian. For unconditional training only: with labels, the noise would tell the
    network which label it has. SciPy solves the assignment, in a time that grows with B^3.
    """
    if x0.shape != eps.shape:
        raise ValueError(f"x0 {tuple(x0.shape)} and eps {tuple(eps.shape)} must have the same shape")
    cost = torch.cdist(x0.flatten(1).cpu().double(), eps.flatten(1).cpu().double()).square()  # [B, B]
    _, columns = linear_sum_assignment(cost.numpy())
    return eps[torch.from_numpy(columns).to(eps.device)]


def epoch_indices(count: int, size: int, seed: int, step: int) -> Tensor:
    """Which of `count` images the batch number `step` holds: every image once an epoch, each epoch in its own order."""
    positions = torch.arange(step * size, (step + 1) * size)
    epochs = positions // count
    indices = torch.empty(size, dtype=torch.long)
    for epoch in range(int(epochs[0]), int(epochs[-1]) + 1):
        rows = epochs == epoch
        indices[rows] = _order(count, seed, epoch)[positions[rows] % count]
    return indices


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(mixed(seed, epoch, 1)))


def mixed(*numbers: int) -> int:
    """One seed from several numbers, without the patterns of a sum: torch's CPU generator reads only 32 bits."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])

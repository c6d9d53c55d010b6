"""Residual blocks that are left out: which of them would be missed least?

ranking = rank_blocks(denoise, images, labels)           # the loss without each, the least missed first
faster = without_blocks(denoise, [ranking[0].name])

A residual block adds something to what it receives, h + f(h). Without f the shapes still fit, and the network still
computes something: how much worse it is says how much the block is needed. Where a block has fewer outputs than inputs
(on the way up) its shortcut, a 1x1 convolution, stays. Source: text 2's "less important layers"; Kim et al. 2023,
"BK-SDM" (https://arxiv.org/abs/2305.15798), who leave out whole blocks of Stable Diffusion, then train it on.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.networks.unet import Block
from diffusion_lessons.optimise.copies import copied, unet_of
from diffusion_lessons.optimise.guidance_cache import v_over_x0

LEVELS = 10  # times at which the loss is taken, in the middle of as many equal parts of (0, T)


class LeftOut(nn.Module):
    """A residual block without its residual: the shortcut, and the attention that follows the block."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.shortcut, self.attention = block.shortcut, block.attention

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:
        return self.attention(self.shortcut(h))


class Ranked(NamedTuple):
    """The loss of a network without this block, and the loss of the whole network."""

    name: str
    loss: float
    whole: float


def block_names(denoise: Denoiser) -> list[str]:
    """The residual blocks of the U-Net that are not left out already: ["levels.down.0", ...]."""
    return [name for name, part in unet_of(denoise).named_modules() if isinstance(part, Block)]


def without_blocks(denoise: Denoiser, names: Iterable[str]) -> Denoiser:
    """The same denoiser without the residuals of these blocks.

    A block that is zero, as all are before training, changes nothing when it is left out. Raises ValueError for a name
    that `block_names` does not list, and for what `copied` refuses.
    """
    names = list(names)
    there = block_names(denoise)
    if unknown := [name for name in names if name not in there]:
        raise ValueError(f"no block {unknown[0]!r}; the blocks are {', '.join(there) or 'all left out'}")
    faster = copied(denoise)
    unet = unet_of(faster)
    for name in names:
        block = unet.get_submodule(name)
        assert isinstance(block, Block)
        unet.set_submodule(name, LeftOut(block))
    return faster


def rank_blocks(denoise: Denoiser, x0: Tensor, condition: Any = None, *, seed: int = 0) -> list[Ranked]:
    """Every block with the loss of the network without it, the least missed first.

    x0 [B, ...] are images (latents for a network of latents), `condition` what they show. See `loss_of`.
    """
    whole = loss_of(denoise, x0, condition, seed=seed)
    found = [
        Ranked(name, loss_of(without_blocks(denoise, [name]), x0, condition, seed=seed), whole)
        for name in block_names(denoise)
    ]
    return sorted(found, key=lambda one: one.loss)


def least_missed(denoise: Denoiser, count: int, x0: Tensor, condition: Any = None, *, seed: int = 0) -> list[str]:
    """The names of `count` blocks to leave out, chosen one by one: each is missed least once those before are gone.

    Raises ValueError for more blocks than there are.
    """
    there = block_names(denoise)
    if not 0 <= count <= len(there):
        raise ValueError(f"the network has {len(there)} blocks to leave out; got {count}")
    names: list[str] = []
    for _ in range(count):
        names.append(rank_blocks(without_blocks(denoise, names), x0, condition, seed=seed)[0].name)
    return names


@torch.no_grad()
def loss_of(
    denoise: Denoiser, x0: Tensor, condition: Any = None, *, times: Sequence[float] | None = None, seed: int = 0
) -> float:
    """E |v_hat(x_t, t) - v|^2 over images, noise and times: how wrong a denoiser is, whatever its network predicts.

        v_hat - v = -(x0_hat - x0) (alpha^2 + sigma^2) / sigma

    `times` are LEVELS in the middle of equal parts of (0, T) unless others are given; the noise comes from `seed`, so
    that two denoisers are compared on the same x_t.
    """
    path = denoise.path
    times = [path.T * (k + 0.5) / LEVELS for k in range(LEVELS)] if times is None else times
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for t in times:
        eps = torch.randn(x0.shape, generator=generator).to(x0)
        estimate = denoise(path.add_noise(x0, eps, t), t, condition)
        losses.append(((estimate.x0 - x0) * v_over_x0(path, t)).double().square().mean())
    return float(torch.stack(losses).mean())

"""Memorization and scope: which questions a measurement settles, and which it does not (C22a, C46)."""

import torch
from torch import Tensor

from claims.copies import CHANCE, Probe
from claims.distances import COSINE
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import NOT_MEASURABLE, above, all_of, always
from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.data import load_data
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys.mixtures import point_masses

COUNT = 300

claim("C22a", "1, scope check", "Whether a sampler reproduces its training images is an empirical question.")


@measures(
    "C22a",
    f"A probe against all 1,500 training images, pixel by pixel, on {COUNT} samples each: of a perfect memoriser (the "
    f"exact denoiser of the training set), of one that repeats 1 in 10, and of the network. By chance {CHANCE:.0%} are"
    " called copies. It is an empirical question if the probe tells both memorisers from chance.",
    all_of(above("perfect memoriser: share of copies", CHANCE), above("1 in 10 repeated: share of copies", CHANCE)),
    on("digits", needs=["digits-diffusion"]),
)
def copies() -> list[Number]:
    """For the network the upper end of its interval bounds the share that it repeats."""
    train, held_out = (load_data("digits", split).images for split in ("train", "test"))
    generator = torch.Generator().manual_seed(0)
    x = COSINE.prior((COUNT, *train.shape[1:]), generator)
    memoriser = samplers.sample(samplers.ddim, point_masses(train).denoiser(COSINE), x, COSINE, COSINE.grid(50))
    network = _samples("digits-diffusion")
    mixed = network.clone()
    mixed[: COUNT // 10] = memoriser[: COUNT // 10]
    probe = Probe(train, held_out)
    groups = {
        "perfect memoriser": memoriser,
        "1 in 10 repeated": mixed,
        "digits-diffusion": network,
        "held-out digits": held_out,
    }
    shares = [probe.copies(name, images) for name, images in groups.items()]
    return [*shares, *(probe.closeness(name, images) for name, images in groups.items())]


def _samples(network: str) -> Tensor:
    return timed_samples(checkpoints.load(network), Settings("dpm_solver_pp_2m", 10), COUNT).x


claim("C46", "1, scope check", "Guidance amplifies adversarial prompts.")


@measures(
    "C46",
    "A measurement could settle how much more often a named model follows a named set of hostile prompts at each "
    "scale. It could not settle which prompts are hostile, nor what harm follows. Networks of ten digits have no such"
    " prompts.",
    always(NOT_MEASURABLE, "a digit is no hostile prompt"),
    on("no network of the course"),
)
def hostile_prompts() -> list[Number]:
    """A row about scope."""
    return []

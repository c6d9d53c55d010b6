"""DDIM beside DDPM: repeatability, diversity, the limit, and one network for both (C6, C7, C25, C39, C44)."""

import hashlib
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from claims import distances
from claims.distances import BROAD, CLOSE, COSINE, FLOW, Run
from claims.images import DDPM, IMAGES, difference, excess, floor, rows, value
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import above, all_of, below, by_case, direction, equals
from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.benchmark.plans import LIMIT
from diffusion_lessons.path import Path
from diffusion_lessons.sampling import Settings, generate

claim("C6", "2, DDIM", "The same seed and the same prompt give the same output.")


@measures(
    "C6",
    "DDIM in 5 steps, 8 images, from one seed: twice in the same way, and one image at a time instead of eight. Values "
    "are in [-1, 1]; the margin between batch sizes is 0.001, an eighth of a grey level.",
    by_case(
        {
            "same device and batch": equals("change, same call", 0),
            "other batch size": below("change, other batch", 1e-3),
        }
    ),
    on("MNIST", needs=["mnist-diffusion"], network="mnist-diffusion"),
    on("digits", needs=["digits-diffusion"], network="digits-diffusion"),
)
def the_same_seed(network: str) -> list[Number]:
    """The largest change of a pixel. Over batch sizes, sums are rounded in another order."""
    denoise = checkpoints.load(network)
    together, alone = (Settings("ddim", 5, limit=None, batch=batch) for batch in (8, 1))
    one, two, single = (timed_samples(denoise, settings, 8).x for settings in (together, together, alone))
    return [
        Number("change, same call", float((one - two).abs().max())),
        Number("change, other batch", float((one - single).abs().max())),
    ]


claim("C7", "2, DDIM", "DDIM is slightly less diverse than DDPM.")
DIVERSITY = ("recall", "coverage", "diversity")


@measures(
    "C7",
    "DDIM in 50 steps minus DDPM in 1000, paired: recall, coverage, and diversity within a class.",
    direction(
        "holds if those of the three differences that are told from 0 are negative, not if they are positive",
        [f"{metric}: DDIM - DDPM" for metric in DIVERSITY],
    ),
    *IMAGES,
)
def diversity(network: str) -> list[Number]:
    """Three figures of diversity; 1 is that of real images for the last."""
    ode, sde = rows(network, Settings("ddim", 50), DDPM)
    numbers = [difference(f"{metric}: DDIM - DDPM", ode, sde, metric) for metric in DIVERSITY]
    return numbers + [value(name, row, "diversity") for name, row in (("DDIM in 50", ode), ("DDPM in 1000", sde))]


claim("C25", "1, DDIM", "DDIM reaches the same marginal as DDPM, and degrades gracefully as steps are taken away.")
STEPS = (5, 10, 20, 50, 100)
BOTH_SIDES = ((below, 1), (above, -1))


@measures(
    "C25",
    f"Distance to the exact law, in standard deviations of the data, {distances.SEEDS} seeds of {distances.SAMPLES:,} "
    f"numbers. Same marginal: DDIM and DDPM, both in 1000 steps, end within {CLOSE} of one another. Graceful: halving "
    "the steps (of 100, 50, 20, 10) never costs more than 0.1.",
    all_of(
        below("DDIM - DDPM, 1000 steps", CLOSE),
        below("DDPM - DDIM, 1000 steps", CLOSE),
        below("largest loss from one step count to the next", 0.1),
    ),
    on("exact mixture", explains=True),
    of={"seeds": distances.SEEDS},
)
def the_same_limit() -> list[Number]:
    """Both arrive; the loss is largest from 10 steps to 5."""
    ode, sde = Run("ddim", 1000), Run("ddpm", 1000)
    curve = [Run("ddim", steps) for steps in (*STEPS, 1000)]
    losses = [distances.excess("largest loss from one step count to the next", *pair) for pair in pairwise(curve)]
    return [
        distances.excess("DDIM - DDPM, 1000 steps", ode, sde),
        distances.excess("DDPM - DDIM, 1000 steps", sde, ode),
        max(losses, key=lambda number: number.value),
        *map(distances.distance, curve),
        distances.distance(sde),
        distances.floor(),
    ]


@measures(
    "C25",
    "The network's two limits: DDPM in 1000 steps, and the solution of the ODE, which is DDIM's limit, by "
    f"DPM-Solver++ in {LIMIT.steps} steps. The same marginal: equivalent, on both sides, in Fréchet distance (25 % of "
    "DDPM's) and in diversity within a class (0.05 of that of real images). Equal distances are necessary and not "
    "sufficient: two laws may lie equally far from the data and differ.",
    all_of(
        *(rule("Fréchet: excess of the ODE", sign * 0.25) for rule, sign in BOTH_SIDES),
        *(rule("diversity: ODE - DDPM", sign * 0.05) for rule, sign in BOTH_SIDES),
    ),
    *IMAGES,
)
def two_limits_of_a_network(network: str) -> list[Number]:
    """A network's errors act on a deterministic chain and on one with fresh noise in different ways."""
    ode, sde = rows(network, LIMIT, DDPM)
    ratio = difference("diversity: ODE - DDPM", ode, sde, "diversity")
    return [excess("Fréchet: excess of the ODE", ode, sde), ratio, value("ODE", ode), value("DDPM", sde), floor(sde)]


claim("C39", "1, pitfalls", "Samplers share one network without retraining, and guidance is no separate model.")


@measures(
    "C39",
    "The SHA-256 of the weights before and after sampling with DDPM, DDIM, DPM-Solver++ and guidance; all four must "
    "run.",
    all_of(equals("samplers that ran", 4), equals("weights that changed", 0)),
    on("digits", needs=["digits-diffusion"], network="digits-diffusion"),
    on("MNIST", needs=["mnist-diffusion"], network="mnist-diffusion"),
)
def one_network(network: str) -> list[Number]:
    """One set of weights behind four ways to sample."""
    denoise = checkpoints.load(network)
    before, ran = _fingerprint(denoise), 0
    for settings in (
        Settings("ddpm", 5),
        Settings("ddim", 5),
        Settings("dpm_solver_pp_2m", 5),
        Settings("ddim", 5, scale=3.0),
    ):
        ran += bool(generate(denoise, 1, settings, labels=[0])[-1].x.isfinite().all())
    return [
        Number("samplers that ran", ran),
        Number("weights that changed", sum(a != b for a, b in zip(before, _fingerprint(denoise), strict=True))),
    ]


def _fingerprint(denoise: Any) -> list[str]:
    return [hashlib.sha256(values.numpy().tobytes()).hexdigest() for values in denoise.network.state_dict().values()]


claim("C44", "2, flow matching", "Flow matching is deterministic, unlike diffusion.")


@measures(
    "C44",
    "Two runs in 20 steps from the same noise with other seeds of the sampler: Euler on the flow path, DDIM and DDPM "
    "on the cosine path. 'Unlike' needs that diffusion's deterministic sampler changes its result.",
    all_of(equals("flow, Euler: numbers that changed", 0), below("diffusion, DDIM: numbers that did not change", 0)),
    on("an exact mixture"),
)
def deterministic() -> list[Number]:
    """An ODE is deterministic whatever it was trained as; so is DDIM."""
    cases = {"flow, Euler": ("euler", FLOW), "diffusion, DDIM": ("ddim", COSINE), "diffusion, DDPM": ("ddpm", COSINE)}
    changed = {name: int((_run(*case, 0) != _run(*case, 1)).sum()) for name, case in cases.items()}
    return [
        *(Number(f"{name}: numbers that changed", count) for name, count in changed.items()),
        Number("diffusion, DDIM: numbers that did not change", 64 - changed["diffusion, DDIM"]),
    ]


def _run(sampler: str, path: Path, seed: int) -> Tensor:
    x = path.prior((64, 1), torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(seed)
    return samplers.sample(samplers.get(sampler), BROAD.denoiser(path), x, path, path.grid(20), generator=generator)

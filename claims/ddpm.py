"""DDPM: its noise in large steps, the cost of its training, and its step in one sentence (C4, C5, C23, C24)."""

from typing import Any

import torch
from torch import nn

from claims import distances
from claims.distances import BROAD, SAMPLES, distance, over_seeds
from claims.evidence import CONDITION, FAILS, HOLDS, Evidence, by_cases, named, smaller
from claims.ledger import measures, on
from claims.tables import floor, on_tables, rows_at_one_count, score
from diffusion_lessons import schedules
from diffusion_lessons.metrics.errors import resolved
from diffusion_lessons.toys.one_dimension import wasserstein_1
from diffusion_lessons.toys.reverse_step import unscaled_ddpm
from diffusion_lessons.training.losses import loss, sample_times

COSINE = schedules.cosine()
ON_EXACT = (("broad", "trailing"), ("narrow", "trailing"), ("narrow", "leading"))  # mixture and grid
CLIPPED = {"limit": 1.0}
PUBLISHED: dict[str, Any] = {"limit": None, "spacing": "leading"}  # the last step taken from just above the data


@measures(
    "C4",
    on_tables("mnist-diffusion, clipped", steps=10, more=CLIPPED),
    on_tables("mnist-diffusion, unclipped, leading grid", steps=10, more=PUBLISHED),
)
@measures(
    "C5",
    on_tables("mnist-diffusion, clipped", steps=50, more=CLIPPED),
    on_tables("mnist-diffusion, unclipped, leading grid", steps=50, more=PUBLISHED),
)
def noise_in_large_steps_on_mnist(steps: int, more: dict[str, Any]) -> Evidence:
    """eta = 0, eta = 1 and DDPM's large variance in equally many steps."""
    options: dict[str, dict[str, Any]] = {"ode": {}, "small": {"eta": 1.0}, "large": {"variance": "large"}}
    names = {"ode": "ddim", "small": "ddim", "large": "ddpm"}
    rows = rows_at_one_count(*((names[one], steps, {"options": options[one], **more}) for one in options))
    ode, *noisy = (score(row) for row in rows)
    factors = [number.n / ode.n for number in noisy]
    return Evidence(
        by_cases([smaller(ode, number) for number in noisy], [resolved(number - ode) for number in noisy]),
        f"{steps} steps of a trained network on the cosine path: with the small variance (eta = 1) the distance is "
        f"{factors[0]:.2g} times DDIM's, with the large one {factors[1]:.2g} times. Fresh noise costs accuracy in "
        "large steps; it can also wash out what the network got wrong before (Karras et al. 2022, section 4).",
        [ode, *noisy, floor(rows[0])],
    )


@measures("C4", on("exact mixtures, linear path", steps=10))
@measures("C5", on("exact mixtures, linear path", steps=50))
def noise_in_large_exact_steps(steps: int) -> Evidence:
    """The same three with the exact denoiser."""
    numbers, worse = [], []
    for mixture, spacing in ON_EXACT:
        ode = distance("ddim", steps, mixture, spacing=spacing)
        noisy = [
            distance("ddim", steps, mixture, spacing=spacing, eta=1.0),
            distance("ddpm", steps, mixture, spacing=spacing, variance="large"),
        ]
        worse += [smaller(ode, number) for number in noisy]
        numbers += [ode, *noisy]
    return Evidence(
        by_cases(worse),
        f"{steps} steps with the exact denoiser: fresh noise takes the samples farther from the law than DDIM's in "
        f"{sum(worse)} of {len(worse)} comparisons. The grid is part of it: a trailing grid takes its last step from "
        "far up, and that step removes what noise is left; a leading grid, on which the figures of the DDIM paper were "
        "made, takes it from just above the data, and the noise of the large variance stays in the result.",
        [*numbers, distances.floor("broad"), distances.floor("narrow")],
    )


@measures("C4", on("an exact mixture on the cosine path, with and without an error in v"))
def noise_with_a_flawed_denoiser() -> Evidence:
    """eta = 0 and eta = 1 in ten steps, with the exact denoiser and with one that is wrong by 0.2 sin(3 x)."""
    numbers, worse = [], []
    for exact in ("denoiser", "but for an error in v"):
        ode, sde = (distance("ddim", 10, path=COSINE, exact=exact, **eta) for eta in ({}, {"eta": 1.0}))
        numbers += [ode, sde]
        worse.append(smaller(ode, sde))
    return Evidence(
        by_cases(worse),
        "With the exact denoiser fresh noise costs, as in the published tables. With a denoiser that is wrong the ODE "
        "keeps every error it made on its way, while fresh noise drowns old ones: "
        + ("there it pays." if not worse[1] else "and yet it costs there too.")
        + " Which of the two is larger, the error of the steps or that of the network, decides.",
        [*numbers, distances.floor()],
    )


class Counting(nn.Module):
    """A network that counts the rows that it evaluates."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.rows = 0

    def forward(self, x, t):
        self.rows += len(x)
        return self.weight * x


@measures("C23", on("one step of training"))
def passes_of_a_training_step() -> Evidence:
    """Network passes for one update on 32 examples of a path with a thousand steps."""
    path, network, x0 = COSINE, Counting(), torch.randn(32, 4)
    t = sample_times(torch.rand(32), path)
    loss(network, x0, torch.randn_like(x0), t, path, "eps").backward()
    passes = network.rows / len(x0)
    return Evidence(
        FAILS if passes == 1 else HOLDS,
        "x_t is made from x_0 and noise in one go, so an example costs one pass at one random time. It is sampling "
        "that walks through many times.",
        [named("network passes for each example", passes), named("times of the path", path.T)],
    )


@measures("C24", on("an exact mixture, cosine path"))
def the_step_in_a_sentence() -> Evidence:
    """The sentence taken literally, DDPM's own step, and DDIM without any randomness, in 200 steps each."""
    path, steps = COSINE, 200

    def literal(seed: int) -> float:
        generator = torch.Generator().manual_seed(seed)
        x = path.prior((SAMPLES, 1), generator, dtype=torch.float64)
        return wasserstein_1(unscaled_ddpm(x, BROAD.denoiser(path), path.grid(steps), generator), BROAD)

    literal_step = over_seeds("broad: x - eps_hat + z, 200 steps", literal)
    ddpm, ddim = distance("ddpm", steps, path=path), distance("ddim", steps, path=path)
    exact = distances.floor()
    works = not resolved(ddim - exact) or ddim.n < 2 * exact.n
    fails = literal_step.n > 10 * exact.n
    return Evidence(
        FAILS if works and fails else CONDITION,
        "Taken literally the step does not lead to the data: the weights that keep the state's variance on the path "
        "are missing. And randomness is not needed: with eta = 0 nothing random is added, and the samples follow the "
        "law as closely as exact ones do.",
        [literal_step, ddpm, ddim, exact],
    )

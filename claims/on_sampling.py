"""Claims about DDPM and DDIM that an exact mixture settles: C4, C5, C6, C24, C25."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from claims.distances import BROAD, LINEAR, SAMPLES, distance, each, floor
from claims.distances import over_seeds as mean_over_seeds
from claims.ledger import CONDITION, FAILS, HOLDS, Evidence, measures
from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import DenoiserLike
from diffusion_lessons.toys.one_dimension import wasserstein_1

COSINE = schedules.cosine()
CASES = (("broad", "trailing"), ("narrow", "trailing"), ("narrow", "leading"))
GRIDS = (
    "The grid is part of it: a trailing grid takes its last step from far up, and that step removes what noise is "
    "left; a leading grid, on which the figures of the DDIM paper were made, takes it from just above the data, and "
    "the noise of the large variance stays in the result."
)


@measures("C4", on="exact mixtures, linear path")
def stochastic_chains_in_large_steps() -> Evidence:
    """eta = 0, eta = 1 and DDPM's large variance on the same ten times."""
    return _stochastic(10)


@measures("C4", on="an exact mixture on the cosine path, with and without an error in v")
def stochastic_chains_of_a_flawed_denoiser() -> Evidence:
    """eta = 0 and eta = 1 in ten steps, with the exact denoiser and with one that is wrong by 0.2 sin(3 x)."""
    numbers, worse = [], []
    for exact in ("denoiser", "but for an error in v"):
        ode, sde = (distance("ddim", 10, path=COSINE, exact=exact, **more) for more in ({}, {"eta": 1.0}))
        numbers += [ode, sde]
        worse.append((sde - ode).resolved and sde.value > ode.value)
    return Evidence(
        HOLDS if all(worse) else CONDITION if any(worse) else FAILS,
        "With the exact denoiser fresh noise costs, as in the published tables. With a denoiser that is wrong the ODE "
        "keeps every error it made on its way, while fresh noise drowns old ones: "
        + ("there it pays." if not worse[1] else "and yet it costs there too.")
        + " Which of the two is larger, the error of the steps or that of the network, decides.",
        [*numbers, floor()],
    )


@measures("C5", on="exact mixtures, linear path")
def fifty_steps_each() -> Evidence:
    """The same three on the same fifty times."""
    return _stochastic(50)


def _stochastic(steps: int) -> Evidence:
    numbers, worse = [], []
    for mixture, spacing in CASES:
        ode = distance("ddim", steps, mixture, spacing=spacing)
        noisy = [
            distance("ddim", steps, mixture, spacing=spacing, eta=1.0),
            distance("ddpm", steps, mixture, spacing=spacing, variance="large"),
        ]
        worse += [(each - ode).resolved and each.value > ode.value for each in noisy]
        numbers += [ode, *noisy]
    found = HOLDS if all(worse) else FAILS if not any(worse) else CONDITION
    return Evidence(
        found,
        f"{steps} steps with the exact denoiser: fresh noise takes the samples farther from the law than DDIM's in "
        f"{sum(worse)} of {len(worse)} comparisons. {GRIDS}",
        [*numbers, floor("broad"), floor("narrow")],
    )


@measures("C6", on="an exact mixture, one device")
def same_seed_same_sample() -> Evidence:
    """Bit equality of two runs; the stochastic sampler repeats itself only with the generator's seed."""
    x = LINEAR.prior((64, 1), torch.Generator().manual_seed(0))
    denoise, times = BROAD.denoiser(LINEAR), LINEAR.grid(20)

    def run(eta: float, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return samplers.sample(samplers.ddim, denoise, x, LINEAR, times, eta=eta, generator=generator)

    repeated = torch.equal(run(0.0, 0), run(0.0, 1)) and torch.equal(run(1.0, 0), run(1.0, 0))
    differ = not torch.equal(run(1.0, 0), run(1.0, 1))
    return Evidence(
        HOLDS if repeated and differ else FAILS,
        "With eta = 0 two runs from the same noise are equal bit for bit. With eta = 1 the seed of the sampler's own "
        "noise must be the same as well. On another device or batch size sums are rounded in another order: equal to "
        "rounding, not bit for bit.",
    )


def literal_step_from_text_2(
    x: Tensor, denoise: DenoiserLike, times: Sequence[float], generator: torch.Generator
) -> Tensor:
    """x - predicted noise + random noise, step after step, as the sentence reads."""
    for t in times[:-1]:
        x = x - denoise(x, t).eps + torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x


@measures("C24", on="an exact mixture, cosine path")
def the_literal_ddpm_step() -> Evidence:
    """The sentence taken literally, DDPM's own step, and DDIM without any randomness, in 200 steps each."""
    path, steps = schedules.cosine(), 200

    def literal(seed: int) -> float:
        generator = torch.Generator().manual_seed(seed)
        x = path.prior((SAMPLES, 1), generator, dtype=torch.float64)
        return wasserstein_1(literal_step_from_text_2(x, BROAD.denoiser(path), path.grid(steps), generator), BROAD)

    as_said = mean_over_seeds("broad: x - eps_hat + z, 200 steps", literal)
    ddpm, ddim = distance("ddpm", steps, path=path), distance("ddim", steps, path=path)
    exact = floor()
    works = not (ddim - exact).resolved or ddim.value < 2 * exact.value
    fails = as_said.value > 10 * exact.value
    return Evidence(
        FAILS if works and fails else CONDITION,
        "Taken literally the step does not lead to the data: the weights that keep the state's variance on the path "
        "are missing. And randomness is not needed: with eta = 0 nothing random is added, and the samples follow the "
        "law as closely as exact ones do.",
        [as_said, ddpm, ddim, exact],
    )


@measures("C25", on="an exact mixture, linear path")
def the_same_limit() -> Evidence:
    """The distance to the law of DDIM and DDPM as steps grow to 1000."""
    steps = (5, 10, 20, 50, 100, 1000)
    ode, noisy, exact = each("ddim", steps), each("ddim", steps, eta=1.0), floor()
    there = all(not (curve[-1] - exact).resolved or curve[-1].value < 1.5 * exact.value for curve in (ode, noisy))
    falling = all(a.value > b.value for a, b in pairwise(ode))
    return Evidence(
        HOLDS if there and falling else CONDITION if there else FAILS,
        "After 1000 steps both are as close to the law as exact samples are, and DDIM's distance grows steadily as "
        "steps are taken away.",
        [*ode, *noisy, exact],
    )

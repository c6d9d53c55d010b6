"""Fresh noise in the steps: what it costs, what it repairs, and whether it is needed (C4, C5, C24)."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from claims import distances
from claims.distances import BROAD, CLOSE, COSINE, SAMPLES, SEEDS, Run
from claims.images import IMAGES, excess, limit, rows, value
from claims.numbers import Number, mean, over_seeds
from claims.register import claim, measures, on
from claims.verdicts import above, below, by_case
from diffusion_lessons.benchmark import noise as seeds_of_noise
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.ddim import ddim_step
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys.one_dimension import wasserstein_1
from diffusion_lessons.toys.reverse_step import unscaled_ddpm

SMALL = {"eta": 1.0}
LARGE = {"variance": "large"}
COUNTS = seeds_of_noise.EVALUATIONS
RULED = {"small variance": "small variance: excess over DDIM", "large variance": "large variance: excess over DDIM"}
NUMBERS = f"{SEEDS} seeds of {SAMPLES:,} numbers, in standard deviations of the data."

claim(
    "C4",
    "1, why large steps",
    "A stochastic chain cannot take large steps without losing fidelity, because the variance compounds.",
)
claim("C5", "1, pitfalls", "At equal low step counts, fifty for instance, DDIM is far better than DDPM.")


def _on_images(network: str, steps: int, **more: Any) -> list[Number]:
    """Both variances of DDPM against DDIM in as many steps, as shares of DDIM's distance."""
    settings = (
        Settings("ddim", steps, **more),
        Settings("ddim", steps, options=SMALL, **more),
        Settings("ddpm", steps, options=LARGE, **more),
    )
    ode, *noisy = rows(network, *settings)
    return [
        *(excess(name, row, ode) for name, row in zip(RULED.values(), noisy, strict=True)),
        *(value(str(one), row) for one, row in zip(settings, (ode, *noisy), strict=True)),
        *limit(ode),
    ]


def _on_numbers(steps: int, mixture: str, **more: Any) -> list[Number]:
    """The same on a mixture, as differences."""
    runs = [Run("ddim", steps, mixture, eta=eta, **more) for eta in (None, 1.0)]
    runs.append(Run("ddpm", steps, mixture, variance="large", **more))
    return [
        *(distances.excess(name, run, runs[0]) for name, run in zip(RULED.values(), runs[1:], strict=True)),
        *map(distances.distance, runs),
        distances.floor(mixture),
    ]


@measures(
    "C4",
    "Ten steps on one grid: DDPM with the small and with the large variance against DDIM, paired, as shares of DDIM's "
    "Fréchet distance.",
    by_case({name: above(number, 0.0) for name, number in RULED.items()}),
    *IMAGES,
)
def ten_noisy_steps(network: str) -> list[Number]:
    """Fresh noise costs accuracy in large steps; it can also wash out what the network got wrong before."""
    return _on_images(network, 10)


@measures(
    "C4",
    f"Ten steps with the exact denoiser, from exact samples at the grid's first time: {NUMBERS}",
    by_case({name: above(number, 0.0) for name, number in RULED.items()}),
    *(on(f"exact {name} mixture", explains=True, mixture=name) for name in ("broad", "narrow")),
    on("exact leading grid", explains=True, mixture="narrow", spacing="leading"),
    on("exact but for an error in v", explains=True, mixture="broad", path=COSINE, exact="but for an error in v"),
    on("exact cosine path", explains=True, mixture="broad", path=COSINE),
    of={"seeds": SEEDS},
)
def ten_exact_noisy_steps(mixture: str, **more: Any) -> list[Number]:
    """With an exact denoiser noise only costs; one that is wrong is also repaired by it."""
    return _on_numbers(10, mixture, **more)


@measures(
    "C4",
    f"DDIM's step with the fresh noise of the reverse SDE (k = 1, DDPM's small variance) against none, in as many "
    f"evaluations: {seeds_of_noise.SEEDS} seeds of {seeds_of_noise.SAMPLES} digits, paired within a seed, as shares of "
    "DDIM's Fréchet distance.",
    by_case({f"{count} evaluations": above(f"{count} evaluations: excess over DDIM", 0.0) for count in COUNTS}),
    on(
        "digits, over seeds",
        needs=["digits-diffusion"],
        command="python -m diffusion_lessons.benchmark.noise digits-diffusion --out runs/again",
        network="digits-diffusion",
    ),
    of={"seeds": seeds_of_noise.SEEDS},
)
def noise_over_seeds(network: str) -> list[Number]:
    """Long steps pay for noise; whether short ones gain by it is a matter of the network."""
    found = seeds_of_noise.shipped_comparisons(network)
    knobs = {one.pair.noisy.options["noise"] for one in found}
    names = {k: "excess over DDIM" if k == 1 else f"excess over DDIM with k = {k:g}" for k in sorted(knobs)}
    return [
        mean(f"{one.evaluations:g} evaluations: {names[one.pair.noisy.options['noise']]}", one.ratios) for one in found
    ]


@measures(
    "C5",
    "Fifty steps on one grid, as above. 'Far better': DDPM is at least twice as far from the data, an excess above 1.",
    by_case({name: above(number, 1.0) for name, number in RULED.items()}),
    *IMAGES,
)
def fifty_noisy_steps(network: str) -> list[Number]:
    """The direction and the size."""
    return _on_images(network, 50)


@measures(
    "C5",
    "Fifty steps on the leading grid, unclipped. 'Far better' as before.",
    by_case({name: above(number, 1.0) for name, number in RULED.items()}),
    *(replace(case, words=f"{case.words}, leading grid") for case in IMAGES),
)
def fifty_noisy_steps_leading(network: str) -> list[Number]:
    """A leading grid takes its last step from just above the data: the large variance's noise stays in the result."""
    return _on_images(network, 50, limit=None, spacing="leading")


@measures(
    "C5",
    f"Fifty steps with the exact denoiser: {NUMBERS} 'Far better': by more than {CLOSE}.",
    by_case({name: above(number, CLOSE) for name, number in RULED.items()}),
    *(on(f"exact {name} mixture", explains=True, mixture=name) for name in ("broad", "narrow")),
    on("exact leading grid", explains=True, mixture="narrow", spacing="leading"),
    of={"seeds": SEEDS},
)
def fifty_exact_noisy_steps(mixture: str, **more: Any) -> list[Number]:
    """Most of the difference is the grid's."""
    return _on_numbers(50, mixture, **more)


claim("C24a", "2, flow matching", "A DDPM step is x_t minus the predicted noise plus fresh noise.")


@measures(
    "C24a",
    "The sentence taken literally, x - eps_hat + z, in 200 steps on the cosine path; the same text prints the right "
    f"formula, with its factors, further up. {NUMBERS} It is DDPM's step if it ends within 0.25 of the law.",
    below("the sentence: distance", 0.25),
    on("an exact mixture"),
    of={"seeds": SEEDS},
)
def the_step_in_a_sentence() -> list[Number]:
    """Without the weights that keep the state's variance on the path, the numbers spread."""

    def literal(seed: int) -> float:
        generator = torch.Generator().manual_seed(seed)
        x = distances.noised(BROAD, COSINE, COSINE.T, generator)
        ends = unscaled_ddpm(x, BROAD.denoiser(COSINE), COSINE.grid(200), generator)
        return wasserstein_1(ends, BROAD) / distances.std(BROAD)

    return [
        over_seeds("the sentence: distance", literal, SEEDS),
        distances.distance(Run("ddpm", 200, path=COSINE)),
        distances.floor(),
    ]


claim("C24b", "2, flow matching", "The randomness in a step is necessary to match the training distribution.")


@measures(
    "C24b",
    f"200 steps without fresh noise: DDPM's own mean, with z left out, and DDIM. {NUMBERS} Randomness is necessary for"
    " a step if without it the samples end farther than 0.25 from the law.",
    by_case(
        {
            "DDPM's own step": above("DDPM's step without z: distance", 0.25),
            "any step": above("DDIM: distance", 0.25),
        }
    ),
    on("an exact mixture"),
    of={"seeds": SEEDS},
)
def without_randomness() -> list[Number]:
    """DDPM's mean alone shrinks everything to a point; DDIM's step, made for it, needs no noise."""
    spreads = []

    def bare(seed: int) -> float:
        x = distances.noised(BROAD, COSINE, COSINE.T, torch.Generator().manual_seed(seed))
        ends = ddpm_means(x, BROAD.denoiser(COSINE), COSINE, COSINE.grid(200))
        spreads.append(float(ends.std()) / distances.std(BROAD))
        return wasserstein_1(ends, BROAD) / distances.std(BROAD)

    number = over_seeds("DDPM's step without z: distance", bare, SEEDS)
    ode = distances.distance(Run("ddim", 200, path=COSINE))
    return [
        number,
        Number("DDIM: distance", ode.value, ode.error, ode.freedom, ode.of, ode.unit),
        Number("DDPM's step without z: std of the samples over the data's", sum(spreads) / len(spreads)),
        distances.distance(Run("ddpm", 200, path=COSINE)),
        distances.floor(),
    ]


def ddpm_means(x: Tensor, denoise: DenoiserLike, path: Path, times: tuple[float, ...]) -> Tensor:
    """DDPM's steps with z left out: x_s = E[x_s | x_t, x0_hat] throughout, [n, 1].

    The mean of the posterior is (alpha_t / alpha_s) (sigma_s / sigma_t)^2 x_t + alpha_s beta / sigma_t^2 x0_hat, with
    beta the step's variance.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        if s == 0 or path.sigma(s) == 0:
            x = ddim_step(estimate, path, s)
            continue
        weight = path.alpha(t) / path.alpha(s) * (path.sigma(s) / path.sigma(t)) ** 2
        x = weight * x + path.alpha(s) * path.step_variance(t, s) / path.sigma(t) ** 2 * estimate.x0
    return x

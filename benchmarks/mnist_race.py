"""Which prediction, weighting, times and network learn MNIST best on one CPU core, in equal time.

    OMP_NUM_THREADS=1 python -m benchmarks.mnist_race [--images 20000] [--seeds 1] [--only x0] [--write]

Every candidate changes the recipe `mnist-small` in what its name says, and sees `--images` images, or fewer by as much
as its steps take longer than the recipe's. Two things are measured, with the same noise for all: 500 samples, unguided,
in ten steps of DPM-Solver++(2M), and the error of x_0 on 500 held-out images at several noise levels sigma/alpha, which
depends less on luck. Labels are in the proportions of the real images: most of the variance of the features lies
between classes, and with labels drawn at random the distance would be the luck of their counts. The floor is that of
500 held-out images in the same proportions. Runs are kept in datasets/measurements/mnist_race.json as they end; one
that is there is not repeated. Times are of the CPU, so that other programs disturb them little.
"""

import math
import statistics
import time
from typing import Any

import pandas as pd
import torch
from tqdm.auto import tqdm

from benchmarks import page
from benchmarks.choices import is_kept, keep, markdown, options, read, with_spread
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.data import load_data
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine import description as machine
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.networks.unet import UNetConfig
from diffusion_lessons.sampling import Settings, in_precision
from diffusion_lessons.training import recipes
from diffusion_lessons.training.loop import train
from diffusion_lessons.training.recipes import Recipe
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Step, denoising

ATTENTION = UNetConfig(widths=(64, 128, 80), attention=(1,), patch=2)  # at 7x7 and 4x4, in as many parameters
CANDIDATES: dict[str, dict[str, Any]] = {
    "v": {},
    "v, attention": {"network": ATTENTION},
    "v, uniform times": {"times": "uniform"},
    "x0": {"predicts": "x0"},
    "x0, min-SNR weights": {"predicts": "x0", "weighting": "min_snr"},
}
KEY = ["candidate", "seed", "budget"]
SAMPLES = 500
LEVELS = (0.3, 1.0, 2.5, 6.0)  # sigma / alpha at which denoising is measured


def recipe_of(candidate: str, images: int) -> Recipe:
    """The recipe `mnist-small`, compiled, with what the candidate changes."""
    return recipes.get("mnist-small", images=images, compile=True, **CANDIDATES[candidate])


def cost(candidate: str, steps: int = 12) -> float:
    """CPU seconds of one training step: the median of some."""
    recipe, device = recipe_of(candidate, 10**6), torch.device("cpu")
    data = recipe.load_data()
    step = Step(Run(recipe, data, device, 0), denoising, data, Processes(device))
    seconds = []
    for _ in range(4 + steps):
        begun = time.process_time()
        step(recipe.learning_rate)
        seconds.append(time.process_time() - begun)
    return statistics.median(seconds[4:])


@torch.no_grad()
def errors(denoise: Denoiser, count: int = SAMPLES) -> dict[str, float]:
    """The mean squared error of x_0 on held-out images at each noise level sigma/alpha; the same noise for all."""
    x0, labels = load_data("mnist", split="test").batch(torch.arange(count))
    eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(2))
    found, half = {}, in_precision(denoise, "bfloat16")
    for level in LEVELS:
        t = denoise.path.t_of_lam(-math.log(level))
        x = denoise.path.add_noise(x0, eps, t)
        parts = [half(part, t, y).x0 for part, y in zip(x.split(250), labels.split(250), strict=True)]
        found[f"error at {level:g}"] = round(float((torch.cat(parts) - x0).square().mean()), 5)
    return found


def run(candidate: str, seed: int, budget: int, relative_cost: float) -> dict[str, Any]:
    """Train one candidate in the time in which the recipe sees `budget` images, and measure what it samples."""
    recipe = recipe_of(candidate, round(budget / relative_cost))
    begun = time.process_time()
    *_, record = tqdm(train(recipe, recipe.load_data(), device="cpu", seed=seed), desc=candidate, leave=False)
    seconds = time.process_time() - begun
    settings = Settings("dpm_solver_pp_2m", 10, precision="bfloat16")
    judged: dict[str, Any] = {"evaluator": evaluators.of_images("mnist"), "metrics": ("frechet", "adherence")}
    scores = measure(record.denoiser(), settings, samples=SAMPLES, repeats=0, seed=1, **judged).quality
    figures = {name: round(scores[name].value, 4) for name in ("frechet", "adherence")}
    figures["floor"] = round(scores["frechet"].floor, 2)
    row = {"candidate": candidate, "seed": seed, "budget": budget, "images": record.images, "cost": relative_cost}
    known = machine.describe(torch.device("cpu"))
    told = {name: known[name] for name in ("device", "torch", "version")}
    return {**row, **figures, **errors(record.denoiser()), "cpu_seconds": round(seconds), "samples": SAMPLES, **told}


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, with the standard deviation of a run if there are several; the nearest to real images first."""
    errors = {f"error at {level:g}": f"1000 x error at {level:g}" for level in LEVELS}
    figures = rows[["frechet"]].rename(columns={"frechet": "Fréchet distance"})
    figures["adherence, %"] = 100 * rows["adherence"]
    figures = figures.assign(**{told: 1000 * rows[name] for name, told in errors.items()})
    grouped = figures.groupby(rows["candidate"])
    means = grouped.mean().sort_values("Fréchet distance")
    spreads = grouped.std().loc[means.index]
    told = {name: [with_spread(*pair) for pair in zip(means[name], spreads[name], strict=True)] for name in means}
    images = rows.groupby("candidate")["images"].mean()[means.index]
    counts = {"seeds": grouped.size()[means.index], "images": [f"{round(each):,}" for each in images]}
    return pd.DataFrame({**counts, **told}, index=means.index)


def main() -> None:
    arguments = options(__doc__, CANDIDATES, 20_000, 1, "mnist_race.json").parse_args()
    torch.set_num_threads(1)
    costs: dict[Any, float] = {}
    for seed in range(arguments.seeds):
        for candidate in arguments.only or CANDIDATES:
            if is_kept(read(arguments.out), dict(zip(KEY, (candidate, seed, arguments.images), strict=True))):
                continue
            for each in ("v", candidate):
                network = recipe_of(each, 1).network
                costs[network] = costs.get(network) or cost(each)
            relative = costs[recipe_of(candidate, 1).network] / costs[recipe_of("v", 1).network]
            row = run(candidate, seed, arguments.images, round(relative, 3))
            print(
                pd.DataFrame([row]).drop(columns=["device", "torch", "version"]).to_string(header=seed == 0), flush=True
            )
            keep(arguments.out, row, KEY)
    rows = read(arguments.out)
    rows = rows[rows["budget"] == arguments.images]
    told = (
        f"{arguments.images:,} images of the recipe, or as many as another network sees in that time; {SAMPLES:,} "
        f"samples, floor {rows['floor'].max():.2f}; mean ± standard deviation of a run"
    )
    print(told, table(rows).to_string(), sep="\n")
    if arguments.write:
        page.write([told, "", *markdown(table(rows).reset_index())], "the MNIST race")


if __name__ == "__main__":
    main()

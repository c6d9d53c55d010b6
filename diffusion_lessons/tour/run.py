"""The tour from beginning to end, one function a station."""

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.data import Data, load_data
from diffusion_lessons.denoisers import Denoiser, count_calls
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.sampling import Settings, generate, states
from diffusion_lessons.tour import pictures, report
from diffusion_lessons.tour.judge import Judge
from diffusion_lessons.tour.pictures import starting_noise
from diffusion_lessons.toys.worked_example import worked_example
from diffusion_lessons.training import loop, recipes

SCALES = (0.0, 1.0, 3.0, 7.5, 15.0)
WANTED, AVOIDED = 8, 3  # the negative example: an 8 that is not a 3


@dataclass(frozen=True)
class Plan:
    """How much is done: images seen in training, samples of each sampler, and how many a batch holds."""

    images: int
    samples: int
    batch: int

    @classmethod
    def of(cls, fast: bool) -> "Plan":
        return cls(images=6_400, samples=20, batch=10) if fast else cls(images=64_000, samples=200, batch=50)


def run(
    out: str | Path = "runs/tour", *, fast: bool = False, seed: int = 0, device: str | torch.device | None = None
) -> Path:
    """Make the tour and return its page, `out`/index.html; pictures, the table and the network are beside it."""
    out, plan = Path(out), Plan.of(fast)
    out.mkdir(parents=True, exist_ok=True)
    table = worked_example()
    print("Three steps by hand (x is one number, the data are -1 or +1):\n")
    print(table.round(4).to_string(index=False), "\n")

    judge = Judge.of(load_data("digits"))
    denoise, training = _train(plan, out, seed, device)
    rows, shown = _compare(denoise, judge, plan, seed)
    results = pd.DataFrame(rows)
    print("\n" + report.readable(results).to_string(index=False))

    pictures.side_by_side(shown, out / "samples.png")
    pictures.denoising(denoise, seed, out / "denoising.png")
    pictures.mixture(seed, out / "mixture.png")
    guided = _guided(denoise, judge, seed, out)
    negative = _negative(denoise, judge, 10 if fast else 40, seed, out)
    write_atomically(out / "results.csv", results.to_csv(index=False).encode())
    numbers = {"training": training, "guidance": guided, "negative": negative, "fast": fast, "seed": seed}
    write_atomically(out / "results.json", json.dumps(numbers, indent=2).encode())
    page = report.write(out, table, results, numbers)
    print(f"\nOpen {page} to look at all of it.")
    return page


def _train(plan: Plan, out: Path, seed: int, device: str | torch.device | None) -> tuple[Denoiser, dict]:
    """A class-conditional U-Net, from random weights, on the 8x8 digits and their smudged copies."""
    recipe = recipes.get("digits", images=plan.images)
    with tqdm(total=plan.images, unit="image", desc="training") as bar:
        for record in loop.train(recipe, recipe.load_data(), device=device, seed=seed):
            bar.update(record.images - bar.n)
            bar.set_postfix(loss=f"{record.loss:.3f}")
    loop.finish(record, out, command="diffusion-lessons tour")
    training = {"images": record.images, "seconds": round(record.seconds, 1), "loss": round(record.loss, 4)}
    return record.denoiser(), training


def _settings() -> Iterator[tuple[str, int]]:
    yield "ddpm", 1000
    for steps in (50, 20, 10, 5):
        yield "ddim", steps


def _compare(denoise: Denoiser, judge: Judge, plan: Plan, seed: int) -> tuple[list[dict], dict[str, Tensor]]:
    """One row and ten pictures for each sampler, all from the same starting noise and for the same labels."""
    labels = torch.arange(plan.samples) % 10
    settings = list(_settings())
    evaluations = sum(steps for _, steps in settings) * plan.samples
    rows, shown = [], {}
    with tqdm(total=evaluations, unit="evaluation", unit_scale=True, desc="sampling") as bar:
        for name, steps in settings:
            samples, seconds, nfe = _sample(denoise, labels, name, steps, plan.batch, seed, bar)
            q1, median, q3 = np.percentile(seconds, [25, 50, 75])
            rows.append(
                {
                    "sampler": name,
                    "steps": steps,
                    "NFE": nfe,
                    "seconds per image": median,
                    "spread": q3 - q1,
                    "recognised": judge.recognised(samples, labels),
                    "Frechet distance": judge.distance(samples),
                }
            )
            shown[f"{name}, {steps} steps"] = samples[:10]
    real = load_data("digits", "test")
    pick = _balanced(real, plan.samples)
    rows.append(
        {
            "sampler": "real digits (the floor)",
            "recognised": judge.recognised(real.images[pick], real.labels[pick]),
            "Frechet distance": judge.distance(real.images[pick]),
        }
    )
    return rows, shown


def _sample(
    denoise: Denoiser, labels: Tensor, name: str, steps: int, batch: int, seed: int, bar: tqdm
) -> tuple[Tensor, list[float], int]:
    """Samples, seconds per image of each batch (after one step to warm up), and the evaluations a sample cost."""
    settings, start = Settings(name, steps), starting_noise(denoise, len(labels), seed)
    generator, counted = torch.Generator().manual_seed(seed), count_calls(denoise)
    bar.set_postfix_str(f"{name}, {steps} steps")
    next(states(counted, start[:batch], settings, labels[:batch], torch.Generator()))
    before, samples, seconds = counted.nfe, [], []
    for x, wanted in zip(start.split(batch), labels.split(batch), strict=True):
        began = time.perf_counter()
        for state in states(counted, x, settings, wanted, generator):
            bar.update(len(state.x))
            last = state.x
        samples.append(last.cpu())
        seconds.append((time.perf_counter() - began) / len(x))
    return torch.cat(samples), seconds, round((counted.nfe - before) / len(seconds))


def _balanced(real: Data, count: int) -> Tensor:
    """Indices of `count` real images, the classes in turn as far as they go: the mixture that the samples have."""
    queues = [torch.nonzero(real.labels == c)[:, 0].tolist() for c in range(10)]
    turns = itertools.chain.from_iterable(zip(*(queue[: min(map(len, queues))] for queue in queues), strict=True))
    return torch.tensor(list(itertools.islice(turns, count)))


def _guided(denoise: Denoiser, judge: Judge, seed: int, out: Path) -> list[dict]:
    """The ten digits at each guidance scale, from one starting noise, drawn and judged."""
    labels = torch.arange(10)
    rows, shown = [], {}
    for scale in SCALES:
        samples = _drawn(denoise, 10, seed, labels=range(10), scale=scale)
        shown[f"s = {scale:g}"] = samples
        rows.append({"scale": scale, "recognised": judge.recognised(samples, labels)})
    pictures.side_by_side(shown, out / "guidance.png")
    return rows


def _negative(denoise: Denoiser, judge: Judge, count: int, seed: int, out: Path) -> dict[str, float]:
    """8s plain, and 8s pushed away from 3: the classifier's mean probability of a 3 before and after."""
    plain = _drawn(denoise, count, seed, labels=[WANTED])
    pushed = _drawn(denoise, count, seed, labels=[WANTED], scale=3.0, negative=AVOIDED)
    pictures.side_by_side(
        {f"{WANTED}, plain": plain[:10], f"{WANTED}, not {AVOIDED}": pushed[:10]}, out / "negative.png"
    )
    before, after = (judge.probabilities(samples).mean(axis=0) for samples in (plain, pushed))
    return {
        "taken for a 3 before": float(before[AVOIDED]),
        "taken for a 3 after": float(after[AVOIDED]),
        "taken for an 8 before": float(before[WANTED]),
        "taken for an 8 after": float(after[WANTED]),
    }


def _drawn(denoise: Denoiser, count: int, seed: int, **how: Any) -> Tensor:
    """`count` samples by `generate`'s 20 steps of DDIM, on the CPU; `how` are its labels, scale and negative."""
    return generate(denoise, count, seed=seed, **how)[-1].x.cpu()

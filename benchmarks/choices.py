"""What the recipes chose, head to head: prediction type, path and training times, at equal network, data and images.

    python -m benchmarks.choices [--recipe digits] [--images 50000] [--seeds 3] [--only v/cosine] [--write]

Each choice trains the recipe's network on the same images in the same order, `--images` of them, with the same noise;
what the choice does not name is the recipe's. All are sampled alike: 20 steps of DPM-Solver++(2M), evenly spaced in
lambda (a grid on which eps-prediction has an answer at every time), clipped, from the same noise. Runs are kept in
datasets/measurements/choices.json as they end; a run that is there is not repeated, so the command goes on where it
stopped and otherwise prints the table; `--write` puts it into docs/training_speed.md.
"""

import argparse
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm.auto import tqdm

from benchmarks import page
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.machine import description as machine
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.sampling import Settings
from diffusion_lessons.training import recipes
from diffusion_lessons.training.loop import train

LINEAR = {"path": "ddpm_linear", "T": 1000}
COSINE = {"path": "cosine", "T": 1000}
CHOICES: dict[str, dict[str, Any]] = {
    "v/cosine": {"path": COSINE, "predicts": "v"},
    "eps/cosine": {"path": COSINE, "predicts": "eps"},
    "x0/cosine": {"path": COSINE, "predicts": "x0"},
    "v/linear": {"path": LINEAR, "predicts": "v"},
    "eps/linear": {"path": LINEAR, "predicts": "eps"},
    "velocity/flow, logit-normal": {"kind": "flow"},
    "velocity/flow, uniform": {"kind": "flow", "times": "uniform"},
}
KEY = ["recipe", "choice", "seed", "images"]
SAMPLES = 1000  # of each run and scale, or as many as images are held out


def run(name: str, choice: str, seed: int, images: int) -> dict[str, Any]:
    """Train one choice in the recipe of this name and measure what it samples, without and with guidance."""
    recipe = recipes.get(name, images=images, **CHOICES[choice])
    steps = tqdm(train(recipe, recipe.load_data(), device="cpu", seed=seed), desc=f"{choice}, seed {seed}", leave=False)
    *_, record = steps
    evaluator = evaluators.of_images(recipe.data)
    count = min(SAMPLES, len(evaluator.held_out.features))
    row = {"recipe": name, "choice": choice, "seed": seed, "images": record.images, "samples": count}
    for scale in (1.0, 2.0):
        settings = Settings("dpm_solver_pp_2m", 20, spacing="logsnr", scale=scale)
        options: dict[str, Any] = {
            "evaluator": evaluator,
            "samples": count,
            "metrics": ("frechet", "adherence"),
            "repeats": 0,
        }
        scores = measure(record.denoiser(), settings, **options).quality
        row |= {f"adherence at {scale:g}": scores["adherence"].value, f"frechet at {scale:g}": scores["frechet"].value}
    known = machine.describe(torch.device("cpu"))
    return {**row, "floor": scores["frechet"].floor, **{name: known[name] for name in ("device", "torch", "version")}}


def read(file: Path) -> pd.DataFrame:
    """The runs that were kept."""
    return pd.read_json(file) if file.is_file() else pd.DataFrame()


def is_kept(rows: pd.DataFrame, key: Mapping[str, Any]) -> bool:
    """Whether there is a run with these entries."""
    return len(rows) > 0 and bool((rows[list(key)] == list(key.values())).all(axis=1).any())


def keep(file: Path, row: dict[str, Any], order: Sequence[str]) -> None:
    """Add a run to those in a file, another process's among them, and write them in this order of columns."""
    rows, new = read(file), pd.DataFrame([row])
    rows = pd.concat([rows, new], ignore_index=True) if len(rows) else new
    write_atomically(file, f"{rows.sort_values(list(order)).to_json(orient='records', indent=1)}\n".encode())


def options(about: str | None, candidates: Iterable[str], images: int, seeds: int, out: str) -> argparse.ArgumentParser:
    """The command line of a benchmark that trains candidates, and keeps its runs in datasets/measurements/OUT."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=images, help="that each run sees")
    parser.add_argument("--seeds", type=int, default=seeds, help="runs of each candidate")
    parser.add_argument("--only", action="append", choices=list(candidates), help="one candidate; repeatable")
    parser.add_argument("--write", action="store_true", help=f"put the table into {page.PAGE.name}")
    parser.add_argument("--out", type=Path, default=places.measurements() / out)
    return parser


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds, with the standard deviation of a run if there are several; the nearest to the floor first."""
    figures = rows[["adherence at 1", "adherence at 2"]].mul(100).round(1)
    for scale in (1, 2):
        figures[f"frechet - floor at {scale}"] = rows[f"frechet at {scale}"] - rows["floor"]
    grouped = figures.groupby(rows["choice"])
    mean, spread = grouped.mean(), grouped.std()
    text = {name: [with_spread(*each) for each in zip(mean[name], spread[name], strict=True)] for name in mean}
    return pd.DataFrame({"seeds": grouped.size(), **text}, index=mean.index).loc[mean.iloc[:, 2].sort_values().index]


def with_spread(mean: float, spread: float) -> str:
    """A mean and the standard deviation of a run, if there were several."""
    return f"{mean:.2f}" if math.isnan(spread) else f"{mean:.2f} ± {spread:.2f}"


def markdown(rows: pd.DataFrame) -> list[str]:
    """A table's lines as Markdown."""
    lines = [list(rows.columns), ["---"] * len(rows.columns), *rows.to_numpy().tolist()]
    return ["| " + " | ".join(map(str, each)) + " |" for each in lines]


def main() -> None:
    parser = options(__doc__, CHOICES, 50_000, 3, "choices.json")
    parser.add_argument("--recipe", choices=recipes.names(), default="digits", help="in which a choice is tried")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images = -(-arguments.images // 64) * 64  # whole batches
    for seed in range(arguments.seeds):
        for choice in arguments.only or CHOICES:
            key = dict(zip(KEY, (arguments.recipe, choice, seed, images), strict=True))
            if not is_kept(read(arguments.out), key):
                keep(arguments.out, run(arguments.recipe, choice, seed, images), KEY)
    rows = read(arguments.out)
    shown = rows[(rows["recipe"] == arguments.recipe) & (rows["images"] == images)]
    told = (
        f"`{arguments.recipe}`: {images:,} images each, {shown['samples'].max()} samples; mean ± standard deviation of "
        "a run, adherence in %"
    )
    print(told, table(shown).to_string(), sep="\n")
    if arguments.write:
        page.write([told, "", *markdown(table(shown).reset_index())], f"the choices in {arguments.recipe}")


if __name__ == "__main__":
    main()

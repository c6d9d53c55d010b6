"""Four paradigms on the 8x8 digits, in one table: what each costs, and what it can do.

    python -m diffusion_lessons.benchmark.paradigms      # trains three and measures four: some minutes of a core

The autoregressive, the variational and the adversarial model are trained here (`training.paradigms`); the diffusion
model is the network that ships. All are told the same classes and are compared with the same held-out digits. None of
them is tuned to the end, and they differ in size: the table shows what kind of thing each is, and no winner.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.denoisers.clipping import clip
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.machine import description, places
from diffusion_lessons.machine.files import check_writable, read_json, write_atomically
from diffusion_lessons.metrics.evaluator import Evaluator, of_images
from diffusion_lessons.metrics.intervals import mean_of_draws
from diffusion_lessons.metrics.likelihood import bits_per_dimension
from diffusion_lessons.metrics.scores import Score, evaluate, scores_from_json
from diffusion_lessons.training.paradigms import RECIPES, fit

NAME = "digits-paradigms.json"
DIFFUSION, EVALUATIONS = "digits-diffusion", 20
METRICS = ("frechet", "recall", "coverage", "adherence", "variance")
SAMPLES, LEVEL, LIKELIHOOD_STEPS, SHOWN = 297, 0.04, 12, 10


class Row(NamedTuple):
    """One paradigm: its size, what training cost, passes to a sample, bits with their standard error, and scores.

    images, seconds    seen in training, and what that took
    bits               [mean, standard error] a pixel of held-out digits, None without a likelihood
    kind               of the likelihood: "exact", "bound" or "none"
    shown              ten samples, one a class, as lists of pixels
    """

    parameters: int
    images: int
    seconds: float
    passes: int
    kind: str
    bits: tuple[float, float] | None
    scores: dict[str, Score]
    shown: list[list[float]]


def measure(evaluator: Evaluator, train: Data, held_out: Data) -> dict[str, Row]:
    """Train and measure all four, in the order in which they were invented."""
    labels, found = evaluator.labels(SAMPLES, 0), {}
    assert labels is not None
    for name, recipe in RECIPES.items():
        model, images, seconds = fit(recipe, train)
        bits = model.bits(held_out.images, held_out.labels, _seeded())
        x, shown = model.sample(labels, _seeded()), model.sample(torch.arange(SHOWN), _seeded())
        size = sum(parameter.numel() for parameter in model.parameters())
        kind = "none" if bits is None else "exact" if name == "autoregressive" else "bound"
        found[name] = _row(size, images, seconds, model.passes, kind, bits, x, shown, labels, evaluator)
    return {**found, "diffusion": _diffusion(labels, evaluator, train, held_out)}


def _diffusion(labels: Tensor, evaluator: Evaluator, train: Data, held_out: Data) -> Row:
    network = checkpoints.load(DIFFUSION)
    path, shape, card = network.path, network.shape, cards.read_card(DIFFUSION)
    assert shape is not None

    def drawn(labels: Tensor) -> Tensor:
        x = path.prior((len(labels), *shape), _seeded())
        denoise = clip(condition_on(network, labels), 1.0)
        return samplers.sample(samplers.dpm_solver_pp_2m, denoise, x, path, path.grid(EVALUATIONS))

    last = path.t_of_lam(-torch.tensor(LEVEL, dtype=torch.float64).log().item())
    times = (path.T, *path.grid(LIKELIHOOD_STEPS, "logsnr", t_min=last)[1:])
    denoise = condition_on(network, held_out.labels)
    values = train.images.unique()
    bits = bits_per_dimension(denoise, held_out.images, path, times, values, generator=_seeded())
    cost = card["parameters"], card["images_seen"], card["training_seconds"]
    return _row(*cost, EVALUATIONS, "bound", bits, drawn(labels), drawn(torch.arange(SHOWN)), labels, evaluator)


def _row(
    parameters: int,
    images: int,
    seconds: float,
    passes: int,
    kind: str,
    bits: Tensor | None,
    x: Tensor,
    shown: Tensor,
    labels: Tensor,
    evaluator: Evaluator,
) -> Row:
    scores = evaluate(
        METRICS, evaluator.features_of(x, labels), evaluator.train, evaluator.held_out, floors=evaluator.floors
    )
    mean = None if bits is None else mean_of_draws(bits.tolist())
    of_bits = None if mean is None else (mean.n, mean.s)
    pixels = [[round(pixel, 3) for pixel in image.flatten().tolist()] for image in shown]
    plain = {name: score._replace(replicates=()) for name, score in scores.items()}
    return Row(parameters, images, seconds, passes, kind, of_bits, plain, pixels)


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def write(file: Path, rows: dict[str, Row]) -> None:
    """Keep the table, with where it was measured and on which network, as JSON."""
    plain = {
        name: {**row._asdict(), "scores": {metric: score._asdict() for metric, score in row.scores.items()}}
        for name, row in rows.items()
    }
    content: dict[str, Any] = {"checkpoint_sha256": cards.read_card(DIFFUSION)["sha256"], "rows": plain}
    content["where"] = description.describe(torch.device("cpu"))
    write_atomically(file, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def rows(file: Path | None = None) -> dict[str, Row]:
    """The table that ships, or another. Raises NotMeasured where there is none, ValueError for a damaged one."""
    file = file or places.measurements() / NAME
    if not file.is_file():
        raise NotMeasured(f"{file.name}, which `python -m diffusion_lessons.benchmark.paradigms` makes")
    try:
        entries = read_json(file)["rows"]
        return {name: Row(**{**entry, "scores": scores_from_json(entry["scores"])}) for name, entry in entries.items()}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file} does not hold the table of the paradigms ({error}): make it again") from error


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="another file than the one that ships")
    file = parser.parse_args(arguments).out or places.measurements() / NAME
    check_writable(file)
    found = measure(of_images("digits"), load_data("digits"), load_data("digits", split="test"))
    write(file, found)
    for name, row in found.items():
        bits = "none" if row.bits is None else f"{row.bits[0]:.2f}±{row.bits[1]:.2f}"
        figures = ", ".join(f"{metric} {score.value:.3f}±{score.spread:.3f}" for metric, score in row.scores.items())
        print(f"{name}: {row.parameters:,} weights, {row.seconds:.0f} s, {row.passes} passes, bits {bits}, {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

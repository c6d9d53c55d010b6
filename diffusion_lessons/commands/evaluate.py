"""`diffusion-lessons evaluate`: measure a checkpoint at its guidance scales and write the figures into its card."""

import shlex
from dataclasses import replace
from typing import Any

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.card import METRICS, TRIALS, best, entry, scales
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands.benchmark import line
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.machine.files import check_writable
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.sampling import Settings
from diffusion_lessons.training.base import as_text


def run_evaluation(
    checkpoint: str,
    samples: int | None = None,
    *,
    sampler: str | None = None,
    steps: int = 10,
    options: dict[str, Any] | None = None,
    batch: int = 50,
    precision: str = "float32",
    device: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure a checkpoint at its guidance scales, print each, and write the figures into its card; return them.

    samples: if None, as many as there are held-out images, and at most 10,000.
    sampler, steps, options: how to sample; without a sampler, the best candidate of `benchmark.card`, found on other
        noise.

    Raises ValueError for more samples than held-out images, of which the floor needs as many, and for a checkpoint that
    was replaced while it was measured, whose card is then left unchanged.
    """
    changes: dict[str, Any] = {"batch": batch, "precision": precision}
    Settings(**changes)  # refused before anything is loaded
    override = Settings(sampler, steps, options=options or {}) if sampler is not None else None
    denoise = checkpoints.load(checkpoint, choose_device(device))
    check_writable(cards.find(checkpoint).with_suffix(".json"))  # where the figures will be written
    card = denoise.card or {}
    evaluator = evaluators.of_images(evaluators.data_of(denoise))
    held_out = len(evaluator.held_out.features)
    count = samples if samples is not None else held_out
    if count > held_out:
        raise ValueError(
            f"the floor of {count} samples needs as many held-out images, and there are {held_out}: ask for at most "
            f"{held_out} samples"
        )
    rows: list[Measurement] = []
    for scale in scales(card):
        trials = min(TRIALS, count)
        settings = override or best(denoise, evaluator, scale, samples=trials, seed=seed + 1, **changes)
        settings = replace(settings, scale=scale, **changes)
        how: dict[str, Any] = {"evaluator": evaluator, "metrics": METRICS, "samples": count, "seed": seed}
        rows.append(measure(denoise, settings, repeats=0, progress=True, **how))
        print(line(rows[-1]), flush=True)
    if cards.read_card(checkpoint)["sha256"] != card["sha256"]:
        raise ValueError(f"{checkpoint} was replaced while it was measured: its card is left unchanged; measure again")
    evaluation = entry(rows, _command(checkpoint, samples, override, batch, precision, seed))
    checkpoints.amend(checkpoint, evaluation=evaluation)
    print(f"written to the card of {checkpoint}")
    return evaluation


def _command(
    checkpoint: str, samples: int | None, override: Settings | None, batch: int, precision: str, seed: int
) -> str:
    """The command line that repeats this measurement, for the card."""
    words = ["diffusion-lessons", "evaluate", checkpoint]
    if samples is not None:
        words += ["--samples", str(samples)]
    if override is not None:
        words += ["--sampler", override.sampler, "--steps", str(override.steps)]
        words += [word for name, value in override.options.items() for word in ("-o", f"{name}={as_text(value)}")]
    return shlex.join([*words, "--batch", str(batch), "--precision", precision, "--seed", str(seed)])

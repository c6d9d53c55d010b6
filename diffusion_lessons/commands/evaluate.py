"""`diffusion-lessons evaluate`: measure a checkpoint at its guidance scales and write the figures into its card."""

from dataclasses import replace
from typing import Any

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import card as best
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands.benchmark import line
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.sampling import Settings


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

    samples: as many as there are held-out images if None, 10,000 at most.
    sampler, steps, options: how to sample; without a sampler the best candidate of `benchmark.card`, chosen on other
        noise.

    Raises ValueError for more samples than held-out images, which the floor needs, and for a checkpoint that was
    replaced while it was measured; its card is then left as it is.
    """
    denoise = checkpoints.load(checkpoint, choose_device(device))
    card = denoise.card or {}
    evaluator = evaluators.of_images(card["data"]["name"])
    held_out = len(evaluator.held_out.features)
    count = samples if samples is not None else held_out
    if count > held_out:
        raise ValueError(
            f"{count} samples were asked for, and the floor at that count needs as many held-out images: there are "
            f"{held_out}; ask for at most {held_out}"
        )
    changes: dict[str, Any] = {"batch": batch, "precision": precision}
    chosen = Settings(sampler, steps, options=options or {}) if sampler is not None else None
    rows: list[Measurement] = []
    for scale in best.scales(card):
        trials = min(best.TRIALS, count)
        settings = chosen or best.best(denoise, evaluator, scale, samples=trials, seed=seed + 1, **changes)
        settings = replace(settings, scale=scale, **changes)
        how: dict[str, Any] = {"evaluator": evaluator, "metrics": best.METRICS, "samples": count, "seed": seed}
        rows.append(measure(denoise, settings, repeats=0, progress=True, **how))
        print(line(rows[-1]), flush=True)
    if cards.read_card(checkpoint)["sha256"] != card["sha256"]:
        raise ValueError(f"{checkpoint} was replaced while it was measured: its card is left as it is; measure again")
    entry = best.entry(rows, _command(checkpoint, samples, chosen, batch, precision, seed))
    checkpoints.amend(checkpoint, evaluation=entry)
    print(f"written to the card of {checkpoint}")
    return entry


def _command(
    checkpoint: str, samples: int | None, chosen: Settings | None, batch: int, precision: str, seed: int
) -> str:
    """The command line that measures this again, for the card."""
    words = ["diffusion-lessons evaluate", checkpoint]
    if samples is not None:
        words.append(f"--samples {samples}")
    if chosen is not None:
        words.append(f"--sampler {chosen.sampler} --steps {chosen.steps}")
        words += [f"-o {name}={value}" for name, value in chosen.options.items()]
    return " ".join([*words, f"--batch {batch} --precision {precision} --seed {seed}"])

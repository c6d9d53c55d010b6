"""A table of techniques with known outcomes: one better, one worse, one undecided, one faster than anything plain."""

import dataclasses

from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.checkpoints import cards
from tests.made import row

NAME = "digits-diffusion"
PLAIN = {2: (6.0, 4.0), 5: (3.0, 10.0), 10: (1.5, 20.0)}  # steps: (frechet, ms)
DONE = {
    ("int8",): (5, 3.02, 4.5),  # better than two steps, which take as long
    ("features every 3",): (10, 2.4, 15.0),  # undecided: below five steps by less than its spread
    ("1 block less",): (5, 3.6, 15.0),  # worse than five steps
    ("compiled",): (2, 6.0, 2.0),  # faster than any
}


def techniques() -> list[Measurement]:
    """Rows of quality and of latency at the batches 1 and 25."""
    sha256 = cards.read_card(NAME)["sha256"]
    rows = []
    for steps, (frechet, ms) in PLAIN.items():
        rows += _rows(row(NAME, "ddim", steps, frechet), ms, checkpoint_sha256=sha256)
    for done, (steps, frechet, ms) in DONE.items():
        spread = 2.0 if "features" in done[0] else 0.01
        base = row(f"{NAME}-{done[0]}", "ddim", steps, frechet, spread)
        own = {"checkpoint": NAME, "checkpoint_sha256": done[0], "parent_sha256": sha256, "techniques": done}
        rows += _rows(base, ms, **own)
    return rows


def _rows(base: Measurement, ms: float, **own: object) -> list[Measurement]:
    quality = dataclasses.replace(base, **own)  # type: ignore[arg-type]
    timed = [
        dataclasses.replace(
            quality,
            settings=base.settings.changed(batch=batch),
            samples=0,
            quality={},
            seconds_per_image=ms / 1000,
            seconds_q1=ms / 1000,
            seconds_q3=ms / 1000,
            seconds=(ms / 1000,) * 3,
            session=f"batch {batch}",
            repeats=5,
        )
        for batch in (1, 25)
    ]
    return [quality, *timed]

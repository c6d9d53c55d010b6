"""The settings that suit a checkpoint: its defaults, a search for the best, and the figures that its card keeps."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.plans import at_steps
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.sampling import Settings

METRICS = ("frechet", "adherence")
TRIALS = 1000  # samples drawn with each candidate
DIGITS = 4  # significant digits of a figure in a card
NOISY = {"options": {"eta": 1.0}}
CANDIDATES = [
    *at_steps("dpm_solver_pp_2m", 5, 10, 20),
    *at_steps("ddim", 5, 10, 20, **NOISY),
    *at_steps("dpm_solver_pp_2m_sde", 10, 20),
]


def default_settings(card: dict[str, Any], steps: int = 10) -> Settings:
    """DPM-Solver++(2M) in `steps` steps, clipped; for a few-step student the sampler and steps that its card names.

    A text-to-image network, which follows its sentence only if it is guided, gets a scale of 4.
    """
    student = card.get("distillation")
    if student:
        return Settings(student["sampler"], student["steps"])
    told = "parts" in card
    return Settings("dpm_solver_pp_2m", steps, scale=4.0 if told else 1.0)


def scales(card: dict[str, Any]) -> tuple[float, ...]:
    """The guidance scales at which a checkpoint is evaluated: 1 and 2, or 1 alone where guidance is in the weights."""
    return (1.0,) if card.get("distillation", {}).get("guidance") == "baked in" else (1.0, 2.0)


def best(
    denoise: Any, evaluator: Evaluator, scale: float = 1.0, *, samples: int = TRIALS, seed: int = 1, **changes: Any
) -> Settings:
    """The candidate with the smallest Fréchet distance at this scale; for a student, the settings of its card.

    `seed` should differ from that of the samples on which the winner is then measured: the smallest of several noisy
    distances is biased downwards, and fresh noise removes the bias. `changes` are set in every candidate, such as
    batch=50.
    """
    if denoise.card.get("distillation"):
        return replace(default_settings(denoise.card), scale=scale, **changes)

    def distance(candidate: Settings) -> float:
        row = measure(
            denoise,
            candidate,
            evaluator=evaluator,
            metrics=["frechet"],
            samples=samples,
            repeats=0,
            seed=seed,
            progress=True,
        )
        return row.quality["frechet"].value

    return min((replace(candidate, scale=scale, **changes) for candidate in CANDIDATES), key=distance)


def entry(rows: Sequence[Measurement], command: str) -> dict[str, Any]:
    """The `evaluation` of a card: the figures at each scale, the settings behind them, and the machine."""
    first = rows[0]
    fields = ("samples", "seed", "features", "features_sha256", "device", "threads", "torch", "version")
    return {
        "command": command,
        **{name: getattr(first, name) for name in fields},
        "scales": {f"{row.settings.scale:g}": _figures(row) for row in rows},
    }


def _figures(row: Measurement) -> dict[str, Any]:
    scores = {
        name: {
            part: float(f"{value:.{DIGITS}g}")
            for part, value in score._asdict().items()
            if part not in ("n", "replicates")
        }
        for name, score in row.quality.items()
    }
    return {"settings": asdict(row.settings), "nfe": row.nfe, **scores}

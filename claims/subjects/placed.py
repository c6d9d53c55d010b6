"""The same number of steps at other times: t = T (k / N)^p, crowded where noise is high (p < 1) or low (p > 1)."""

from typing import Any

import torch

from claims.images import FREEDOM, evaluator, paired
from claims.numbers import Number, excess_of, from_ufloat
from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.denoisers.clipping import clip
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.metrics.scores import evaluate

PLACES = {"crowded at low noise": 2.0, "crowded at high noise": 0.5}
STEPS, BATCH = 10, 100


def placed_times(T: float, steps: int, p: float, end: float = 0.0) -> tuple[float, ...]:
    """Times from T down to `end`, those between at end + (T - end) (k / N)^p."""
    return tuple(end + (T - end) * (k / steps) ** p for k in range(steps, -1, -1))


def placed_scores(network: str, samples: int) -> list[Number]:
    """Fréchet distances of ten DDIM steps at each place, and their excess over the even ones, in pairs."""
    denoise, judge = checkpoints.load(network), evaluator(network)
    labels = judge.labels(samples, 0)
    assert labels is not None  # networks with classes
    scores = {}
    for name, p in {"even": 1.0, **PLACES}.items():
        x = torch.cat([_drawn(denoise, part, p, seed) for seed, part in enumerate(labels.split(BATCH))])
        features = judge.features_of(x, labels)
        scores[name] = evaluate(["frechet"], features, judge.train, judge.held_out, floors=judge.floors)["frechet"]
    even = paired(scores["even"])
    return [
        *(excess_of(f"{name}: excess over even", paired(scores[name]), even, FREEDOM, samples) for name in PLACES),
        *(from_ufloat(f"{name}: frechet", paired(score), FREEDOM, samples) for name, score in scores.items()),
    ]


def _drawn(denoise: Any, labels: torch.Tensor, p: float, seed: int) -> torch.Tensor:
    path = denoise.path
    x = path.prior((len(labels), *denoise.shape), torch.Generator().manual_seed(seed))
    clipped = clip(condition_on(denoise, labels), 1.0)
    return samplers.sample(samplers.ddim, clipped, x, path, placed_times(path.T, STEPS, p))

"""What guidance does to a trained network: the shipped digits, judged by a classifier that had no part in training."""

from functools import lru_cache
from itertools import pairwise

import pytest
import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.metrics.adherence import adherence, diversity, out_of_range
from diffusion_lessons.metrics.features import features, probabilities
from diffusion_lessons.sampling import generate

NAME = "digits-diffusion"
LABELS = torch.arange(10).repeat(20)  # 20 of each digit
SCALES = (0.0, 1.0, 3.0, 7.5)

pytestmark = pytest.mark.skipif(NAME not in checkpoints.names(), reason=f"{NAME} does not ship")


@lru_cache(maxsize=1)
def measured():
    """Adherence, diversity and saturation at each scale, from one starting noise, nothing clipped while sampling."""
    denoise, rows = checkpoints.load(NAME), {}
    for scale in SCALES:
        options = {"labels": range(10), "scale": scale, "sampler": "dpm_solver_pp_2m", "limit": None}
        x = generate(denoise, len(LABELS), steps=10, **options)[-1].x
        seen = features(x.clamp(-1, 1), "digits")
        predicted = probabilities(seen, "digits").argmax(dim=1)
        rows[scale] = adherence(predicted, LABELS), diversity(seen, LABELS), out_of_range(x)
    return rows


def test_adherence_rises_with_the_scale():
    found = [measured()[scale][0] for scale in SCALES]
    assert found[0] < 0.3  # unconditional: one in ten by chance
    assert found[1] > 0.8
    spread = (0.25 / len(LABELS)) ** 0.5  # of a share, at most
    assert all(after > before - spread for before, after in pairwise(found))
    assert found[2] > 0.95


def test_diversity_falls_with_the_scale():
    """It falls to s = 3; beyond, saturated strokes differ by their excess and the figure stands still."""
    unconditional, conditional, guided, strong = (measured()[scale][1] for scale in SCALES)
    assert guided < 0.9 * conditional < 0.9 * unconditional
    assert strong < 0.9 * conditional


def test_saturation_rises_with_the_scale():
    found = [measured()[scale][2] for scale in SCALES[1:]]
    assert found == sorted(found) and found[-1] > 2 * found[0]


def test_a_negative_pushes_away():
    """8s that are not 3s: the classifier's mean probability of a 3 falls, and they remain 8s."""
    denoise = checkpoints.load(NAME)
    told = [{"scale": 1.0}, {"scale": 3.0, "negative": 3}]
    runs = [generate(denoise, 100, labels=[8], sampler="dpm_solver_pp_2m", steps=10, **each)[-1].x for each in told]
    plain, pushed = (probabilities(features(x.clamp(-1, 1), "digits"), "digits").mean(dim=0) for x in runs)
    assert pushed[3] <= plain[3] and pushed[8] > 0.9

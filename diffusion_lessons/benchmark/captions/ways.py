"""What votes are compared with: each way of sampling of the preference study by CLIP score, truth and distance."""

from collections.abc import Mapping
from typing import Any

from diffusion_lessons.benchmark.measure import quality_of, timed_samples
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.metrics.captions.adherence import followed_row
from diffusion_lessons.metrics.captions.choosing import mean_interval
from diffusion_lessons.metrics.captions.evaluator import of_captions
from diffusion_lessons.metrics.captions.system import rounded
from diffusion_lessons.metrics.intervals import interval
from diffusion_lessons.metrics.preference.pairs import WAYS
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.sampling import Settings

MEASURES = ("CLIP score", "all said", "Fréchet distance")


def measured_ways(
    denoise: CaptionDenoiser, contrastive: Contrastive, count: int, ways: Mapping[str, Settings] | None = None
) -> dict[str, dict[str, list[float]]]:
    """{way: {measure: [value, low, high]}}, each measure with its 95 % interval, from `count` sentences about scenes.

    The same sentences and the same noise for each way. "all said" is the truth: the share of pictures in which the
    judge finds all that their sentence says.
    """
    evaluator, table = of_captions(denoise), {}
    for way, settings in (WAYS if ways is None else ways).items():
        drawn = timed_samples(denoise, settings, count, evaluator=evaluator)
        assert drawn.labels is not None  # the sentences
        found = evaluator.features_of(drawn.x, drawn.labels)
        assert found.predicted is not None and found.labels is not None  # the judge gives both
        followed = followed_row("all said", count, int((found.predicted == found.labels).sum()))
        distance: Any = quality_of(found, evaluator, ["frechet"], 0)["frechet"]
        scores = contrastive.score(denoise.decode(drawn.x), drawn.labels)
        values = (mean_interval(scores), rounded(followed)[2:], [round(x, 5) for x in interval(distance.number)])
        table[way] = dict(zip(MEASURES, values, strict=True))
    return table

"""Ways of sampling by truth, CLIP score and distance: what votes are compared with, and what a scale buys and costs."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from diffusion_lessons.benchmark.measure import quality_of, timed_samples
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.data.captions.vocabulary import detokenize
from diffusion_lessons.metrics.captions.adherence import adherence, followed_row
from diffusion_lessons.metrics.captions.choosing import mean_interval
from diffusion_lessons.metrics.captions.evaluator import of_captions
from diffusion_lessons.metrics.captions.system import rounded
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.intervals import interval
from diffusion_lessons.metrics.preference.pairs import WAYS
from diffusion_lessons.metrics.samples import Features
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
        x, labels, found, distance = _judged(denoise, evaluator, settings, count)
        assert found.predicted is not None and found.labels is not None  # the judge gives both
        followed = followed_row("all said", count, int((found.predicted == found.labels).sum()))
        scores = contrastive.score(denoise.decode(x), labels)
        values = (mean_interval(scores), rounded(followed)[2:], distance)
        table[way] = dict(zip(MEASURES, values, strict=True))
    return table


def many_sentences(denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings) -> dict[str, list[float]]:
    """Adherence to `count` sentences about real scenes, attribute by attribute, and what it costs.

    "frechet": [distance from real scenes, low, high]; "excess": how far the decoder's pixels leave the range of the
    data before they are cut, their mean over all pixels with its interval.
    """
    evaluator = of_captions(denoise)
    x, labels, found, distance = _judged(denoise, evaluator, settings.changed(batch=128), count)
    assert found.values is not None
    mentions = [read(sentence) for sentence in detokenize(labels.cpu())]
    return {
        **{row.attribute: rounded(row) for row in adherence(mentions, judge(denoise.decode(x)))},
        "frechet": distance,
        "excess": mean_interval(found.values[:, 0]),
    }


def _judged(
    denoise: CaptionDenoiser, evaluator: Evaluator, settings: Settings, count: int
) -> tuple[Tensor, Tensor, Features, list[float]]:
    """Latents and their sentences, what is measured of them, and [distance from real scenes, low, high]."""
    drawn = timed_samples(denoise, settings, count, evaluator=evaluator)
    assert drawn.labels is not None  # the sentences
    found = evaluator.features_of(drawn.x, drawn.labels)
    distance: Any = quality_of(found, evaluator, ["frechet"], 0)["frechet"]
    return drawn.x, drawn.labels, found, [round(end, 5) for end in interval(distance.number)]

"""Choosing the best of several pictures by a score: what the score gains, and what the truth gains.

A score that is chosen by stops being a good measure (Goodhart 1975): here the CLIP score of the best of n rises with n
for certain, and whether more of the sentences are followed is counted by the judge.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.metrics.captions.adherence import agreement, followed_row, ink_leaks
from diffusion_lessons.metrics.captions.system import rounded
from diffusion_lessons.metrics.intervals import interval, mean_of_draws
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.sampling import Settings

COUNTS = (1, 2, 4, 8, 16)


def best_of(
    denoise: CaptionDenoiser,
    judge: Judge,
    contrastive: Contrastive,
    sentences: Sequence[str],
    settings: Settings = TEN_STEPS,
    counts: Sequence[int] = COUNTS,
) -> dict[str, dict[str, list[float]]]:
    """The best of the first n pictures of each sentence, by CLIP score: {"1": {...}, "2": {...}, ...}.

    Counts are followed, asked, share and the ends of its 95 % interval (Wilson); means are value, low, high.

    clip score           its mean over sentences
    followed             how often the chosen picture shows all that was said
    any followed         how often one of the n does, which no choice can exceed
    followed, gained     the share followed minus that of the first picture, paired by sentences
    followed, missed     the share of which one of the n follows, minus the share followed, paired as well
    ink leaked           how often the chosen one puts an ink on the wrong thing, of sentences that name two (left out
                         where none does)
    """
    most, mentions = max(counts), [read(sentence) for sentence in sentences]
    repeated = [sentence for sentence in sentences for _ in range(most)]
    pictures = draw(denoise, repeated, len(repeated), settings).pictures
    shown, each = judge(pictures), [mention for mention in mentions for _ in range(most)]
    followed = agreement(each, shown).all(dim=1).unflatten(0, (-1, most))  # [sentences, most]
    scores = contrastive.score(pictures, denoise.read_condition(repeated)).unflatten(0, (-1, most))
    rows = torch.arange(len(sentences))
    results: dict[str, Any] = {}
    for n in counts:
        best = scores[:, :n].argmax(dim=1)  # [sentences]
        right, could = followed[rows, best], followed[:, :n].any(dim=1)
        leaked = ink_leaks(mentions, shown.rows(rows * most + best))[0]
        results[str(n)] = {
            "clip score": mean_interval(scores[rows, best]),
            "followed": _counted(right),
            "any followed": _counted(could),
            "followed, gained": mean_interval(right.double() - followed[:, 0].double()),
            "followed, missed": mean_interval(could.double() - right.double()),
            **({"ink leaked": rounded(leaked)} if leaked.asked else {}),
        }
    return results


def mean_interval(values: Tensor) -> list[float]:
    """The mean of one number for each sentence, and the ends of its 95 % interval: [value, low, high]."""
    if len(values) == 1:
        return [round(float(values), 4), -math.inf, math.inf]
    return [round(value, 4) for value in interval(mean_of_draws(values.tolist()), freedom=math.inf)]


def _counted(right: Tensor) -> list[float]:
    return rounded(followed_row("followed", len(right), int(right.sum())))

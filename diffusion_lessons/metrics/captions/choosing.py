"""Choosing the best of several pictures by a score: what the score gains, and what the truth gains.

A score that is chosen by stops being a good measure (Goodhart 1975): here the CLIP score of the best of n rises with n
for certain, and whether more of the sentences are followed is counted by the judge.
"""

from collections.abc import Sequence
from typing import Any

import torch

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.metrics.captions.adherence import agreement, binding_errors
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
) -> dict[str, dict[str, float]]:
    """The best of the first n pictures of each sentence, by CLIP score: {"1": {...}, "2": {...}, ...}.

    "clip score": its mean over sentences; "followed": how often the chosen picture shows all that was said;
    "any followed": how often one of the n does, which no choice can exceed; "binding errors": how often the chosen one
    shows the two inks that were said at the wrong ends, of sentences that say two (left out where none does).
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
        bound = binding_errors(mentions, shown.rows(rows * most + best))
        results[str(n)] = {
            "clip score": round(float(scores[rows, best].mean()), 4),
            "followed": round(float(followed[rows, best].double().mean()), 4),
            "any followed": round(float(followed[:, :n].any(dim=1).double().mean()), 4),
            **({"binding errors": round(bound.share, 4)} if bound.asked else {}),
        }
    return results

"""What a negative does to pictures whose truth is known: is the unwanted gone, is the rest kept, what comes instead?

A negative "red" for "a seven" asks for sevens that are not red. The exact distribution of those is known: that of
sevens, without the red ones, renormalised (`law.Law.without`).
"""

from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions import law
from diffusion_lessons.data.captions.render import render
from diffusion_lessons.data.captions.scenes import draw_scenes
from diffusion_lessons.data.captions.sentences import draw_mentions, read
from diffusion_lessons.data.captions.strokes import Strokes
from diffusion_lessons.guidance.composition import Composed, compose
from diffusion_lessons.guidance.scales import Number, within
from diffusion_lessons.metrics.captions.adherence import ALL, adherence, agreement, followed_row
from diffusion_lessons.metrics.captions.system import (
    beside_exact,
    fresh_sentences,
    ink_shares,
    rounded,
    smudged_sentences,
)
from diffusion_lessons.metrics.frechet import Moments, frechet_between, moments
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.samplers.base import sample
from diffusion_lessons.samplers.dpm_solver_pp import dpm_solver_pp_2m
from diffusion_lessons.sampling import Settings

EVERYWHERE = (0.0, float("inf"))
WINDOWS = {  # noise levels sigma / alpha at which the negative is switched on
    "throughout": EVERYWHERE,
    "early": (1.0, float("inf")),
    "late": (0.0, 1.0),
}


def timed_negative(
    denoise: CaptionDenoiser, prompt: str, negative: str, scale: float, window: tuple[float, float] = EVERYWHERE
) -> Composed:
    """Guidance by `scale` at all noise levels, away from the negative inside the window and from nothing outside it.

        inside:   eps = eps_neg + s (eps_prompt - eps_neg),     outside:   eps = eps_null + s (eps_prompt - eps_null)

    An `interval` of `classifier_free` switches the whole guidance; this switches the negative alone.
    """
    inside = within(scale, *window)

    def away(level: Number) -> Number:
        return 1 - inside(level)

    return compose(denoise, [prompt, negative], [scale, away])


def negated(
    denoise: CaptionDenoiser,
    judge: Judge,
    count: int,
    scale: float,
    prompt: str = "a seven",
    negative: str | None = "red",
    window: tuple[float, float] = EVERYWHERE,
    seed: int = 0,
) -> dict[str, Any]:
    """`count` pictures of the prompt away from an ink: how many follow the prompt, and which inks they have.

    "unwanted": how many of all pictures have that ink; "followed": how many show what the prompt says; "ink": of
    those, [share of each ink, its share in the exact distribution without the unwanted]; "total variation" between the
    two. Without a negative the exact distribution is that of the prompt.
    """
    x = denoise.path.prior((count, *(denoise.shape or ())), torch.Generator().manual_seed(seed), device=denoise.device)
    if negative is None:
        guided = compose(denoise, [prompt], [scale])
    else:
        guided = timed_negative(denoise, prompt, negative, scale, window)
    times = denoise.path.grid(TEN_STEPS.steps, TEN_STEPS.spacing)
    shown = judge(denoise.decode(sample(dpm_solver_pp_2m, guided, x, denoise.path, times)))
    mention = read(prompt)
    followed = agreement([mention] * count, shown).all(dim=1)
    exact = law.posterior(mention)
    results: dict[str, Any] = {"followed": rounded(followed_row("followed", count, int(followed.sum())))}
    if negative is not None:
        unwanted = read(negative)
        exact = exact.without(unwanted)
        found = int(agreement([unwanted] * count, shown).all(dim=1).sum())
        results["unwanted"] = rounded(followed_row("unwanted", count, found))
    known = exact.marginal("ink")
    if followed.any():
        shares = ink_shares(shown.rows(followed))
        results["ink"] = beside_exact(shares, known)
        results["total variation"] = round(float((shares - known).abs().sum()) / 2, 4)
    return results


@torch.no_grad()
def real_moments(contrastive: Contrastive, strokes: Strokes, count: int = 4096, seed: int = 1) -> Moments:
    """Mean and covariance of the embeddings of real scenes whose sentence says nothing of smudges."""
    generator = torch.Generator().manual_seed(seed)
    scenes = draw_scenes(count, generator)
    silent = torch.tensor(["smudged" not in mention for mention in draw_mentions(scenes, generator)])
    pictures = render(scenes.rows(silent), strokes, generator)
    return moments(torch.cat([contrastive.embed_images(part) for part in pictures.split(512)]))


def default_negative(
    denoise: CaptionDenoiser,
    judge: Judge,
    contrastive: Contrastive,
    real: Moments,
    count: int,
    settings: Settings = TEN_STEPS,
    negative: str = "smudged",
) -> dict[str, Any]:
    """Fresh sentences that say nothing of smudges, drawn with and without one negative for all, from the same noise.

    For both: how many pictures are smudged, how many show all that was said, the mean CLIP score, and the Fréchet
    distance of their embeddings from those of real scenes (`real_moments`). "smudged minus": [pictures that only the
    negative made sharp, pictures that it made smudged], the pairs by which the two differ.
    """
    sentences = [sentence for sentence in fresh_sentences(2 * count) if "smudged" not in read(sentence)][:count]
    mentions, tokens = [read(sentence) for sentence in sentences], denoise.read_condition(sentences)
    results: dict[str, Any] = {}
    smudged = {}
    for name, away in (("without", None), ("with", negative)):
        pictures = draw(denoise, sentences, len(sentences), settings.changed(negative=away)).pictures
        shown = judge(pictures)
        smudged[name] = shown.smudged == 1
        results[name] = {
            "smudged": rounded(followed_row("smudged", len(sentences), int(smudged[name].sum()))),
            ALL: rounded(adherence(mentions, shown)[-1]),
            "clip score": round(float(contrastive.score(pictures, tokens).mean()), 4),
        }
        embedded = contrastive.embed_images(pictures).detach()
        if len(embedded) > embedded.shape[1]:
            results[name]["frechet"] = round(float(frechet_between(real, moments(embedded))), 5)
    results["smudged minus"] = _minus(smudged)
    return results


def against_what_is_asked(
    denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings = TEN_STEPS, negative: str = "smudged"
) -> dict[str, Any]:
    """Sentences that ask for what a default negative forbids, with and without it, from the same noise.

    For both: how many pictures are smudged, as they should be, and how many show all that was said. "all said minus":
    [pictures that only the negative spoiled, pictures that it mended].
    """
    sentences = smudged_sentences(count)
    mentions = [read(sentence) for sentence in sentences]
    results: dict[str, Any] = {}
    followed = {}
    for name, away in (("without", None), ("with", negative)):
        shown = judge(draw(denoise, sentences, count, settings.changed(negative=away)).pictures)
        rows = {row.attribute: rounded(row) for row in adherence(mentions, shown)}
        results[name] = {kept: rows[kept] for kept in ("smudged", ALL)}
        followed[name] = agreement(mentions, shown).all(dim=1)
    return {**results, "all said minus": _minus(followed)}


def _minus(shown: dict[str, Tensor]) -> list[int]:
    """The pairs that differ: in which only the picture without the negative shows it, and only the one with it."""
    return [int((shown[a] & ~shown[b]).sum()) for a, b in (("without", "with"), ("with", "without"))]

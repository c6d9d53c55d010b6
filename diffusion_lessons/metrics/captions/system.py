"""What the whole text-to-image system reaches, counted by the judge against the known truth."""

from typing import Any

import torch

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions.scenes import HELD_OUT_DIGITS, HELD_OUT_SHAPES, INKS, draw_scenes
from diffusion_lessons.data.captions.sentences import Mention, draw_mentions, draw_sentences, read, write
from diffusion_lessons.metrics.captions.adherence import Followed, adherence, binding_errors
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.sampling import Settings


def fresh_sentences(count: int, seed: int = 1) -> list[str]:
    """Sentences about scenes as training has them."""
    generator = torch.Generator().manual_seed(seed)
    return draw_sentences(draw_mentions(draw_scenes(count, generator), generator), generator)


def follow_sentences(
    denoise: CaptionDenoiser, judge: Judge, contrastive: Contrastive, count: int, settings: Settings = TEN_STEPS
) -> dict[str, Any]:
    """Adherence to `count` sentences about scenes as training has them, binding errors, and the mean CLIP score."""
    sentences = fresh_sentences(count)
    mentions = [read(sentence) for sentence in sentences]
    pictures = draw(denoise, sentences, count, settings).pictures
    seen = judge(pictures)
    rows = {row.attribute: _rounded(row) for row in adherence(mentions, seen)}
    score = float(contrastive.score(pictures, denoise.read_condition(sentences)).mean())
    return {**rows, "binding errors": _rounded(binding_errors(mentions, seen)), "clip score": round(score, 4)}


def red_sevens(denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings = TEN_STEPS) -> dict[str, Any]:
    """Of pictures of "a seven" that show one, how many are red? In the scenes it is 0.8."""
    seen = judge(draw(denoise, "a seven", count, settings).pictures)
    seen = seen.rows(seen.digit == 7)
    red: Mention = {"ink": INKS.index("red")}
    return {row.attribute: _rounded(row) for row in adherence([red] * seen.size, seen)[:1]} if seen.size else {}


def held_out(denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings = TEN_STEPS) -> dict[str, Any]:
    """Adherence to pairs that no training scene shows: digit and ink, and shape and ink of the object."""
    pairs: list[Mention] = [{"digit": digit, "ink": ink} for digit, ink in sorted(HELD_OUT_DIGITS)]
    shapes: list[Mention] = [{"shape": shape, "shape_ink": ink} for shape, ink in sorted(HELD_OUT_SHAPES)]
    results = {}
    for name, kinds in (("digits", pairs), ("shapes", shapes)):
        mentions = [kinds[i % len(kinds)] for i in range(count)]
        sentences = [write(mention) for mention in mentions]
        seen = judge(draw(denoise, sentences, count, settings).pictures)
        results[name] = {row.attribute: _rounded(row) for row in adherence(mentions, seen)}
    return results


def _rounded(row: Followed) -> list[float]:
    """followed, asked, share, and the ends of its interval."""
    return [row.followed, row.asked, *(round(value, 4) for value in (row.share, row.low, row.high))]

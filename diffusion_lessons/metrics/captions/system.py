"""What the whole text-to-image system reaches, counted by the judge against the known truth."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from diffusion_lessons import checkpoints
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import PARTS, beside, load_contrastive, load_judge
from diffusion_lessons.data.captions import law
from diffusion_lessons.data.captions.scenes import HELD_OUT_DIGITS, HELD_OUT_SHAPES, INKS, Scenes, draw_scenes
from diffusion_lessons.data.captions.sentences import Mention, draw_mentions, draw_sentences, read, write
from diffusion_lessons.metrics.captions.adherence import (
    Followed,
    adherence,
    agreement,
    ink_leaks,
    names_two_inks,
    unsaid_entropy,
)
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.sampling import Settings


class Measured(NamedTuple):
    """A text-to-image denoiser, and what measures it."""

    denoise: CaptionDenoiser
    judge: Judge
    contrastive: Contrastive


def load_measured(file: str | Path) -> Measured:
    """The denoiser of a file, with the judge and the contrastive pair that lie beside it, or in the package.

    Raises what `checkpoints.load` raises, ValueError for a file that is no text-to-image denoiser.
    """
    file = cards.find(file)
    denoise = checkpoints.load(file)
    if not isinstance(denoise, CaptionDenoiser):
        raise ValueError(f"{file} is no denoiser of the text-to-image system: give captions-diffusion or captions-flow")
    judge, contrastive = load_judge(beside(file, "captions-judge")), load_contrastive(beside(file, PARTS["text"]))
    return Measured(denoise, judge, contrastive)


def fresh_sentences(count: int, seed: int = 1) -> list[str]:
    """Sentences about scenes as training has them."""
    generator = torch.Generator().manual_seed(seed)
    return draw_sentences(draw_mentions(draw_scenes(count, generator), generator), generator)


def two_ink_sentences(count: int, seed: int = 1) -> list[str]:
    """Those of fresh sentences that name an ink of the digit and another of the object: about one in fifteen."""
    return _those(names_two_inks, count, seed)


def smudged_sentences(count: int, seed: int = 1) -> list[str]:
    """Those of fresh sentences that ask for a smudge and for something else: about one in twenty."""
    return _those(lambda mention: "smudged" in mention and len(mention) > 1, count, seed)


def _those(wanted: Callable[[Mention], bool], count: int, seed: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        found += [sentence for sentence in fresh_sentences(1000, seed) if wanted(read(sentence))]
        seed += 1
    return found[:count]


def follow_sentences(
    denoise: CaptionDenoiser, judge: Judge, contrastive: Contrastive, count: int, settings: Settings = TEN_STEPS
) -> dict[str, Any]:
    """Adherence to `count` sentences about scenes as training has them, leaked inks, and the mean CLIP score."""
    return _followed(denoise, judge, contrastive, fresh_sentences(count), settings)


def two_inks(
    denoise: CaptionDenoiser, judge: Judge, contrastive: Contrastive, count: int, settings: Settings = TEN_STEPS
) -> dict[str, Any]:
    """The same of sentences that all name two different inks: does each end up on its own thing?"""
    return _followed(denoise, judge, contrastive, two_ink_sentences(count), settings)


def _followed(
    denoise: CaptionDenoiser, judge: Judge, contrastive: Contrastive, sentences: list[str], settings: Settings
) -> dict[str, Any]:
    count = len(sentences)
    mentions = [read(sentence) for sentence in sentences]
    pictures = draw(denoise, sentences, count, settings).pictures
    seen = judge(pictures)
    rows = {row.attribute: rounded(row) for row in (*adherence(mentions, seen), *ink_leaks(mentions, seen))}
    score = float(contrastive.score(pictures, denoise.read_condition(sentences)).mean())
    return {**rows, "clip score": round(score, 4)}


def red_sevens(denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings = TEN_STEPS) -> dict[str, Any]:
    """Of pictures of "a seven" that show one, how many are red? In the scenes it is 0.8."""
    seen = judge(draw(denoise, "a seven", count, settings).pictures)
    seen = seen.rows(seen.digit == 7)
    red: Mention = {"ink": INKS.index("red")}
    return {row.attribute: rounded(row) for row in adherence([red] * seen.size, seen)[:1]} if seen.size else {}


def held_out(denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings = TEN_STEPS) -> dict[str, Any]:
    """Adherence to pairs that no training scene shows: digit and ink, and shape and ink of the object."""
    return _of_both(denoise, judge, count, settings, sorted(HELD_OUT_DIGITS), sorted(HELD_OUT_SHAPES))


def seen(denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings = TEN_STEPS) -> dict[str, Any]:
    """The same of all other pairs, which training showed: what the held-out ones are compared with.

    Sevens are left out, since four in five are red.
    """
    digits = [(d, ink) for d in range(10) for ink in range(6) if d != 7 and (d, ink) not in HELD_OUT_DIGITS]
    shapes = [(shape, ink) for shape in range(1, 4) for ink in range(6) if (shape, ink) not in HELD_OUT_SHAPES]
    return _of_both(denoise, judge, count, settings, digits, shapes)


def left_open(
    denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings = TEN_STEPS, sentence: str = "a seven"
) -> dict[str, Any]:
    """What pictures of one sentence show of what it leaves open, beside the exact distribution.

    "followed": how many show all that was said; of these, "ink": [share of each ink, exact share], and "entropy":
    {attribute: [bits in the pictures, exact bits]}, both left out where fewer than two pictures follow the sentence.
    "ink of all": the same shares among all pictures, whether they follow or not. Where it differs from "ink", pictures
    of some inks follow more often than those of others.
    """
    mention = read(sentence)
    exact = law.posterior(mention)
    shown = judge(draw(denoise, sentence, count, settings).pictures)
    right = agreement([mention] * count, shown).all(dim=1)
    results: dict[str, Any] = {"followed": [int(right.sum()), count]}
    results["ink of all"] = beside_exact(ink_shares(shown), exact.marginal("ink"))
    shown = shown.rows(right)
    if shown.size < 2:
        return results
    results["ink"] = beside_exact(ink_shares(shown), exact.marginal("ink"))
    entropies = unsaid_entropy(mention, shown).items()
    results["entropy"] = {name: [round(bits, 4), round(known, 4)] for name, (bits, known) in entropies}
    return results


def ink_shares(shown: Scenes) -> Tensor:
    """The share of each ink, [6] float64."""
    return law.count(shown, "ink").double() / shown.size


def beside_exact(shares: Tensor, known: Tensor) -> dict[str, list[float]]:
    """{ink: [its share, its exact share]}."""
    inks = zip(INKS, shares.tolist(), known.tolist(), strict=True)
    return {ink: [round(share, 4), round(exact, 4)] for ink, share, exact in inks}


Pairs = Sequence[tuple[int, int]]


def _of_both(
    denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings, digits: Pairs, shapes: Pairs
) -> dict[str, Any]:
    return {
        "digits": _pairs(denoise, judge, count, settings, ("digit", "ink"), digits),
        "shapes": _pairs(denoise, judge, count, settings, ("shape", "shape_ink"), shapes),
    }


def _pairs(
    denoise: CaptionDenoiser,
    judge: Judge,
    count: int,
    settings: Settings,
    names: tuple[str, str],
    values: Pairs,
) -> dict[str, Any]:
    """Adherence to sentences of two attributes each, asked for in turn."""
    kinds: list[Mention] = [dict(zip(names, pair, strict=True)) for pair in values]
    mentions = [kinds[i % len(kinds)] for i in range(count)]
    shown = judge(draw(denoise, [write(mention) for mention in mentions], count, settings).pictures)
    return {row.attribute: rounded(row) for row in adherence(mentions, shown)}


def rounded(row: Followed) -> list[float]:
    """followed, asked, share, and the ends of its interval."""
    return [row.followed, row.asked, *(round(value, 4) for value in (row.share, row.low, row.high))]

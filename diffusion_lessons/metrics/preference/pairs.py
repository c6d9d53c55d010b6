"""The pairs of a preference study: one sentence and one noise, sampled in two ways."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.metrics.captions.adherence import agreement
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.sampling import Settings

WAYS: dict[str, Settings] = {
    "scale 1": TEN_STEPS.changed(scale=1.0),
    "scale 4": TEN_STEPS,
    "scale 8": TEN_STEPS.changed(scale=8.0),
    "scale 4, DDIM": TEN_STEPS.changed(sampler="ddim"),
    "scale 4, not smudged": TEN_STEPS.changed(negative="smudged"),
}
SENTENCES = (
    "a thick red seven",
    "a thin blue three leaning left",
    "a green eight and an orange disc",
    "a purple four on white",
    "a cyan nine with a red square",
    "an orange two",
    "a bold zero on black",
    "a blue six and a green cross top right",
)


class Pair(NamedTuple):
    """Two ways of sampling one sentence from one noise; `name` is the same for everybody who sees it."""

    name: str
    sentence: str
    first: str
    second: str
    seed: int


def study_pairs(
    sentences: Sequence[str] = SENTENCES, ways: Sequence[str] = tuple(WAYS), each: int = 4, seed: int = 0
) -> list[Pair]:
    """Pairs for each two ways, `each` of them, sentences in turn; the same for everybody, so that votes can be merged.

    Raises ValueError for fewer than two ways or no sentence.
    """
    if len(set(ways)) < 2 or not sentences or each < 1:
        raise ValueError(f"{len(set(ways))} ways, {len(sentences)} sentences: give two ways and a sentence at least")
    pairs = []
    for number, (first, second) in enumerate(
        (*two,) for _ in range(each) for two in combinations(dict.fromkeys(ways), 2)
    ):
        sentence, noise = sentences[number % len(sentences)], seed + number
        pairs.append(Pair(f"{number:03d} {sentence}, {noise}", sentence, first, second, noise))
    return pairs


def order_for(person: str, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, str, str]]:
    """The pairs in an order of this person's own, each with what stands left and what stands right.

    It depends on the name alone, so that whoever comes back goes on in the same order.
    """
    shuffled = random.Random(f"order of {person}")
    for pair in shuffled.sample(list(pairs), len(pairs)):
        sides = [pair.first, pair.second]
        shuffled.shuffle(sides)
        yield pair, sides[0], sides[1]


def pictures_of(denoise: CaptionDenoiser, pair: Pair, ways: Mapping[str, Settings] | None = None) -> dict[str, Tensor]:
    """The two pictures [3, 32, 32] of a pair, by the way of sampling."""
    chosen = WAYS if ways is None else ways
    return {
        way: draw(denoise, pair.sentence, 1, chosen[way], seed=pair.seed).pictures[0]
        for way in (pair.first, pair.second)
    }


Scores = dict[str, dict[str, float]]  # {pair: {way: score}}
Measure = Callable[[Tensor, str], Tensor]  # measure(pictures [2, 3, 32, 32], sentence) -> [2]


def scores_of(
    denoise: CaptionDenoiser,
    pairs: Sequence[Pair],
    measures: Mapping[str, Measure],
    ways: Mapping[str, Settings] | None = None,
) -> dict[str, Scores]:
    """Every pair by every measure, in the form that `agreement.predicted` takes; pictures are drawn once."""
    tables: dict[str, Scores] = {name: {} for name in measures}
    for pair in pairs:
        pictures = pictures_of(denoise, pair, ways)
        for name, measure in measures.items():
            values = torch.as_tensor(measure(torch.stack(list(pictures.values())), pair.sentence)).double()
            tables[name][pair.name] = dict(zip(pictures, values.tolist(), strict=True))
    return tables


def measures_of(judge: Judge, contrastive: Contrastive) -> dict[str, Measure]:
    """The CLIP score of a picture, and the truth: the share of what its sentence says that it shows."""

    def truth(pictures: Tensor, sentence: str) -> Tensor:
        mention = read(sentence)
        right = agreement([mention] * len(pictures), judge(pictures))  # [2, 9], True where nothing is said
        return 1 - (~right).sum(dim=1) / len(mention)

    return {
        "CLIP score": lambda pictures, sentence: contrastive.score(pictures, tokenize([sentence] * len(pictures))),
        "truth": truth,
    }


def of_ways(pairs: Sequence[Pair], values: Mapping[str, float]) -> Scores:
    """One value for each way of sampling, the same in every pair, such as minus its Fréchet distance."""
    return {pair.name: {way: values[way] for way in (pair.first, pair.second)} for pair in pairs}

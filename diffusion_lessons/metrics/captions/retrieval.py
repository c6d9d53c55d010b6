"""What the CLIP score knows: does the right sentence score highest, and above the one with its two inks swapped?"""

import torch
from torch import Tensor

from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions.render import render
from diffusion_lessons.data.captions.scenes import draw_scenes
from diffusion_lessons.data.captions.sentences import Mention, draw_mentions, draw_sentences, write
from diffusion_lessons.data.captions.strokes import Strokes
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.metrics.captions.adherence import agreement, ink_leaks, swapped
from diffusion_lessons.networks.contrastive import Contrastive

AMONG = 256  # sentences, of which one is right


@torch.no_grad()
def retrieval(network: Contrastive, strokes: Strokes, count: int = 4096, seed: int = 1) -> dict[str, float]:
    """How often the right sentence scores highest of 256, and the mean score of right ones.

    Many sentences fit several pictures, so no scorer can be right always.
    """
    generator = torch.Generator().manual_seed(seed)
    scenes = draw_scenes(count, generator)
    pictures, mentions = render(scenes, strokes, generator), draw_mentions(scenes, generator)
    tokens = tokenize(draw_sentences(mentions, generator))
    hits, scores = [], []
    for rows in torch.arange(count).split(AMONG):
        cosines = network.embed_images(pictures[rows]) @ network.embed_sentences(tokens[rows]).T  # [256, 256]
        hits.append(cosines.argmax(dim=1) == torch.arange(len(rows)))
        scores.append(cosines.diagonal())
    return {
        "top-1 of 256": float(torch.cat(hits).double().mean()),
        "score of the right sentence": float(torch.cat(scores).mean()),
    }


@torch.no_grad()
def binding_margin(network: Contrastive, strokes: Strokes, count: int = 4096, seed: int = 1) -> dict[str, float]:
    """Scores of "a red seven and a blue square" and of the swapped sentence, on scenes with two different inks."""
    pictures, mentions = _two_inks(strokes, count, seed)
    right = _scores(network, pictures, mentions)
    wrong = _scores(network, pictures, [swapped(mention) for mention in mentions])
    return {
        "score, two inks": float(right.mean()),
        "score, swapped": float(wrong.mean()),
        "right above swapped": float((right > wrong).double().mean()),
    }


def judged_binding(judge: Judge, strokes: Strokes, count: int = 4096, seed: int = 1) -> dict[str, float]:
    """The same scenes as the judge reads them: the share with both inks right, and what it takes for leaked."""
    pictures, mentions = _two_inks(strokes, count, seed)
    shown = judge(pictures)
    return {
        "both inks right": float(agreement([_inks(mention) for mention in mentions], shown).all(dim=1).double().mean()),
        **{row.attribute: row.share for row in ink_leaks(mentions, shown)},
    }


def _two_inks(strokes: Strokes, count: int, seed: int) -> tuple[Tensor, list[Mention]]:
    """Pictures of scenes with an object of another ink than the digit's, and what digit and object are."""
    generator = torch.Generator().manual_seed(seed + 1)
    scenes = draw_scenes(4 * count, generator)
    scenes = scenes.rows((scenes.shape > 0) & (scenes.ink != scenes.shape_ink))
    names = ("digit", "ink", "shape", "shape_ink")
    columns = zip(*(getattr(scenes, name).tolist() for name in names), strict=True)
    return render(scenes, strokes, generator), [dict(zip(names, row, strict=True)) for row in columns]


def _inks(mention: Mention) -> Mention:
    return {name: mention[name] for name in ("ink", "shape_ink")}


def _scores(network: Contrastive, pictures: Tensor, mentions: list[Mention]) -> Tensor:
    tokens = tokenize([write(mention) for mention in mentions])
    return torch.cat([network.score(*part) for part in zip(pictures.split(512), tokens.split(512), strict=True)])

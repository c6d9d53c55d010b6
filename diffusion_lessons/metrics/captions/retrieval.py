"""What the CLIP score knows: does the right sentence score highest, and above the one with its two inks swapped?"""

import torch
from torch import Tensor

from diffusion_lessons.data.captions.render import render
from diffusion_lessons.data.captions.scenes import draw_scenes
from diffusion_lessons.data.captions.sentences import Mention, draw_mentions, draw_sentences, write
from diffusion_lessons.data.captions.strokes import Strokes
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.metrics.captions.adherence import swapped
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
    generator = torch.Generator().manual_seed(seed + 1)
    scenes = draw_scenes(4 * count, generator)
    scenes = scenes.rows((scenes.shape > 0) & (scenes.ink != scenes.shape_ink))
    pictures = render(scenes, strokes, generator)
    names = ("digit", "ink", "shape", "shape_ink")
    columns = zip(*(getattr(scenes, name).tolist() for name in names), strict=True)
    mentions: list[Mention] = [dict(zip(names, row, strict=True)) for row in columns]
    right = _scores(network, pictures, mentions)
    wrong = _scores(network, pictures, [swapped(mention) for mention in mentions])
    return {
        "score, two inks": float(right.mean()),
        "score, swapped": float(wrong.mean()),
        "right above swapped": float((right > wrong).double().mean()),
    }


def _scores(network: Contrastive, pictures: Tensor, mentions: list[Mention]) -> Tensor:
    tokens = tokenize([write(mention) for mention in mentions])
    return torch.cat([network.score(*part) for part in zip(pictures.split(512), tokens.split(512), strict=True)])

"""What judges the text-to-image system in tables and on frontiers: real scenes, and the sentences about them.

Samples are drawn for sentences about real scenes of writers that training never saw. Distances are taken in the 64
numbers of the contrastive pair's image encoder, and a sample counts as recognised if the judge finds in it all that its
sentence says. Within a "class", here, are the sentences that name the same digit, or none.

    python -m diffusion_lessons.metrics.captions.evaluator      # the reference features anew, in a clone
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import PARTS, load_contrastive, load_judge
from diffusion_lessons.data.captions.render import render
from diffusion_lessons.data.captions.scenes import ATTRIBUTES, distortions, draw_scenes
from diffusion_lessons.data.captions.sentences import Mention, draw_mentions, draw_sentences, read
from diffusion_lessons.data.captions.strokes import Strokes, load_strokes
from diffusion_lessons.data.captions.vocabulary import LENGTH, detokenize, tokenize
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.captions.adherence import agreement
from diffusion_lessons.metrics.evaluator import Evaluator, data_of, of_images
from diffusion_lessons.metrics.proportions import draws_like
from diffusion_lessons.metrics.samples import Features, Population, population, values_of
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.sampling import is_latent

NAME = "captions-features"
SCENES, KEPT = 100_000, 4_000  # scenes of the reference, and how many of them are kept one by one
PART = 1000  # scenes at a time
UNSAID = len(ATTRIBUTES["digit"])  # the class of sentences that name no digit
MISSED = -1


def of_network(denoise: Any) -> Evaluator:
    """What judges the samples of a network: that of its sentences, or that of the images in its card."""
    return of_captions(denoise) if is_latent(denoise) else of_images(data_of(denoise))


@dataclass(frozen=True)
class SentenceEvaluator(Evaluator):
    """An evaluator that asks for sentences: `tokens` [N, 14] are those about the held-out scenes."""

    tokens: Tensor = field(default_factory=lambda: torch.zeros(0, LENGTH, dtype=torch.int64))

    def labels(self, n: int, seed: int) -> Tensor:
        """n sentences about real scenes [n, 14], the digits named in the exact proportions of training, shuffled."""
        generator = torch.Generator().manual_seed(seed)
        counts, classes = self.train.counts, self.held_out.labels
        assert counts is not None and classes is not None
        rows = draws_like(classes, counts, n, generator, 1)[0]
        return self.tokens[rows[torch.randperm(n, generator=generator)]]


def of_captions(denoise: CaptionDenoiser) -> SentenceEvaluator:
    """The evaluator of a text-to-image denoiser, from the judge, the contrastive pair and the reference that ship.

    Raises FileNotFoundError where there is no reference, ValueError where it was made with another judge or pair.
    """
    judge, contrastive = _judges()
    tensors, card = cards.read(NAME, needs=("made_with",))
    ours = _made_with()
    if card["made_with"] != ours:
        raise ValueError(f"{NAME} was made with {card['made_with']} and the parts here are {ours}: make it anew")

    def features_of(x: Tensor, labels: Tensor | None) -> Features:
        if labels is None:
            raise ValueError("samples of the text-to-image system are judged by their sentences: give word numbers")
        sentences = detokenize(labels.cpu())
        with torch.no_grad():
            pictures = torch.cat([denoise.autoencoder.pictures(part) for part in x.float().split(256)]).cpu()
        return judged(pictures, [read(sentence) for sentence in sentences], judge, contrastive)

    def real(split: str, whole: Population | None) -> Features:
        features, classes, predicted = (tensors[f"{split}_{part}"] for part in ("features", "classes", "predicted"))
        return Features(features, classes.long(), predicted.long(), whole=whole)

    whole = Population.from_tensors(tensors, "train_")
    return SentenceEvaluator(
        "captions features",
        ours["contrastive"],
        real("train", whole),
        real("test", None),
        features_of,
        card["pixel_std"],
        card["sha256"],
        tokens=tensors["tokens"].long(),
    )


@torch.no_grad()
def judged(pictures: Tensor, mentions: list[Mention], judge: Judge, contrastive: Contrastive) -> Features:
    """Features of pictures [N, 3, 32, 32], not clipped yet, each with the digit that was asked for as its class.

    `predicted` is that class where all is shown that was said, and -1 where something is not.
    """
    values, shown = values_of(pictures), pictures.clamp(-1, 1)
    embedded = torch.cat([contrastive.embed_images(part) for part in shown.split(512)])
    classes = torch.tensor([mention.get("digit", UNSAID) for mention in mentions])
    followed = agreement(mentions, judge(shown)).all(dim=1)
    return Features(embedded, classes, torch.where(followed, classes, MISSED), values)


def write_reference(train: Strokes, test: Strokes, file: str | Path, scenes: int = SCENES, kept: int = KEPT) -> Path:
    """Write the features of real scenes: the moments of `scenes` by the writers of training, and `kept` single ones.

    As many single ones are of `test`, the writers that training never saw, with their sentences.
    """
    generator = torch.Generator().manual_seed(0)
    real, _ = _real(train, max(scenes, kept), generator)
    held_out, tokens = _real(test, kept, generator)
    assert real.labels is not None and real.values is not None  # `judged` gives both
    _, mean, square = real.values.double().mean(dim=0).tolist()
    whole = population(real.features, real.labels, UNSAID + 1).tensors()
    tensors = {f"train_{name}": value for name, value in whole.items()} | {"tokens": tokens.to(torch.uint8)}
    for split, some in (("train", real), ("test", held_out)):
        tensors[f"{split}_features"] = some.features[:kept].half()
        tensors |= {
            f"{split}_{name}": part[:kept].to(torch.int8)
            for name, part in (("classes", some.labels), ("predicted", some.predicted))
            if part is not None
        }
    about = {
        "features": f"of {kept} scenes by writers of training, {kept} by others, and the moments of {scenes} scenes",
        "stored_as": "float16",
        "data": {
            "name": "captions",
            "licence": "CC BY-SA 3.0, as MNIST, from whose digits the scenes are drawn",
            "distortions": distortions(),
        },
        "pixel_std": (square - mean**2) ** 0.5,
        "command": "python -m diffusion_lessons.metrics.captions.evaluator",
        "made_with": _made_with(),
    }
    return cards.write(file, tensors, about)


def _real(strokes: Strokes, count: int, generator: torch.Generator) -> tuple[Features, Tensor]:
    """Features of scenes drawn as training draws them, and the word numbers of the sentences about them."""
    judge, contrastive = _judges()
    parts, tokens = [], []
    for start in tqdm(range(0, count, PART), desc="real scenes", unit="thousand"):
        scenes = draw_scenes(min(PART, count - start), generator)
        mentions = draw_mentions(scenes, generator)
        tokens.append(tokenize(draw_sentences(mentions, generator)))
        parts.append(judged(render(scenes, strokes, generator), mentions, judge, contrastive))
    features, labels, predicted, values = (torch.cat(column) for column in list(zip(*parts, strict=True))[:4])
    return Features(features, labels, predicted, values), torch.cat(tokens)


def _judges() -> tuple[Judge, Contrastive]:
    """Those of the package, whatever denoiser is judged."""
    return load_judge(), load_contrastive()


def _made_with() -> dict[str, str]:
    files = {"judge": "captions-judge", "contrastive": PARTS["text"]}
    return {part: cards.read_card(name)["sha256"] for part, name in files.items()}


if __name__ == "__main__":
    places.clone_for("the reference is a file of the package")
    print(write_reference(load_strokes("train"), load_strokes("test"), places.checkpoints() / f"{NAME}.safetensors"))

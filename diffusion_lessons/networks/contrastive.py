"""Images and sentences in one space: a miniature of CLIP, whose cosine is a score of how well the two fit.

Source: Radford et al. 2021, "Learning transferable visual models from natural language supervision", figure 3.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion_lessons.machine.fields import check_fields
from diffusion_lessons.networks.classifier import Classifier, ClassifierConfig
from diffusion_lessons.networks.text import TextConfig, TextEncoder

SHARPEST = math.log(100)  # the logits' scale stays below 100, as in CLIP


def contrastive_loss(images: Tensor, sentences: Tensor, scale: Tensor | float) -> Tensor:
    """Which sentence goes with which image? Cross-entropy both ways over the B x B cosines times `scale`.

        logits_ij = scale <image_i, sentence_j>,  loss = (CE(rows, i) + CE(columns, i)) / 2

    images and sentences [B, d] of unit length; pair i belongs together and all others are taken for wrong. (InfoNCE:
    van den Oord et al. 2018, equation 4.)
    """
    logits = scale * images @ sentences.T  # [B, B]
    right = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


@dataclass(frozen=True)
class ContrastiveConfig:
    """text: the sentences' encoder; image: the pictures', whose `classes` are the embedding's size."""

    text: TextConfig = field(default_factory=TextConfig)
    image: ClassifierConfig = field(default_factory=lambda: ClassifierConfig(channels=3, classes=64, stride=2))

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def channels(self) -> int:
        """Of the pictures."""
        return self.image.channels


class Contrastive(nn.Module):
    """network(pictures, tokens) -> the contrastive loss of B pairs; `score` for how well each pair fits."""

    def __init__(self, config: ContrastiveConfig = ContrastiveConfig()) -> None:
        super().__init__()
        if config.image.classes != config.text.out:
            raise ValueError(f"images have {config.image.classes} numbers and sentences {config.text.out}: must agree")
        self.config = config
        self.text, self.image = TextEncoder(config.text), Classifier(config.image)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def embed_images(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, H, W] as points of unit length [B, d]."""
        return F.normalize(self.image(pictures).float(), dim=1)

    def embed_sentences(self, tokens: Tensor) -> Tensor:
        """Sentences [B, length] as points of unit length [B, d]."""
        return F.normalize(self.text(tokens).embedding.float(), dim=1)

    def forward(self, pictures: Tensor, tokens: Tensor) -> Tensor:
        scale = self.log_scale.clamp(max=SHARPEST).exp()
        return contrastive_loss(self.embed_images(pictures), self.embed_sentences(tokens), scale)

    @torch.no_grad()
    def score(self, pictures: Tensor, tokens: Tensor) -> Tensor:
        """The CLIP score of each pair: the cosine between picture and sentence, [B] in [-1, 1].

        One sentence [1, length] is compared with all pictures. (Hessel et al. 2021 report max(0, 2.5 cosine).)
        """
        return (self.embed_images(pictures) * self.embed_sentences(tokens)).sum(dim=1)

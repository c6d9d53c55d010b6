"""What the parts of the text-to-image system are trained on: scenes drawn anew for every step, or their latents."""

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.data.captions.render import SIDE, render
from diffusion_lessons.data.captions.scenes import Scenes, distortions, draw_scenes
from diffusion_lessons.data.captions.sentences import draw_mentions, draw_sentences
from diffusion_lessons.data.captions.strokes import Strokes
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.machine.devices import moved, tf32
from diffusion_lessons.networks.autoencoder import Autoencoder
from diffusion_lessons.networks.text import TextEncoder

CARD = {
    "name": "captions",
    "title": "Scenes of coloured digits, drawn from the handwriting of MNIST",
    "source": "http://yann.lecun.com/exdb/mnist/",
    "licence": "CC BY-SA 3.0",
    "distortions": distortions(),
}
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Scenery:
    """Handwriting, from which pictures of scenes are drawn without end; batches are drawn on the CPU and sent."""

    strokes: Strokes
    device: torch.device = CPU
    classes: tuple[str, ...] = ()
    card: dict[str, Any] = field(default_factory=lambda: dict(CARD))
    shape: tuple[int, int, int] = (3, SIDE, SIDE)

    def __len__(self) -> int:
        return len(self.strokes.distance)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What tells this handwriting from another."""
        return self.strokes.distance, self.strokes.slant

    def to(self, device: str | torch.device) -> "Scenery":
        """The same, with batches on `device`."""
        return replace(self, device=torch.device(device))

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Scenes]:
        """`count` fresh scenes and their pictures [count, 3, 32, 32], on the CPU."""
        scenes = draw_scenes(count, generator)
        return render(scenes, self.strokes, generator), scenes


@dataclass(frozen=True)
class LatentScenes:
    """The latents of many scenes, computed once, and what stands around the denoiser that learns from them.

    latents      float16 [N, 4, 8, 8], standardised
    scenes       of each, so that it is described anew every time it comes up
    text         the frozen text encoder; autoencoder: the one that made the latents
    parts        name and SHA-256 of these two, for the card
    """

    latents: Tensor
    scenes: Scenes
    text: TextEncoder
    autoencoder: Autoencoder
    parts: dict[str, dict[str, str]]
    device: torch.device = CPU
    classes: tuple[str, ...] = ()
    card: dict[str, Any] = field(default_factory=lambda: dict(CARD))

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, h, w) of one latent."""
        channels, height, width = self.latents.shape[1:]
        return channels, height, width

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What tells these latents from others."""
        return self.latents, self.scenes.stacked()

    def to(self, device: str | torch.device) -> "LatentScenes":
        """The same, with networks and batches on `device`."""
        text, autoencoder = self.text.to(device), self.autoencoder.to(device)
        return replace(self, text=text, autoencoder=autoencoder, device=torch.device(device))


def draw_tokens(scenes: Scenes, generator: torch.Generator) -> Tensor:
    """Word numbers [B, 14] of a sentence about each scene."""
    return tokenize(draw_sentences(draw_mentions(scenes, generator), generator))


@torch.no_grad()
def encode_scenes(
    autoencoder: Autoencoder, strokes: Strokes, count: int, generator: torch.Generator, batch: int = 500
) -> tuple[Tensor, Scenes]:
    """`count` scenes and their standardised latents, float16 [count, 4, 8, 8], on the CPU.

    Scenes are drawn on the CPU and encoded where the autoencoder stands, in full precision.
    """
    scenes, device = draw_scenes(count, generator), next(autoencoder.parameters()).device
    latents = []
    with tf32(False):
        for rows in tqdm(torch.arange(count).split(batch), desc="latents", unit_scale=batch):
            pictures = moved(render(scenes.rows(rows), strokes, generator), device)
            latents.append(autoencoder.latents(pictures).half().cpu())
    return torch.cat(latents), scenes

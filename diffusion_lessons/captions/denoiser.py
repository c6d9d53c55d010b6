"""A denoiser that is told in words: text encoder and latent U-Net behind the contract that every sampler knows.

denoise = load("captions-diffusion")
guided = classifier_free(denoise, "a thick red seven", 4.0, negative="smudged")
latents = sample(samplers.ddim, guided, x, denoise.path, denoise.path.grid(10))
pictures = denoise.decode(latents)
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from diffusion_lessons.captions.text_cache import TextCache
from diffusion_lessons.captions.tiling import decode_tiled
from diffusion_lessons.data.captions.scenes import ATTRIBUTES
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.data.captions.vocabulary import LENGTH, check_tokens, tokenize
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.networks.autoencoder import Autoencoder
from diffusion_lessons.networks.latent_unet import LatentUNet
from diffusion_lessons.networks.text import TextEncoder, TextStates
from diffusion_lessons.path import Path

Sentences = str | Sequence[str] | Tensor


def as_tokens(condition: Sentences) -> Tensor:
    """A sentence, several, or word numbers [14] or [B, 14], as word numbers int64 [B, 14].

    Raises ValueError for unknown words, too many of them, a sentence that `sentences.read` cannot read (one that says
    two inks of one digit, say: no scene shows it, and nobody could tell whether a picture does), or a tensor that does
    not hold word numbers. Whoever wants to see what the network makes of such a sentence gives `tokenize(sentence)`.
    """
    if isinstance(condition, Tensor):
        return check_tokens(condition[None] if condition.ndim == 1 else condition).long()
    said = [condition] if isinstance(condition, str) else condition
    if not isinstance(said, list | tuple) or not said or not all(isinstance(sentence, str) for sentence in said):
        raise ValueError(f"a condition is a sentence, a list of sentences, or word numbers; got {condition!r}")
    tokens = tokenize(said)
    for sentence in dict.fromkeys(said):
        read(sentence)
    return tokens


class TextToLatent(nn.Module):
    """network(x, t, tokens): the U-Net with the states of the sentences, which the cache knows or reads.

    run: the U-Net through torch.compile, if it is to run so.
    """

    def __init__(self, network: LatentUNet, text: TextCache, run: Callable[..., Tensor] | None = None) -> None:
        super().__init__()
        self.network, self.text = network, text
        self.run = run

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        states, mask, embedding = self.text(tokens)
        text = TextStates(states.to(x.dtype), mask, embedding.to(x.dtype))
        return (self.run or self.network)(x, t, text)


class CaptionDenoiser(Denoiser):
    """denoise(x, t, condition) for latents x [B, 4, 8, 8]: the condition is a sentence, several, or word numbers.

    `null` is the empty sentence, so guidance, negatives, composition and intervals work as with labels. `encode` and
    `decode` stand at the two ends; `text` is the cache, whose `hits` and `misses` say what it spared.
    """

    def __init__(
        self,
        network: LatentUNet,
        text: TextEncoder,
        autoencoder: Autoencoder,
        path: Path,
        predicts: str,
        *,
        shape: tuple[int, ...] = (4, 8, 8),
        card: dict[str, Any] | None = None,
        compiled: Callable[..., Tensor] | None = None,
    ) -> None:
        self.text, self.autoencoder = TextCache(text), autoencoder
        whole = TextToLatent(network, self.text, compiled)
        null = torch.zeros(1, LENGTH, dtype=torch.long)
        super().__init__(whole, path, predicts, null=null, shape=shape, card=card)

    @property
    def unet(self) -> LatentUNet:
        """The U-Net that computes, which is a copy of the loaded one in another precision (`in_precision`)."""
        assert isinstance(self.network, nn.Module)
        return next(part for part in self.network.modules() if isinstance(part, LatentUNet))

    def to(self, device: str | torch.device) -> Self:
        """Move U-Net, text encoder and autoencoder, and return the denoiser; kept states are read anew there."""
        self.text.encoder.to(device)
        self.autoencoder.to(device)
        return super().to(device)

    def read_condition(self, condition: Sentences) -> Tensor:
        """What `condition_on` and the guidance functions make of a sentence: word numbers [B, 14]."""
        return as_tokens(condition)

    def sentences(self, count: int) -> Tensor:
        """Word numbers [count, 14] of sentences that name the ten digits in turn."""
        named = as_tokens([f"a {digit}" for digit in ATTRIBUTES["digit"]])
        return named[torch.arange(count) % len(named)]

    @torch.no_grad()
    def encode(self, pictures: Tensor, batch: int = 256) -> Tensor:
        """Pictures [B, 3, 4 h, 4 w] as latents [B, 4, h, w] of about zero mean and unit variance.

        Raises ValueError for another shape, and for a batch below 1.
        """
        channels, side = self.autoencoder.config.channels, self.autoencoder.factor
        check_images(pictures, channels, "pictures")
        if pictures.shape[2] % side or pictures.shape[3] % side:
            raise ValueError(f"the sides of pictures are multiples of {side}; got {list(pictures.shape)}")
        parts = pictures.to(self.autoencoder.scale.dtype).split(_at_least_one(batch, "batch"))
        return torch.cat([self.autoencoder.latents(part) for part in parts])

    @torch.no_grad()
    def decode(self, latents: Tensor, batch: int = 256, tile: int | None = None) -> Tensor:
        """Latents [B, 4, h, w] as pictures [B, 3, 4 h, 4 w], clipped to [-1, 1], at most `batch` at a time.

        tile: decode larger latents in tiles of so many a side (`tiling.decode_tiled`).
        Raises ValueError for another shape, for a batch below 1, and for tiles that are no larger than their overlap.
        """
        check_images(latents, self.autoencoder.config.latent, "latents")
        pictures = self.autoencoder.pictures
        parts = latents.to(self.autoencoder.scale.dtype).split(_at_least_one(batch, "batch"))
        made = [pictures(part) if tile is None else decode_tiled(pictures, part, tile) for part in parts]
        return torch.cat(made).clamp(-1, 1)


def check_images(images: Tensor, channels: int, name: str) -> None:
    """Raise a ValueError for what is not [B, channels, height, width] with B at least 1."""
    shape = list(images.shape) if isinstance(images, Tensor) else images
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] != channels or 0 in images.shape:
        raise ValueError(f"{name} have shape [B, {channels}, height, width] with B at least 1; got {shape}")


def _at_least_one(number: int, name: str) -> int:
    if number < 1:
        raise ValueError(f"a {name} has 1 row at least; got {number}")
    return number

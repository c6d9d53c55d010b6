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
from diffusion_lessons.data.captions.vocabulary import LENGTH, VOCABULARY, tokenize
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.networks.autoencoder import Autoencoder
from diffusion_lessons.networks.latent_unet import LatentUNet
from diffusion_lessons.networks.text import TextEncoder, TextStates
from diffusion_lessons.path import Path

Sentences = str | Sequence[str] | Tensor


def as_tokens(condition: Sentences) -> Tensor:
    """A sentence, several, or word numbers [14] or [B, 14], as word numbers int64 [B, 14].

    Raises ValueError for unknown words, too many of them, or a tensor that does not hold word numbers.
    """
    if isinstance(condition, str):
        return tokenize(condition)
    if not isinstance(condition, Tensor):
        several = isinstance(condition, list | tuple) and condition
        if not several or not all(isinstance(sentence, str) for sentence in condition):
            raise ValueError(f"a condition is a sentence, a list of sentences, or word numbers; got {condition!r}")
        return tokenize(condition)
    tokens = condition[None] if condition.ndim == 1 else condition
    if tokens.ndim != 2 or tokens.shape[1] != LENGTH or tokens.is_floating_point() or not len(tokens):
        raise ValueError(f"word numbers have shape [B, {LENGTH}] and are whole; got {list(condition.shape)}")
    if tokens.min() < 0 or tokens.max() >= len(VOCABULARY):
        raise ValueError(f"word numbers lie in 0..{len(VOCABULARY) - 1}; got {int(tokens.min())}..{int(tokens.max())}")
    return tokens.long()


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
        """Pictures [B, 3, 32, 32] as latents [B, 4, 8, 8] of about zero mean and unit variance."""
        parts = pictures.to(self.autoencoder.scale.dtype).split(batch)
        return torch.cat([self.autoencoder.latents(part) for part in parts])

    @torch.no_grad()
    def decode(self, latents: Tensor, batch: int = 256, tile: int | None = None) -> Tensor:
        """Latents [B, 4, h, w] as pictures [B, 3, 4 h, 4 w], clipped to [-1, 1], at most `batch` at a time.

        tile: decode larger latents in tiles of so many a side (`tiling.decode_tiled`).
        """
        pictures = self.autoencoder.pictures
        parts = latents.to(self.autoencoder.scale.dtype).split(batch)
        made = [decode_tiled(pictures, part, tile) if tile else pictures(part) for part in parts]
        return torch.cat(made).clamp(-1, 1)

"""An autoencoder: 32x32x3 pictures as 8x8x4 latents and back, so that the denoiser works on 256 numbers, not 3,072.

Source: Rombach et al. 2022, "High-resolution image synthesis with latent diffusion models", section 3.1.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion_lessons.machine.fields import check_fields
from diffusion_lessons.networks.unet import normalise, zeroed


@dataclass(frozen=True)
class AutoencoderConfig:
    """channels of picture and latent; fine and coarse: features at half and at a quarter of the picture's side."""

    channels: int = 3
    latent: int = 4
    fine: int = 48
    coarse: int = 96

    def __post_init__(self) -> None:
        check_fields(self, channels=(1, 4096), latent=(1, 4096), fine=(1, 2**14), coarse=(1, 2**14))


class Residual(nn.Module):
    """h + conv(silu(norm(conv(silu(norm(h)))))): [B, width, H, W] -> the same. It starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = normalise(width), normalise(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = zeroed(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, h: Tensor) -> Tensor:
        return h + self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(h))))))


class Posterior(NamedTuple):
    """The Gaussian over latents that the encoder sees in a picture: mean and log variance, [B, latent, h, w] each."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, eps: Tensor) -> Tensor:
        """mean + std eps, through which gradients pass (Kingma and Welling 2014, section 2.4)."""
        return self.mean + (0.5 * self.log_variance).exp() * eps

    def kl(self) -> Tensor:
        """KL(posterior || N(0, 1)) = sum (mean^2 + var - 1 - log var) / 2 of each picture, [B]."""
        mean, log_variance = self.mean.float(), self.log_variance.float()
        return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).flatten(1).sum(dim=1)


class Autoencoder(nn.Module):
    """`encode`: pictures [B, 3, H, W] in [-1, 1] -> Posterior of [B, 4, H / 4, W / 4]; `decode`: latents -> pictures.

    `shift` and `scale` [latent] make standardised latents of the encoder's: `latents` applies them and `pictures` takes
    them back, so that a denoiser meets zero mean and unit variance.
    """

    factor = 4  # a picture's side over that of its latent
    shift: Tensor
    scale: Tensor

    def __init__(self, config: AutoencoderConfig = AutoencoderConfig()) -> None:
        super().__init__()
        self.config = config
        fine, coarse, pixels = config.fine, config.coarse, 4 * config.channels
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),  # [B, 12, H / 2, W / 2]
            nn.Conv2d(pixels, fine, 3, padding=1),
            Residual(fine),
            nn.Conv2d(fine, coarse, 3, stride=2, padding=1),  # [B, coarse, H / 4, W / 4]
            Residual(coarse),
            normalise(coarse),
            nn.SiLU(),
            nn.Conv2d(coarse, 2 * config.latent, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(config.latent, coarse, 3, padding=1),
            Residual(coarse),
            Residual(coarse),
            nn.Conv2d(coarse, 4 * fine, 1),
            nn.PixelShuffle(2),  # [B, fine, H / 2, W / 2]
            Residual(fine),
            Residual(fine),
            normalise(fine),
            nn.SiLU(),
            nn.Conv2d(fine, 4 * 16, 3, padding=1),
            nn.PixelShuffle(2),  # [B, 16, H, W]
            nn.SiLU(),
            nn.Conv2d(16, config.channels, 3, padding=1),
        )
        self.register_buffer("shift", torch.zeros(config.latent))
        self.register_buffer("scale", torch.ones(config.latent))

    def forward(self, pictures: Tensor, eps: Tensor) -> tuple[Tensor, Posterior]:
        """What training asks: the pictures drawn again from a sample of their posterior, and the posterior."""
        posterior = self.encode(pictures)
        return self.decode(posterior.sample(eps)), posterior

    def encode(self, pictures: Tensor) -> Posterior:
        mean, log_variance = self.encoder(pictures).chunk(2, dim=1)
        return Posterior(mean, log_variance.clamp(-20, 10))

    def decode(self, latents: Tensor) -> Tensor:
        return self.decoder(latents)

    def latents(self, pictures: Tensor) -> Tensor:
        """The posterior's mean, standardised: (mean - shift) / scale, [B, latent, H / 4, W / 4]."""
        return (self.encode(pictures).mean - self.shift.view(-1, 1, 1)) / self.scale.view(-1, 1, 1)

    def pictures(self, latents: Tensor) -> Tensor:
        """The inverse of `latents`, as far as the decoder succeeds: [B, 3, H, W], not clipped."""
        return self.decode(latents * self.scale.view(-1, 1, 1) + self.shift.view(-1, 1, 1))


def reconstruction_loss(made: Tensor, pictures: Tensor, edges: float = 0.5) -> Tensor:
    """Mean |made - picture|, and `edges` times the same of the differences between neighbouring pixels."""
    error = made.float() - pictures
    across, down = error.diff(dim=3).abs().mean(), error.diff(dim=2).abs().mean()
    return error.abs().mean() + edges * (across + down)

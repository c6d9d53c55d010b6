"""Spoiled images as a class of their own, to be steered away from: the training data of a default negative."""

from __future__ import annotations

import torch
from torch import Tensor

from diffusion_lessons.data import Data, to_pixels, to_unit


def smudge(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Spoil images [N, C, H, W] in [-1, 1]: each is blurred or covered with noise, with equal probability."""
    from torchvision.transforms.v2 import functional as F  # slow to import: only when asked for

    H, W = images.shape[-2:]
    radius = min(max(1, W // 8), H - 1, W - 1)  # what lies beyond the border is mirrored, and a line has nothing there
    blurred = F.gaussian_blur(images, [2 * radius + 1] * 2, [0.75 * radius + 0.5] * 2)
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    noisy = (images + 0.6 * noise).clamp(-1.0, 1.0)
    blur = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(blur, blurred, noisy)


def with_smudged(data: Data, share: float = 0.1, seed: int = 0) -> Data:
    """`data` and one more class, "smudged": spoiled copies of `share` of its images, chosen at random."""
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share {share} is not in (0, 1]: it is the number of smudged images for each real one")
    if "smudged" in data.classes:
        raise ValueError("this data set already has a class 'smudged'")
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data), generator=generator)[: max(1, round(share * len(data)))]
    copies = to_pixels(smudge(to_unit(data.pixels[rows].cpu()), generator)).to(data.pixels.device)
    pixels = torch.cat([data.pixels, copies])
    labels = torch.cat([data.labels, data.labels.new_full((len(copies),), len(data.classes))])
    card = {**data.card, "count": len(pixels), "smudged": {"share": share, "seed": seed}}
    return Data(pixels, labels, (*data.classes, "smudged"), card)

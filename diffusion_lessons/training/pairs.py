"""Pairs of noise and the sample that a flow makes of it: what reflow trains on, instead of independent noise."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pairs:
    """Pairs (eps, x0) and their labels, with the interface of `data.Data`; `batches.draw_batch` takes their noise, too.

    eps, x0   float16 [N, C, H, W]: half the memory, and eps is rounded before x0 is made from it
    labels    int64 [N] in 0..len(classes), the last being the null class: x0 made without a condition
    """

    eps: Tensor
    x0: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    card: dict[str, Any]

    def __len__(self) -> int:
        return len(self.x0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one sample."""
        channels, height, width = self.x0.shape[1:]
        return channels, height, width

    @property
    def device(self) -> torch.device:
        """Where the pairs are."""
        return self.x0.device

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What tells these pairs from others."""
        return self.eps, self.x0, self.labels

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """(x0 [B, C, H, W], labels [B]) of the given indices, on the pairs' device."""
        indices = indices.to(self.x0.device)
        return self.x0[indices].float(), self.labels[indices]

    def noise(self, indices: Tensor) -> Tensor:
        """The eps [B, C, H, W] that go with them."""
        return self.eps[indices.to(self.eps.device)].float()

    def to(self, device: str | torch.device) -> "Pairs":
        """A copy whose tensors live on `device`."""
        return replace(self, eps=self.eps.to(device), x0=self.x0.to(device), labels=self.labels.to(device))

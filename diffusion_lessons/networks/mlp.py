"""A small network for points, which learns two-dimensional shapes in seconds."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from diffusion_lessons.machine.fields import check_fields
from diffusion_lessons.networks.embedding import Clock, Embedding, unit_variance


@dataclass(frozen=True)
class MLPConfig:
    """dims: of one point; classes: the index of the null class, None for no condition; T, clock: as in `UNetConfig`."""

    dims: int = 2
    classes: int | None = None
    width: int = 128
    depth: int = 3
    T: float = 1000.0
    clock: Clock = "time"

    def __post_init__(self) -> None:
        check_fields(self, dims=(1, 2**16), classes=(1, 10**6), width=(2, 2**16), depth=(0, 1000), T=(1e-6, 1e9))


class MLP(nn.Module):
    """network(x, t) or network(x, t, condition) for points x [B, dims], t [B] in the path's units, condition [B].

    Residual layers h + W silu(norm(h) + embedding). The last layer starts at zero.
    """

    def __init__(self, config: MLPConfig = MLPConfig()) -> None:
        super().__init__()
        self.config = config
        self.embed = Embedding(config.width, config.classes, config.T, config.clock)
        self.first = nn.Linear(config.dims, config.width)
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(config.depth))
        self.layers = nn.ModuleList(nn.Linear(config.width, config.width) for _ in range(config.depth))
        self.last = nn.Linear(config.width, config.dims)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor | None = None) -> Tensor:
        embedding = self.embed(t, condition, x.dtype)  # [B, width]
        h = self.first(unit_variance(x, t, self.config.clock))
        for norm, layer in zip(self.norms, self.layers, strict=True):
            h = h + layer(nn.functional.silu(norm(h) + embedding))
        return self.last(torch.nn.functional.silu(h))

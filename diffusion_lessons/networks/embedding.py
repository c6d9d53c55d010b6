"""The network's clock: a number (time, or log signal-to-noise ratio) becomes a vector of sines and cosines."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

Clock = Literal["time", "lambda"]


def sinusoid(s: Tensor, width: int, longest: float = 10_000.0) -> Tensor:
    """sin(w s) and cos(w s) for width / 2 frequencies w from 1 down to 1 / longest: [B] -> [B, width].

    Source: Vaswani et al. 2017, section 3.5, as used for time by Ho et al. 2020.
    """
    half = width // 2
    frequencies = torch.exp(-math.log(longest) * torch.arange(half, device=s.device) / half)  # [width / 2]
    angles = s.float()[:, None] * frequencies  # [B, width / 2]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Embedding(nn.Module):
    """Time, and a class where there are classes, as one vector [B, width] that every block reads.

    The clock is 1000 t / T on a path that ends at T, so that a diffusion and a flow network see the same one. On a
    variance-exploding path (alpha = 1, sigma = t) it is lambda = -log t, stretched to a similar range.
    `classes` is also the index of the null class, which stands for "no condition".
    """

    def __init__(self, width: int, classes: int | None, T: float, clock: Clock) -> None:
        super().__init__()
        if clock not in ("time", "lambda"):
            raise ValueError(f'clock must be "time" or "lambda", not {clock!r}')
        if width % 2:
            raise ValueError(f"the embedding is one sine and one cosine a frequency, an even number; got {width}")
        self.width, self.classes, self.T, self.clock = width, classes, T, clock
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.label = nn.Embedding(classes + 1, width) if classes is not None else None

    def forward(self, t: Tensor, condition: Tensor | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
        """t [B] in a precision that tells 999 from 1000, condition [B]; the layers compute in `dtype`, that of x."""
        s = 1000 * t / self.T if self.clock == "time" else -100 * t.log()
        embedded = self.mlp(sinusoid(s, self.width).to(dtype))  # [B, width]
        if self.label is None:
            if condition is not None:
                raise ValueError("this network has no classes; call it without a condition")
            return embedded
        if condition is None:
            condition = torch.full((len(t),), self.label.num_embeddings - 1, device=t.device)
        return embedded + self.label(condition)


def unit_variance(x: Tensor, t: Tensor, clock: Clock) -> Tensor:
    """x as the first layer should receive it: on a variance-exploding path, x / sqrt(1 + sigma^2) with sigma = t.

    Elsewhere x has about unit variance already (data of unit variance, Karras et al. 2022, equation 7).
    """
    if clock == "time":
        return x
    return x / torch.sqrt(1 + t**2).to(x.dtype).view(-1, *[1] * (x.ndim - 1))

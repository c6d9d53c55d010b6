"""Clipping: x0_hat kept in the range that the data have, around whatever else was done to the estimate."""

import math
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import match


class Clipped(Wrapper):
    """See `clip`."""

    clipped = True

    def __init__(self, inner: DenoiserLike, limit: float, rederive: bool, percentile: float | None):
        super().__init__(inner)
        self.limit, self.rederive, self.percentile = limit, rederive, percentile

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        x0, eps = super().__call__(x, t, condition)
        if self.percentile is None:
            x0 = x0.clamp(-self.limit, self.limit)
        else:
            largest = _quantile(x0.abs().reshape(len(x0), -1).float(), self.percentile)  # [B]
            bound = match(largest.clamp(min=self.limit), x0)
            x0 = x0.maximum(-bound).minimum(bound) * (self.limit / bound)
        return Estimate.from_x0(x, x0, self.path, t) if self.rederive else Estimate(x0, eps)


def _quantile(values: Tensor, share: float) -> Tensor:
    """The interpolated quantile of each row, [B, n] -> [B]. PyTorch's own needs double precision, which MPS has not."""
    position = share * (values.shape[1] - 1)
    low, high = math.floor(position), math.ceil(position)
    ranked = values.sort(dim=1).values
    return torch.lerp(ranked[:, low], ranked[:, high], position - low)


def clip(
    denoise: DenoiserLike, limit: float = 1.0, *, rederive: bool = True, percentile: float | None = None
) -> Clipped:
    """Keep x0_hat in [-limit, limit]; the outermost wrapper, put around guidance and never inside it.

    With `rederive` the noise is computed again from the clipped sample, eps = (x - alpha x0) / sigma, so that the two
    still agree with x_t; without it eps stays as predicted. With a `percentile` (0.995 is usual) the limit is dynamic:
    each sample is cut at that percentile of its own |x0_hat| where this exceeds `limit`, and scaled back to it
    (Saharia et al. 2022, section 2.3).
    """
    check_limit(limit)
    check_percentile(percentile)
    if rederive and not hasattr(denoise, "path"):
        raise ValueError(
            "re-deriving eps needs the path: the denoiser has no .path; use Denoiser(...) or rederive=False"
        )
    return Clipped(denoise, limit, rederive, percentile)


def check_limit(limit: float) -> None:
    """Raise a ValueError for a limit that `clip` cannot keep x0_hat within."""
    if not (isinstance(limit, Real) and limit > 0):
        raise ValueError(f"limit must be a number above 0; got {limit!r}")


def check_percentile(percentile: float | None) -> None:
    """Raise a ValueError for what is no share to take a dynamic limit at."""
    if percentile is not None and not (isinstance(percentile, Real) and 0 < percentile <= 1):
        raise ValueError(f"percentile is a share in (0, 1], such as 0.995; got {percentile!r}")

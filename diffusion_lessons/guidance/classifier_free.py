"""Classifier-free guidance: one network with its condition and without it, and the difference amplified.

Source: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022 (https://arxiv.org/abs/2207.12598), equation 6.
"""

import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.denoisers.conditions import read_condition
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.guidance.composition import (
    Composed,
    any_nonzero,
    check_guidable,
    check_null_was_trained,
    constant_remainder,
)
from diffusion_lessons.guidance.scales import Number, Scale, as_scale, within
from diffusion_lessons.path import match


def check_rescale(rescale: float) -> None:
    """Raise a ValueError for what is no share of the way back to the conditional estimate's deviation."""
    if not (isinstance(rescale, Real) and 0 <= rescale <= 1):
        raise ValueError(f"rescale is a share between 0 and 1; got {rescale!r}")


def rescaled(x0: Tensor, conditional: Tensor, share: float) -> Tensor:
    """x0 [B, ...] with a `share` of the way back to the conditional estimate's standard deviation, sample by sample.

    Guidance inflates contrast; this undoes it: x0 (share std_cond / std + 1 - share). A sample without spread (one
    number, or a flat image) stays as it is. Lin et al. 2023 (https://arxiv.org/abs/2305.08891), equations 15 and 16.
    """
    std, std_cond = (sample.reshape(len(sample), -1).std(dim=1, correction=0) for sample in (x0, conditional))  # [B]
    ratio = torch.where(std > torch.finfo(std.dtype).eps, std_cond / std, torch.ones_like(std))
    return x0 * match(share * ratio + (1 - share), x0)


class Guided(Composed):
    """See `classifier_free`."""

    def __init__(
        self,
        inner: DenoiserLike,
        negative: Tensor,
        condition: Tensor,
        scale: Scale,
        batched: bool,
        rescale: float,
    ):
        super().__init__(inner, negative, [condition], [scale], batched)
        self.rescale = rescale

    def _finish(self, x: Tensor, t: Number, guided: Estimate, estimates: Sequence[Estimate]) -> Estimate:
        if self.rescale == 0 or len(estimates) == 1:
            return guided
        x0 = rescaled(guided.x0, estimates[1].x0, self.rescale)
        return Estimate.from_x0(x, x0, self.path, t)


def classifier_free(
    denoise: DenoiserLike,
    condition: Any,
    scale: Scale,
    negative: Any = None,
    *,
    batched: bool = True,
    interval: tuple[float, float] | None = None,
    rescale: float = 0.0,
) -> Guided:
    """Guide a conditional denoiser: eps = eps_neg + s (eps_cond - eps_neg), and x0 likewise.

    condition: a label, or labels [B]; conditions [B, ...] for a denoiser that is told something else.
    scale: s as a number, one for each sample [B], or a function of the noise level sigma / alpha (infinite where
        alpha = 0) that returns either. s = 1 is the conditional pass alone and s = 0 the other alone, bit for bit.
    negative: the label(s) to move away from, in place of "no condition".
    batched: one pass over [2 B, ...], or two passes over [B, ...]: two evaluations a step either way.
    interval: (low, high]; `within` these noise levels the scale is s, and 1 outside.
    rescale: 0..1, how far x0 is brought back to the conditional estimate's standard deviation, `rescaled`; eps is
        then derived from x0. Nothing to do where a single pass is made.

    Raises ValueError for conditions that the denoiser does not have or that do not match the batch, for an interval
    whose ends are in the wrong order, and for a denoiser that clips, is already bound to a condition, or was trained
    without dropping it.
    """
    null = check_guidable(denoise)
    scale = as_scale(scale)
    away = null if negative is None else read_condition(denoise, negative)
    towards = read_condition(denoise, condition)
    check_null_was_trained(denoise, [away, towards], [constant_remainder([scale]), scale if interval is None else None])
    if negative is not None and not callable(scale) and not any_nonzero(torch.as_tensor(scale) > 1):
        warnings.warn(
            f"a negative condition with scale {scale}: it pushes away only where the scale is above 1. At 1 it is not "
            "used, below 1 the samples move towards it, and at 0 they are samples of it",
            stacklevel=2,
        )
    if negative is not None and _some_equal(towards, away):
        warnings.warn(
            "the negative equals the condition, so there is no direction from one to the other, and no scale changes "
            "anything: leave the negative out, or name something else in it",
            stacklevel=2,
        )
    if interval is not None:
        scale = within(scale, *interval)
    check_rescale(rescale)
    return Guided(denoise, away, towards, scale, batched, rescale)


def _some_equal(towards: Tensor, away: Tensor) -> bool:
    """Whether a condition [B, ...] or [1, ...] equals what it is to be guided away from."""
    if 1 not in (len(towards), len(away)) and len(towards) != len(away):
        return False  # the call says so
    same = towards == away.to(towards.device)
    return bool(same.reshape(len(same), -1).all(dim=1).any())

"""Several conditions at once, and what every guided denoiser shares: a blend of estimates whose weights add up to 1."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.denoisers.conditions import is_null, null_condition, read_condition, rows_for
from diffusion_lessons.denoisers.counting import stacked
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.guidance.scales import Number, Scale, as_scale, noise_level
from diffusion_lessons.machine.devices import moved
from diffusion_lessons.path import match, time_for


def blend(estimates: Sequence[Estimate], weights: Sequence[Number]) -> Estimate:
    """sum_i w_i e_i of x0 and of eps, for weights that add up to 1: e_0 + sum_{i > 0} w_i (e_i - e_0).

    Written with differences, which are small, so that half precision keeps its digits.
    """
    x0, eps = first = estimates[0]
    for other, weight in zip(estimates[1:], weights[1:], strict=True):
        w = match(weight, x0)
        x0, eps = x0 + w * (other.x0 - first.x0), eps + w * (other.eps - first.eps)
    return Estimate(x0, eps)


def remainder(weights: Sequence[Number]) -> Number:
    """1 - sum_i w_i, the weight that is left for the base: exactly 0 where only rounding keeps it from that.

    .7 + .2 + .1 is 0.9999999999999999, and one more evaluation would be made for the rest. What counts as rounding is
    single precision's, in which many a tensor of weights was made.
    """
    rest: Number = 1 - sum(weights)
    size: Number = 1 + sum(weight.abs() if isinstance(weight, Tensor) else abs(weight) for weight in weights)
    rounding = (len(weights) + 1) * torch.finfo(torch.float32).eps * size
    if isinstance(rest, Tensor):
        return torch.where(rest.abs() <= rounding, torch.zeros_like(rest), rest)
    return 0.0 if abs(rest) <= rounding else rest


class Composed(Wrapper):
    """See `compose`. What has weight 0 is not evaluated; if one estimate is left it is returned as it is."""

    def __init__(
        self, inner: DenoiserLike, base: Tensor, conditions: Sequence[Tensor], scales: Sequence[Scale], batched: bool
    ):
        super().__init__(inner)
        self.conditions, self.scales, self.batched = (base, *conditions), tuple(scales), batched

    def __call__(self, x: Tensor, t: Number, condition: Any = None) -> Estimate:
        if condition is not None:
            raise ValueError("a guided denoiser is already bound to its conditions; call it without one")
        t = time_for(x, t)
        self.conditions = tuple(
            moved(condition, x.device) for condition in self.conditions
        )  # once: then they are there
        scales = [self._scale(scale, x, t) for scale in self.scales]
        weights = [remainder(scales), *scales]
        used = [i for i, weight in enumerate(weights) if any_nonzero(weight)]
        estimates = self._evaluate(x, t, [self.conditions[i] for i in used])
        return self._finish(x, t, blend(estimates, [weights[i] for i in used]), estimates)

    def _finish(self, x: Tensor, t: Number, guided: Estimate, estimates: Sequence[Estimate]) -> Estimate:
        return guided

    def _evaluate(self, x: Tensor, t: Number, conditions: Sequence[Tensor]) -> list[Estimate]:
        """The inner denoiser under each condition: x stacked k times as one batch, or k passes."""
        rows, k = [rows_for(condition, x) for condition in conditions], len(conditions)  # k of [B, ...]
        if k == 1 or not self.batched:
            return [self.inner(x, t, row) for row in rows]
        times = t.repeat(k) if isinstance(t, Tensor) else t
        with stacked(x):
            x0, eps = self.inner(torch.cat([x] * k), times, torch.cat(rows))  # [k B, ...] each
        return [Estimate(*pair) for pair in zip(x0.chunk(k), eps.chunk(k), strict=True)]

    def _scale(self, scale: Scale, x: Tensor, t: Number) -> Number:
        """The scale at time t: a float, or a tensor [B] on x's device, in single precision at least."""
        value = scale(noise_level(self.path, t)) if callable(scale) else scale
        if not isinstance(value, Tensor):
            return float(value)
        if value.shape not in ((), (len(x),)):
            raise ValueError(f"scale of shape {tuple(value.shape)} for a batch of {len(x)}: give one, or one each")
        return moved(value.to(torch.promote_types(x.dtype, torch.float32)), x.device)


def compose(
    denoise: DenoiserLike, conditions: Sequence[Any], weights: Sequence[Scale], *, batched: bool = True
) -> Composed:
    """Several conditions at once: eps = eps_uncond + sum_i w_i (eps_i - eps_uncond), and x0 likewise.

    A condition with a negative weight is avoided. Each weight is a number, one for each sample [B], or a function of
    the noise level. One condition is classifier-free guidance; conditions c and n with weights s and 1 - s are
    guidance by c with the negative n, and the unconditional pass, whose weight is then 0, is not made.

    Raises ValueError for conditions that the denoiser does not have or that are not as many as the weights, and for a
    denoiser that clips, is already bound to a condition, or was trained without dropping it although the weights do
    not add up to 1.

    Source: Liu et al. 2022, "Compositional Visual Generation with Composable Diffusion Models", equation 11.
    """
    null = check_guidable(denoise)
    for name, values in (("conditions", conditions), ("weights", weights)):
        if not hasattr(values, "__len__") or isinstance(values, str | bytes) or getattr(values, "ndim", 1) == 0:
            raise ValueError(f"{name} must be a list, of one at least; got {values!r}")
    if len(conditions) == 0 or len(conditions) != len(weights):
        raise ValueError(
            f"{len(conditions)} conditions and {len(weights)} weights: give one weight for each, at least one"
        )
    scales = [as_scale(weight) for weight in weights]
    if len(lengths := sorted({len(scale) for scale in scales if isinstance(scale, Tensor)})) > 1:
        raise ValueError(
            f"weights for {' and for '.join(map(str, lengths))} samples: give one for each, or one for all"
        )
    tensors = [read_condition(denoise, condition) for condition in conditions]
    check_null_was_trained(denoise, [null, *tensors], [constant_remainder(scales), *scales])
    return Composed(denoise, null, tensors, scales, batched)


def check_guidable(denoise: DenoiserLike) -> Tensor:
    """The null condition [1, ...] of a denoiser that can be guided, or a ValueError that says why it cannot."""
    if getattr(denoise, "clipped", False):
        raise ValueError(
            "this denoiser already clips x0, and guidance would amplify the clipped estimates. Clip the guided one: "
            "clip(classifier_free(denoise, ...), 1.0)"
        )
    if getattr(denoise, "condition", None) is not None or getattr(denoise, "conditions", None) is not None:
        raise ValueError("this denoiser is already bound to a condition; guide the one that it was made from")
    return null_condition(denoise)


def constant_remainder(scales: Sequence[Scale]) -> Number | None:
    """`remainder` of scales that are numbers; None if one is a function, whose values nobody knows yet."""
    numbers = [scale for scale in scales if not callable(scale)]
    return remainder(numbers) if len(numbers) == len(scales) else None


def check_null_was_trained(
    denoise: DenoiserLike, conditions: Sequence[Tensor], weights: Sequence[Scale | None]
) -> None:
    """Raise a ValueError if the null, with any weight but 0, is asked of a network that never learned it.

    A weight of None, and that of a function, may be anything.
    """
    card = getattr(denoise, "card", None) or {}
    if card.get("recipe", {}).get("condition_dropout") != 0:
        return
    for condition, weight in zip(conditions, weights, strict=True):
        used = weight is None or callable(weight) or any_nonzero(weight)
        if used and is_null(denoise, condition).any():
            raise ValueError(
                "this network was trained without dropping its condition (condition_dropout 0 in its card), so it has "
                "never learned what 'no condition' is. Train it with condition_dropout=0.1, or use scale=1, or a "
                "negative, or weights that add up to 1"
            )


def any_nonzero(value: Number) -> bool:
    """Whether a number, or any of several, is not 0."""
    return bool(value.any()) if isinstance(value, Tensor) else value != 0

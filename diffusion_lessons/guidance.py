"""Guidance: make a sampler follow a condition more closely than the network does by itself.

Classifier-free guidance evaluates one network twice, without the condition and with it, and extrapolates:

    eps = eps_uncond + s (eps_cond - eps_uncond)

s = 0 is unconditional, s = 1 plain conditional, above 1 amplified. A *negative* condition takes the
unconditional's place, so that samples move away from it and towards the condition. The sum is linear with weights that
add up to 1, so the same blend holds for x0, and the two still agree with x_t = alpha x0 + sigma eps, also where
alpha = 0. All functions here are denoiser -> denoiser: the result goes into any sampler on any path. `clip` goes around
it, never inside.

Source: Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022 (https://arxiv.org/abs/2207.12598), equation 6.
"""

import math
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from diffusion_lessons.denoisers import DenoiserLike, Wrapper, check_labels, rows_for, stacked
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path, match

Labels = Tensor | int | list[int]
Number = float | Tensor  # one for all samples, or one for each, [B]
Scale = Number | Callable[[Number], Number]  # or a function of the noise level sigma / alpha

# Which letter a publication or library writes: its "s" is our scale, its "w" is s - 1.
CONVENTIONS: dict[str, str] = {
    "Ho and Salimans 2022, w": "w",
    "GLIDE (Nichol et al. 2021), s": "s",
    "Imagen (Saharia et al. 2022), w": "s",
    "Latent and Stable Diffusion, scale": "s",
    "diffusers pipelines, guidance_scale": "s",
    "Latent consistency models (Luo et al. 2023), omega": "w",
    "Kynkäänniemi et al. 2024 (guidance interval), w": "s",
}


def scale_from_w(w: Number) -> Number:
    """s = 1 + w, for papers that write (1 + w) eps_cond - w eps_uncond; see `CONVENTIONS`."""
    return 1 + w


def noise_level(path: Path, t: Number) -> Number:
    """sigma / alpha = exp(-lambda), the same clock on every path; infinite where alpha is 0."""
    return torch.exp(-path.lam(t)) if isinstance(t, Tensor) else math.exp(-path.lam(t))


def within(scale: Scale, low: float, high: float) -> Callable[[Number], Number]:
    """The scale at noise levels in (low, high] and 1 outside, where the plain conditional estimate costs half.

    The result is a scale like any other, a function of the noise level. Kynkäänniemi et al. 2024 (https://arxiv.org/abs/2404.07724).
    """
    check_interval((low, high))

    def scale_at(level: Number) -> Number:
        if isinstance(level, Tensor):  # [B]: each sample stands at its own level
            value = torch.as_tensor(scale(level) if callable(scale) else scale, dtype=level.dtype, device=level.device)
            return torch.where((level > low) & (level <= high), value, torch.ones_like(level))
        if not low < level <= high:
            return 1.0
        return scale(level) if callable(scale) else scale

    return scale_at


def check_interval(interval: Sequence[float]) -> None:
    """Raise a ValueError for what is no interval (low, high] of noise levels."""
    if len(interval) != 2 or not 0 <= interval[0] < interval[1]:
        got = ", ".join(map(str, interval))
        raise ValueError(f"interval must be (low, high) in noise level, 0 <= low < high; got ({got})")


def check_rescale(rescale: float) -> None:
    """Raise a ValueError for what is no share of the way back to the conditional estimate's deviation."""
    if not 0 <= rescale <= 1:
        raise ValueError(f"rescale is a share between 0 and 1; got {rescale!r}")


def blend(estimates: Sequence[Estimate], weights: Sequence[Number]) -> Estimate:
    """sum_i w_i e_i of x0 and of eps, for weights that add up to 1: e_0 + sum_{i > 0} w_i (e_i - e_0).

    Written with differences, which are small, so that half precision keeps its digits.
    """
    x0, eps = first = estimates[0]
    for other, weight in zip(estimates[1:], weights[1:], strict=True):
        w = match(weight, x0)
        x0, eps = x0 + w * (other.x0 - first.x0), eps + w * (other.eps - first.eps)
    return Estimate(x0, eps)


def rescaled(x0: Tensor, conditional: Tensor, share: float) -> Tensor:
    """x0 [B, ...] with a `share` of the way back to the conditional estimate's standard deviation, sample by sample.

    Guidance inflates contrast; this undoes it: x0 (share std_cond / std + 1 - share). A sample without spread (one
    number, or a flat image) stays as it is. Lin et al. 2023 (https://arxiv.org/abs/2305.08891), equations 15 and 16.
    """
    std, std_cond = (sample.reshape(len(sample), -1).std(dim=1, correction=0) for sample in (x0, conditional))  # [B]
    ratio = torch.where(std > torch.finfo(std.dtype).eps, std_cond / std, torch.ones_like(std))
    return x0 * match(share * ratio + (1 - share), x0)


class Composed(Wrapper):
    """See `compose`. What has weight 0 is not evaluated; if one estimate is left it is returned as it is."""

    def __init__(
        self, inner: DenoiserLike, base: Tensor, conditions: Sequence[Tensor], scales: Sequence[Scale], batched: bool
    ):
        super().__init__(inner)
        self.conditions, self.scales, self.batched = (base, *conditions), tuple(scales), batched

    def __call__(self, x: Tensor, t: Number, condition: Labels | None = None) -> Estimate:
        if condition is not None:
            raise ValueError("a guided denoiser is already bound to its conditions; call it without one")
        scales = [self._scale(scale, x, t) for scale in self.scales]
        weights = [1 - sum(scales), *scales]
        used = [i for i, weight in enumerate(weights) if _any(weight)]
        estimates = self._evaluate(x, t, [self.conditions[i] for i in used])
        return self._finish(x, t, blend(estimates, [weights[i] for i in used]), estimates)

    def _finish(self, x: Tensor, t: Number, guided: Estimate, estimates: Sequence[Estimate]) -> Estimate:
        return guided

    def _evaluate(self, x: Tensor, t: Number, conditions: Sequence[Tensor]) -> list[Estimate]:
        """The inner denoiser under each condition: x stacked k times as one batch, or k passes."""
        rows, k = [rows_for(condition, x) for condition in conditions], len(conditions)
        if k == 1 or not self.batched:
            return [self.inner(x, t, labels) for labels in rows]
        times = t.repeat(k) if isinstance(t, Tensor) else t
        with stacked(x):
            x0, eps = self.inner(torch.cat([x] * k), times, torch.cat(rows))  # [k B, ...] each
        return [Estimate(*pair) for pair in zip(x0.chunk(k), eps.chunk(k), strict=True)]

    def _scale(self, scale: Scale, x: Tensor, t: Number) -> Number:
        """The scale at time t: a float, or a tensor [B]."""
        value = scale(noise_level(self.path, t)) if callable(scale) else scale
        if not isinstance(value, Tensor):
            return float(value)
        if value.shape not in ((), (len(x),)):
            raise ValueError(f"scale of shape {tuple(value.shape)} for a batch of {len(x)}: give one, or one each")
        return value.to(x.dtype).to(x.device)


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
    condition: Labels,
    scale: Scale,
    negative: Labels | None = None,
    *,
    batched: bool = True,
    interval: tuple[float, float] | None = None,
    rescale: float = 0.0,
) -> Guided:
    """Guide a conditional denoiser: eps = eps_neg + s (eps_cond - eps_neg), and x0 likewise.

    condition: a label, or labels [B].
    scale: s as a number, one for each sample [B], or a function of the noise level sigma / alpha (infinite where
        alpha = 0) that returns either. s = 1 is the conditional pass alone and s = 0 the other alone, bit for bit.
    negative: the label(s) to move away from, in place of "no condition".
    batched: one pass over [2 B, ...], or two passes over [B, ...]: two evaluations a step either way.
    interval: (low, high]; `within` these noise levels the scale is s, and 1 outside.
    rescale: 0..1, how far x0 is brought back to the conditional estimate's standard deviation, `rescaled`; eps is
        then derived from x0. Nothing to do where a single pass is made.

    Raises ValueError for labels that the denoiser does not have or that do not match the batch, for an interval
    whose ends are in the wrong order, and for a denoiser that clips, is already bound to a condition, or was trained
    without dropping it.
    """
    null = _check_guidable(denoise)
    scale = as_scale(scale)
    away = torch.tensor([null]) if negative is None else check_labels(denoise, negative)
    if not _always_one(scale) and (away == null).any():
        _check_null_was_trained(denoise)
    if negative is not None and _never_above_one(scale):
        warnings.warn(
            f"a negative condition with scale {scale}: it pushes away only where the scale is above 1. At 1 it is not "
            "used, below 1 the samples move towards it, and at 0 they are samples of it",
            stacklevel=2,
        )
    if interval is not None:
        scale = within(scale, *interval)
    check_rescale(rescale)
    return Guided(denoise, away, check_labels(denoise, condition), scale, batched, rescale)


def compose(
    denoise: DenoiserLike, conditions: Sequence[Labels], weights: Sequence[Scale], *, batched: bool = True
) -> Composed:
    """Several conditions at once: eps = eps_uncond + sum_i w_i (eps_i - eps_uncond), and x0 likewise.

    A condition with a negative weight is avoided. Each weight is a number, one for each sample [B], or a function of
    the noise level. One condition is classifier-free guidance; conditions c and n with weights s and 1 - s are
    guidance by c with the negative n, and the unconditional pass, whose weight is then 0, is not made.

    Source: Liu et al. 2022, "Compositional Visual Generation with Composable Diffusion Models", equation 11.
    """
    null = _check_guidable(denoise)
    if len(conditions) == 0 or len(conditions) != len(weights):
        raise ValueError(
            f"{len(conditions)} conditions and {len(weights)} weights: give one weight for each, at least one"
        )
    scales = [as_scale(weight) for weight in weights]
    numbers = [scale for scale in scales if isinstance(scale, float)]
    if len(numbers) < len(scales) or sum(numbers) != 1:
        _check_null_was_trained(denoise)
    labels = [check_labels(denoise, condition) for condition in conditions]
    return Composed(denoise, torch.tensor([null]), labels, scales, batched)


def _check_guidable(denoise: DenoiserLike) -> int:
    """The null label of a denoiser that can be guided, or an error that says why it cannot."""
    if getattr(denoise, "clipped", False):
        raise ValueError(
            "this denoiser already clips x0, and guidance would amplify the clipped estimates. Clip the guided one: "
            "clip(classifier_free(denoise, ...), 1.0)"
        )
    if getattr(denoise, "condition", None) is not None or getattr(denoise, "conditions", None) is not None:
        raise ValueError("this denoiser is already bound to a condition; guide the one that it was made from")
    check_labels(denoise, 0)  # has classes
    return denoise.classes  # type: ignore[attr-defined]


def _check_null_was_trained(denoise: DenoiserLike) -> None:
    card = getattr(denoise, "card", None) or {}
    if card.get("recipe", {}).get("condition_dropout") == 0:
        raise ValueError(
            "this network was trained without dropping its condition (condition_dropout 0 in its card), so it has "
            "never learned what 'no condition' is. Train it with condition_dropout=0.1, or use scale=1, or a negative"
        )


def as_scale(scale: Scale | Sequence[float]) -> Scale:
    """The scale as a function, a float or a tensor [B] in double precision; a ValueError for anything else."""
    if callable(scale):
        return scale
    try:
        values = torch.as_tensor(scale, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError):  # a text, None, rows of several lengths
        values = torch.empty(0)
    if values.ndim > 1 or values.numel() == 0 or not values.isfinite().all():
        raise ValueError(f"scale must be a finite number, one for each sample, or a function; got {scale!r}")
    return float(values) if values.ndim == 0 else values


def _always_one(scale: Scale) -> bool:
    return not callable(scale) and not _any(scale - 1)


def _never_above_one(scale: Scale) -> bool:
    return not callable(scale) and not _any(torch.as_tensor(scale) > 1)


def _any(value: Number) -> bool:
    return bool(value.any()) if isinstance(value, Tensor) else value != 0

"""Guidance that makes its second pass at every k-th step only, and keeps in between what that pass changed.

guided = reuse_negative(classifier_free(denoise, 7, 3.0), every=2)

Guidance moves along the difference between the estimate with the condition and the one without it. From step to step
this difference changes slowly, if it is measured in the unit of v; so it is kept, and only the conditional pass is
made. Source: Castillo et al. 2023, "Adaptive guidance" (https://arxiv.org/abs/2312.12487), who replace unconditional
passes by what earlier passes foretell.
"""

from collections.abc import Sequence

from torch import Tensor

from diffusion_lessons.estimates import Estimate
from diffusion_lessons.guidance.classifier_free import Guided
from diffusion_lessons.guidance.scales import Number
from diffusion_lessons.optimise.feature_cache import check_every
from diffusion_lessons.path import Path


class ReusedNegative(Guided):
    """See `reuse_negative`."""

    def __init__(self, guided: Guided, every: int) -> None:
        away, towards = guided.conditions
        super().__init__(guided.inner, away, towards, guided.scales[0], guided.batched, guided.rescale)
        self.every = every
        self._forget()

    def _forget(self) -> None:
        self.last: float | None = None
        self.kept: Tensor | None = None  # the difference, in the unit of v
        self.asked = 0

    def _evaluate(self, x: Tensor, t: Number, conditions: Sequence[Tensor]) -> list[Estimate]:
        if len(conditions) < 2 or isinstance(t, Tensor) or self.every == 1:
            return super()._evaluate(x, t, conditions)
        if self.kept is not None and (self.last is None or t >= self.last or self.kept.shape != x.shape):
            self._forget()  # another trajectory
        due, self.last = self.asked % self.every == 0, t
        self.asked += 1
        per_v = v_over_x0(self.path, t)
        if due or self.kept is None:
            without, told = super()._evaluate(x, t, conditions)
            self.kept = (told.x0 - without.x0) * per_v
            return [without, told]
        (told,) = super()._evaluate(x, t, conditions[1:])
        x0 = told.x0 - self.kept / per_v
        return [Estimate.from_x0(x, x0, self.path, t), told]


def v_over_x0(path: Path, t: float) -> float:
    """By how much v differs where x0 differs by one, at equal x: (alpha^2 + sigma^2) / sigma, without its sign."""
    return (path.alpha(t) ** 2 + path.sigma(t) ** 2) / path.sigma(t)


def reuse_negative(guided: Guided, every: int = 2) -> ReusedNegative:
    """The same guidance, whose pass without the condition (or with the negative) is made at every `every`-th time only.

        d = (x0_told - x0_without) (alpha^2 + sigma^2) / sigma,  when both passes were made last
        x0_without = x0_told - d sigma / (alpha^2 + sigma^2),    in between

    With every=1 the result is the same bit for bit. Where the scale needs one pass only (outside an interval, at s = 1)
    one is made and nothing is counted. A time that does not fall begins a new trajectory. With `every` k, N guided
    steps cost N + ceil(N / k) evaluations in place of 2 N.

    Raises ValueError for what `classifier_free` did not make, and for an `every` that is no whole number above 0.
    """
    check_every(every)
    if type(guided) is not Guided:
        raise ValueError(f"only what `classifier_free` returns makes a pass that could be kept; got {guided!r}")
    return ReusedNegative(guided, every)

"""One network on every path: a change of clock and scale, after which a flow network samples as a diffusion network."""

from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path, match, time_for


class OnPath(Wrapper):
    """See `on_path`."""

    def __init__(self, inner: DenoiserLike, path: Path):
        super().__init__(inner)
        check_value("path", path, Path)
        check_value("denoise.path", getattr(inner, "path", None), Path)
        if getattr(inner, "times", None) is not None:
            raise ValueError("this network is a student of a few times of its own path: it has no other clock")
        self.path = path

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        t, own = time_for(x, t), self.inner.path  # type: ignore[attr-defined]
        lam, lowest = self.path.lam(t), own.lam(own.T)
        its_time = own.t_of_lam(lam).clamp(max=own.T) if isinstance(lam, Tensor) else min(own.t_of_lam(lam), own.T)
        ratio = (own.alpha(its_time) + own.sigma(its_time)) / (self.path.alpha(t) + self.path.sigma(t))
        estimate = super().__call__(match(ratio, x) * x, its_time, condition)
        if torch.as_tensor(lam < lowest).any():  # noisier than its own path ever is: what is left of x is noise
            return Estimate.from_x0(x, estimate.x0, self.path, t)
        return estimate


def on_path(denoise: DenoiserLike, path: Path) -> OnPath:
    """The same denoiser on another path: at t it is asked at the time t' with the same noise level, in its own scale.

        lambda'(t') = lambda(t),   x' = x (alpha'_t' + sigma'_t') / (alpha_t + sigma_t)

    A Gaussian path is a clock and a scale: x / (alpha + sigma) has, at one noise level, the same distribution on all.
    So x0_hat and eps_hat are the same, nothing is trained, and the probability-flow ODEs have the same solutions up to
    scale (Karras et al. 2022, appendix B.2; Kingma et al. 2021, section 5.1). Where `path` is noisier than the
    denoiser's own ever is (a straight path at t = 1), it is asked at its own end, and eps follows from x and x0_hat.

    Raises ValueError for a denoiser without a path, and for a student of a few times. Clip it afterwards, if at all:
    `clip(on_path(condition_on(network, 7), path))`.
    """
    return OnPath(denoise, path)

"""Denoisers: what a sampler evaluates at every step, and the wrappers that change the estimate.

A denoiser is any callable `denoise(x, t, condition=None) -> Estimate(x0, eps)`: which clean sample and which noise do
you see in x_t? `Denoiser` makes one from a network, whatever the network predicts; `toys` has exact ones. Wrappers are
denoiser -> denoiser, so each works with every sampler.
"""

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.denoisers.clipping import check_limit, check_percentile, clip
from diffusion_lessons.denoisers.conditions import (
    as_condition,
    check_labels,
    condition_on,
    label_number,
    null_condition,
    read_condition,
    rows_for,
    takes_condition,
)
from diffusion_lessons.denoisers.counting import count_calls, stacked
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.denoisers.on_path import on_path
from diffusion_lessons.estimates import Estimate

__all__ = [
    "Denoiser",
    "DenoiserLike",
    "Estimate",
    "Wrapper",
    "as_condition",
    "check_labels",
    "check_limit",
    "check_percentile",
    "clip",
    "condition_on",
    "count_calls",
    "label_number",
    "null_condition",
    "on_path",
    "read_condition",
    "rows_for",
    "stacked",
    "takes_condition",
]

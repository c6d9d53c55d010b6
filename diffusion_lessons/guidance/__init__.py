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

from diffusion_lessons.guidance.classifier_free import Guided, check_rescale, classifier_free, rescaled
from diffusion_lessons.guidance.composition import Composed, blend, compose
from diffusion_lessons.guidance.scales import (
    CONVENTIONS,
    as_scale,
    check_interval,
    noise_level,
    scale_from_w,
    within,
)

__all__ = [
    "CONVENTIONS",
    "Composed",
    "Guided",
    "as_scale",
    "blend",
    "check_interval",
    "check_rescale",
    "classifier_free",
    "compose",
    "noise_level",
    "rescaled",
    "scale_from_w",
    "within",
]

"""Formulas that the exercises of several lessons share, for numbers, arrays and tensors alike.

Levels are alpha_bar = alpha^2 as in the exercises' signatures; ab_t < ab_s, since t is the noisier time.
"""

from diffusion_lessons.path import Path
from diffusion_lessons.schedules import from_alpha_bar


def level_path(ab: float) -> Path:
    """A path with one level between the data and the noise; its time 1 has this alpha_bar."""
    return from_alpha_bar([1.0, ab, 0.0])


def two_level_path(ab_t: float, ab_s: float) -> tuple[Path, float, float]:
    """A path that passes these two levels, and its times t > s."""
    return (from_alpha_bar([1.0, ab_t]), 1.0, 0.0) if ab_s == 1 else (from_alpha_bar([ab_s, ab_t]), 2.0, 1.0)


def x0_from_eps(x, eps, ab):
    """x0_hat = (x_t - sqrt(1 - alpha_bar) eps) / sqrt(alpha_bar)."""
    return (x - (1 - ab) ** 0.5 * eps) / ab**0.5


def posterior_mean(x, eps, ab_t, ab_s):
    """The mean of DDPM's step: (x_t - beta / sigma_t eps) / sqrt(1 - beta), beta = 1 - alpha_bar_t / alpha_bar_s."""
    ratio = ab_t / ab_s
    return (x - (1 - ratio) / (1 - ab_t) ** 0.5 * eps) / ratio**0.5


def large_std(ab_t, ab_s):
    """sqrt(beta), the standard deviation of DDPM's step with the large variance; 0 on the step to clean data."""
    return (1 - ab_t / ab_s) ** 0.5 if ab_s < 1 else 0.0


def blend(uncond, cond, scale):
    """Guidance: the unconditional prediction plus `scale` times its difference to the conditional one."""
    return uncond + scale * (cond - uncond)


def euler(u, x, t, s):
    """Euler's step along the velocity u(x, t), from t to s."""
    return x + (s - t) * u(x, t)

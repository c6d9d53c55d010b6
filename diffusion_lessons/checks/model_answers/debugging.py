"""Answers of lesson 17: a yardstick, a probe, three patients, and a mended one."""

import numpy as np

from diffusion_lessons import clinic


def linear_loss(variances, level):
    return np.mean(variances * level**2 / (variances + level**2))


def signal_and_noise(x, picture):
    signal = (x @ picture).mean() / (picture**2).sum()
    return [signal, ((x - signal * picture) ** 2).mean() ** 0.5]


def diagnoses(patients):
    return [clinic.examine(case, lambda line: None).cause for case in clinic.unnamed(patients)]


def guide_then_clip(x0_uncond, x0_cond, scale):
    return np.clip(x0_uncond + scale * (x0_cond - x0_uncond), -1, 1)

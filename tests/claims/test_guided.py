"""Guided samples of Gaussians end where the closed form says."""

import pytest

from claims.distances import COSINE
from claims.guided import classes, guided_samples
from diffusion_lessons.toys.tilted import guided_ode_std


def test_the_width_of_guided_samples_is_that_of_the_ode():
    x = guided_samples(classes((1.0, 0.5), (0.0, 1.0)), 2.0, seed=0)
    assert float(x.std()) == pytest.approx(guided_ode_std(1.0, 0.5, 2.0, COSINE), rel=0.05)


def test_at_scale_1_the_condition_is_sampled():
    x = guided_samples(classes((1.0, 0.5), (0.0, 1.0)), 1.0, seed=0)
    assert (float(x.mean()), float(x.std())) == pytest.approx((1.0, 0.5), abs=0.05)

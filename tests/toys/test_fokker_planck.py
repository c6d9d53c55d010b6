"""The residual falls with the square of the distance of points for the exact drift, and for no other."""

import math
from itertools import pairwise

import pytest

from diffusion_lessons import toys
from diffusion_lessons.estimates import Estimate
from tests.paths import PATHS

MIXTURE = toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4], weights=[0.3, 0.7])


@pytest.mark.parametrize("name", ["ddpm_linear", "cosine", "flow", "variance_exploding"])
@pytest.mark.parametrize("k", [0.0, 0.5, 1.0, 2.0])
def test_every_setting_of_the_knob_keeps_the_marginals(name, k):
    path = PATHS[name]
    residuals = [toys.fokker_planck_residual(MIXTURE, path, path.t_of_lam(0.0), k, n=n) for n in (100, 200, 400)]
    assert residuals[-1] < 0.01
    for coarse, fine in pairwise(residuals):
        assert math.log2(coarse / fine) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("k", [0.0, 1.0])
def test_a_wrong_drift_leaves_a_residual(k):
    path = PATHS["flow"]
    exact = MIXTURE.denoiser(path)

    def weak(x, t):
        x0, eps = exact(x, t)
        return Estimate(x0, 0.9 * eps)

    coarse, fine = (toys.fokker_planck_residual(MIXTURE, path, 0.5, k, denoise=weak, n=n) for n in (200, 800))
    assert fine > 0.03 and fine == pytest.approx(coarse, rel=0.2)

"""The least possible loss and the excess over it, against a closed form, against samples, and against each other."""

import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.toys.bayes_loss import bayes_loss, excess_loss
from diffusion_lessons.training.losses import loss

PATH = schedules.ddpm_linear()
HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


@pytest.mark.parametrize("t", [3.0, 150.0, 800.0])
def test_least_loss_of_one_gaussian(t):
    """Var(eps | x_t) = alpha^2 s^2 / (alpha^2 s^2 + sigma^2) for data N(m, s^2)."""
    data = PATH.alpha(t) ** 2 * 0.25
    assert bayes_loss(toys.GaussianMixture([0.7], stds=0.5), PATH, t) == pytest.approx(
        data / (data + PATH.sigma(t) ** 2)
    )


@pytest.mark.parametrize("path, predicts", [(PATH, "eps"), (PATH, "x0"), (PATH, "v"), (schedules.flow(), "velocity")])
def test_losses_of_samples_are_least_plus_excess(path, predicts):
    """The training loss itself, of the exact denoiser's answer and of one that is off by 0.3."""
    generator, n, time = torch.Generator().manual_seed(0), 100_000, 0.3 * path.T
    x0, t = HEAPS.sample(n, generator, torch.float64), torch.full((n,), time, dtype=torch.float64)
    eps = torch.randn(n, generator=generator, dtype=torch.float64)
    exact = HEAPS.denoiser(path)

    def answer(x, t):
        seen = exact(x, t)
        known = {"eps": seen.eps, "x0": seen.x0, "velocity": seen.eps - seen.x0}
        return known.get(predicts, path.alpha(t) * seen.eps - path.sigma(t) * seen.x0)

    best = bayes_loss(HEAPS, path, time, predicts)
    assert float(loss(answer, x0, eps, t, path, predicts)) == pytest.approx(best, rel=0.02)
    if predicts == "eps":
        off = excess_loss(lambda x, t: exact(x, t).eps + 0.3, HEAPS, path, time)
        assert off == pytest.approx(0.09)
        found = float(loss(lambda x, t: answer(x, t) + 0.3, x0, eps, t, path, predicts))
        assert found == pytest.approx(best + off, rel=0.02)


def test_points_are_refused():
    with pytest.raises(ValueError, match="mixture of numbers"):
        bayes_loss(toys.GaussianMixture([[0.0, 1.0]], stds=1.0), PATH, 10.0)

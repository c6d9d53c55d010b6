"""Exact distributions against automatic differentiation, numerical integration and their own samples."""

import math

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from tests.paths import PATHS

FULL = toys.GaussianMixture(
    [[1.0, 2.0], [-1.0, 0.0]], covariances=[[[1.0, 0.5], [0.5, 0.6]], [[0.3, 0.0], [0.0, 0.2]]], weights=[1, 3]
)
ROUND = toys.GaussianMixture([[1.0, 2.0], [-1.0, 0.0]], stds=[0.5, 0.2])
LINE = toys.GaussianMixture([-2.0, 1.0], stds=[0.4, 0.7], weights=[1, 2])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("mixture", [FULL, ROUND], ids=["full", "round"])
def test_eps_is_the_score(path, mixture):
    t = 0.4 * path.T
    x = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(mixture.log_prob(x, path, t).sum(), x)
    x = x.detach()
    estimate = mixture.denoiser(path)(x, t)
    torch.testing.assert_close(mixture.score(x, path, t), gradient)
    torch.testing.assert_close(estimate.eps, -path.sigma(t) * gradient)
    torch.testing.assert_close(path.alpha(t) * estimate.x0 + path.sigma(t) * estimate.eps, x)


def test_x0_is_the_posterior_mean_by_integration():
    path, t = schedules.flow(), 0.6
    grid = torch.linspace(-8, 8, 20_001, dtype=torch.float64)
    for x in (-1.0, 0.2, 1.5):
        likelihood = torch.exp(-0.5 * ((x - path.alpha(t) * grid) / path.sigma(t)) ** 2)
        posterior = LINE.log_prob(grid).exp() * likelihood
        mean = (posterior * grid).sum() / posterior.sum()
        estimate = LINE.denoiser(path)(torch.tensor([x], dtype=torch.float64), t)
        assert estimate.x0.item() == pytest.approx(mean.item(), rel=1e-8)


def test_density_integrates_to_one_and_matches_samples():
    grid = torch.linspace(-8, 8, 20_001, dtype=torch.float64)
    assert torch.trapezoid(LINE.log_prob(grid).exp(), grid).item() == pytest.approx(1, abs=1e-9)
    x = FULL.sample(40_000, torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = torch.tensor([0.25, 0.75], dtype=torch.float64)
    means = torch.tensor([[1.0, 2.0], [-1.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(x.mean(0), weights @ means, atol=0.03, rtol=0)
    second = torch.tensor([[1.0, 0.5], [0.5, 0.6]]), torch.tensor([[0.3, 0.0], [0.0, 0.2]])
    spread = sum(w * (c + torch.outer(m, m)) for w, c, m in zip(weights, second, means, strict=True))
    torch.testing.assert_close(x.mT @ x / len(x), spread.double(), atol=0.05, rtol=0)


def test_the_ode_of_a_gaussian_has_the_closed_form():
    gaussian = toys.GaussianMixture([[1.5]], stds=0.3)
    for path in (schedules.cosine(), schedules.flow(), schedules.variance_exploding()):
        start = path.t_max
        x = torch.tensor([[0.7], [-1.2]], dtype=torch.float64) * path.prior_std
        times = path.grid(4000, "logsnr", t_min=0.2 * path.T)
        end = samplers.sample(samplers.ddim, gaussian.denoiser(path), x, path, times)
        spread = [math.hypot(path.alpha(t) * 0.3, path.sigma(t)) for t in (start, 0.2 * path.T)]
        exact = path.alpha(0.2 * path.T) * 1.5 + (x - path.alpha(start) * 1.5) * spread[1] / spread[0]
        torch.testing.assert_close(end, exact, rtol=2e-3, atol=2e-3)


def test_point_masses_remember_every_sample():
    images = torch.rand(5, 1, 4, 4, dtype=torch.float64)
    path = schedules.cosine()
    memory = toys.point_masses(images).denoiser(path)
    assert memory.shape == (1, 4, 4)
    x = samplers.sample(samplers.ddim, memory, path.prior((20, 1, 4, 4), dtype=torch.float64), path, path.grid(30))
    nearest = (x[:, None] - images[None]).flatten(2).norm(dim=2).min(dim=1).values
    assert nearest.max() < 1e-6
    with pytest.raises(ValueError, match="point mass has no density"):
        toys.point_masses(images).log_prob(images)


def test_conditional_denoisers_are_their_parts_and_their_union():
    both = toys.ConditionalMixture([ROUND, FULL], weights=[1, 3])
    path, t = schedules.cosine(), 400.0
    denoise, x = both.denoiser(path), torch.randn(4, 2, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 1])
    mixed = denoise(x, t, labels)
    for i, part in enumerate((ROUND, FULL, both.union, FULL)):
        torch.testing.assert_close(mixed.x0[i : i + 1], part.denoiser(path)(x[i : i + 1], t).x0)
    torch.testing.assert_close(denoise(x, t).eps, both.union.denoiser(path)(x, t).eps)
    density = 0.25 * ROUND.log_prob(x).exp() + 0.75 * FULL.log_prob(x).exp()
    torch.testing.assert_close(both.union.log_prob(x).exp(), density)
    samples, drawn = both.sample(4000, torch.Generator().manual_seed(0))
    assert samples.shape == (4000, 2) and drawn.float().mean().item() == pytest.approx(0.75, abs=0.03)


def test_answers_come_in_the_dtype_of_x():
    for dtype in (torch.float32, torch.bfloat16):
        estimate = FULL.denoiser(schedules.cosine())(torch.randn(3, 2).to(dtype), 500.0)
        assert estimate.x0.dtype == estimate.eps.dtype == dtype


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: toys.GaussianMixture([0.0]), "either stds or covariances"),
        (lambda: toys.GaussianMixture([], stds=1.0), "at least one component"),
        (lambda: toys.GaussianMixture([0.0, 1.0], stds=1.0, weights=[1, -1]), "2 positive numbers"),
        (lambda: toys.GaussianMixture([[0.0, 1.0]], covariances=[[[1.0, 2.0], [0.0, 1.0]]]), "symmetric"),
        (lambda: toys.GaussianMixture([[0.0, 1.0]], covariances=[[[1.0, 2.0], [2.0, 1.0]]]), "positive semidefinite"),
        (lambda: ROUND.log_prob(torch.zeros(2, 3)), r"shape \(2,\); x holds \(3,\)"),
        (lambda: toys.ConditionalMixture([ROUND, LINE]), "one shape"),
    ],
)
def test_bad_mixtures_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_point_mass_at_sigma_0_is_refused_whatever_form_t_has():
    point = toys.point_masses(torch.zeros(1, 2))
    for t in (0.0, torch.tensor(0.0), torch.tensor([0.5, 0.0])):
        with pytest.raises(ValueError, match="no density at sigma = 0"):
            point.estimate(torch.zeros(2, 2), schedules.flow(), t)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_line_is_a_covariance_too(dtype):
    """v v^T has an eigenvalue that rounding leaves just below 0; all samples lie on the line of v."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        v = torch.randn(3, generator=generator, dtype=torch.float64)
        mixture = toys.GaussianMixture([[0.0, 0.0, 0.0]], covariances=torch.outer(v, v).to(dtype)[None].tolist())
        x = mixture.sample(20, generator, torch.float64)
        across = x - torch.outer(x @ v, v) / v.square().sum()
        assert across.abs().max() < 1e-3 * v.norm() and (mixture.variances >= 0).all()


def test_a_class_may_get_no_sample():
    rare = toys.ConditionalMixture([ROUND, ROUND], weights=[1.0, 1e-12])
    x, labels = rare.sample(20, torch.Generator().manual_seed(0))
    assert labels.tolist() == [0] * 20 and x.shape == (20, 2) and x.isfinite().all()
    assert ROUND.sample(0).shape == (0, 2) and [len(part) for part in rare.sample(0)] == [0, 0]


@pytest.mark.parametrize("n", [-1, 2.5, True, "3"])
def test_a_number_of_samples_that_is_none_is_refused(n):
    for mixture in (ROUND, toys.ConditionalMixture([ROUND])):
        with pytest.raises(ValueError, match="n must be a whole number from 0 to 1e"):
            mixture.sample(n)


@pytest.mark.parametrize("std", [-1.0, math.nan, math.inf, [0.1, 0.2, 0.3], [[0.1], [0.2]]])
def test_stds_that_are_none_are_refused(std):
    with pytest.raises(ValueError, match="stds must be a number of at least 0, or 2 of them; got "):
        toys.GaussianMixture([[0.0], [1.0]], stds=std)


@pytest.mark.parametrize("mean", [math.nan, math.inf])
def test_means_must_be_finite(mean):
    with pytest.raises(ValueError, match="means must be finite"):
        toys.GaussianMixture([[mean]], stds=1.0)


def test_the_fingerprint_tells_toys_and_paths_apart():
    flow = schedules.flow()
    again = toys.GaussianMixture([[1.0, 2.0], [-1.0, 0.0]], stds=[0.5, 0.2]).denoiser(schedules.flow())
    assert ROUND.denoiser(flow).fingerprint == again.fingerprint
    others = [
        ROUND.denoiser(schedules.cosine()),
        FULL.denoiser(flow),
        toys.GaussianMixture([[1.0, 2.0], [-1.0, 0.0]], stds=[0.5, 0.3]).denoiser(flow),
        toys.ConditionalMixture([ROUND]).denoiser(flow),
    ]
    assert len({again.fingerprint, *(each.fingerprint for each in others)}) == 5

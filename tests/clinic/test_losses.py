"""The linear denoiser is exact for a Gaussian; errors are ordered as the theorem says."""

import math

import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.clinic.losses import (
    LEVELS,
    Errors,
    LinearDenoiser,
    errors_by_label,
    errors_by_level,
    null_cost,
    null_distance,
    reached,
)

PATH = schedules.cosine()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_linear_denoiser_is_exact_where_the_data_are_gaussian():
    covariance = [[0.3, 0.1], [0.1, 0.8]]
    data = toys.GaussianMixture([[0.5, -1.0]], covariances=[covariance])
    sample = data.sample(20_000, generator(), torch.float64)
    centred = sample - sample.mean(dim=0)
    cholesky = torch.linalg.cholesky(torch.cov(centred.T))
    exactly = torch.linalg.solve_triangular(cholesky, centred.T, upper=False).T  # covariance 1, to rounding
    sample = exactly @ torch.linalg.cholesky(torch.tensor(covariance, dtype=torch.float64)).T
    sample = sample + torch.tensor([0.5, -1.0], dtype=torch.float64)
    linear, exact = LinearDenoiser(sample, PATH), data.denoiser(PATH)
    x = torch.randn(7, 2, generator=generator(1), dtype=torch.float64)
    for t in (50.0, 500.0, 950.0):
        assert torch.allclose(linear(x, t).x0, exact(x, t).x0, atol=1e-9)
    times = torch.linspace(100, 900, 7, dtype=torch.float64)
    assert torch.allclose(linear(x, times).x0, exact(x, times).x0, atol=1e-9)


def test_the_best_denoiser_beats_the_linear_one_and_is_orthogonal_to_its_error():
    clusters = toys.GaussianMixture([[-1.0, 0.5], [1.0, 0.2], [0.3, -0.9]], stds=0.1)
    sample = clusters.sample(4000, generator())
    linear = errors_by_level(LinearDenoiser(sample[:2000], PATH), sample[2000:], path=PATH)
    exact = errors_by_level(clusters.denoiser(PATH), sample[2000:])
    assert exact.levels == LEVELS and exact.squared.shape == (7, 2000)
    assert (exact.mean / linear.mean).max() < 1.02 and (exact.mean / linear.mean).min() < 0.3
    assert (exact.overlap.abs() < 0.02).all()


def test_levels_that_the_path_does_not_reach_are_left_out():
    short = schedules.ddpm_linear(T=300)  # of noise there is little at its T
    assert max(reached(short)) < max(LEVELS) and all(
        math.isclose(math.exp(-short.lam(t)), level, rel_tol=0.01) for level, t in reached(short).items()
    )


def test_right_null_wrong():
    classes = toys.ConditionalMixture([toys.GaussianMixture([[m, 0.0]], stds=0.2) for m in (-1.0, 1.0)])
    labels = torch.arange(2).repeat(500)
    images = torch.stack([2.0 * labels - 1, torch.zeros(1000)], dim=1) + 0.2 * torch.randn(
        1000, 2, generator=generator()
    )
    found = errors_by_label(classes.denoiser(PATH), images, labels)
    assert (found["right"].mean[3:] < found["null"].mean[3:]).all()
    assert (found["null"].mean[3:] < found["wrong"].mean[3:]).all()


def test_no_condition_costs_half_of_a_wrong_one_at_most():
    """And nothing where x_t shows what it is; what answers like one condition costs all of it."""
    means = torch.tensor([-1.0, 0.0, 1.0])
    classes = toys.ConditionalMixture([toys.GaussianMixture([[m, 0.0]], stds=0.1) for m in means.tolist()])
    labels = torch.randint(3, (4000,), generator=generator(1))
    images = torch.stack([means[labels], torch.zeros(4000)], dim=1) + 0.1 * torch.randn(4000, 2, generator=generator())
    exact = classes.denoiser(PATH)
    found = errors_by_label(exact, images, labels)
    at = {level: {kind: Errors((level,), one.squared[k : k + 1], one.overlap[:1]) for kind, one in found.items()}
          for k, level in enumerate(found["right"].levels)}  # fmt: skip
    assert abs(null_cost(at[15.0], 15).share - 0.5) < 0.03 and abs(null_cost(at[15.0], 15).sure) < 3
    assert null_cost(at[0.15], 15).share < 0.02 and 0.02 < null_cost(at[1.2], 15).share < 0.4
    assert null_cost(found, 1.25).share < 0.3 and null_cost(found, 1.25).sure < -10
    other = null_cost({**found, "null": found["wrong"]}, 1.25)
    assert other.share == 1 and other.sure > 10
    assert math.isnan(null_cost({**found, "wrong": found["right"]}, 1.25).share)
    assert null_distance(exact, images, labels) < 0.1  # the chance of 100 draws, and what x_t tells even there

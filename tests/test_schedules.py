"""Paths against their formulas."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline, PchipInterpolator

from diffusion_lessons import schedules
from tests.paths import PATHS

squares = np.cos((np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
TABLES = {
    "ddpm_linear": (PATHS["ddpm_linear"], [1, *np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))]),
    "short": (PATHS["short"], [1, *np.cumprod(1 - np.linspace(1e-3, 0.5, 10))]),
    "cosine": (PATHS["cosine"], [1, *np.cumprod(1 - np.minimum(1 - squares[1:] / squares[:-1], 0.999))]),
    "zero_terminal": (PATHS["zero_terminal"], [1, 0.9, 0.5, 0.2, 0]),
    "worked example": (schedules.from_alpha_bar([0.99, 0.5, 0.0001]), [1, 0.99, 0.5, 0.0001]),
    "one level": (schedules.from_alpha_bar([0.3]), [1, 0.3]),
}

every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


def test_ddpm_is_the_running_product_of_its_betas():
    path = schedules.ddpm_linear()
    alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    for t in (1, 2, 500, 1000):
        assert path.alpha_bar(t) == pytest.approx(alpha_bar[t - 1], rel=1e-12)
    assert path.alpha_bar(0) == 1 and path.sigma(0) == 0
    assert torch.allclose(path.betas, torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), atol=1e-15)


def test_step_by_step_forward_equals_the_closed_form():
    """x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z, followed as mean and variance, is alpha_t x_0 + sigma_t eps."""
    path = schedules.cosine(T=50)
    mean, variance = 1.0, 0.0
    for t, beta in enumerate(path.betas.tolist(), start=1):
        mean, variance = math.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
        assert path.alpha(t) == pytest.approx(mean, rel=1e-9)
        assert path.sigma(t) ** 2 == pytest.approx(variance, rel=1e-9)


def test_scaling_noise_by_beta_instead_of_its_root_is_visible():
    """The known mistake: with beta = 0.035, 100 steps leave mean 0.17 x_0, but 0.035 z per step never makes noise."""
    beta, generator = 0.035, torch.Generator().manual_seed(0)
    right = wrong = torch.ones(20_000)
    for _ in range(200):
        z = torch.randn(20_000, generator=generator)
        right = math.sqrt(1 - beta) * right + math.sqrt(beta) * z
        wrong = math.sqrt(1 - beta) * wrong + beta * z
    assert right.std().item() == pytest.approx(1, abs=0.02)
    assert wrong.std().item() < 0.2


def test_cosine_formula():
    path = schedules.cosine()
    f = np.cos((np.array([0, 1, 500, 900]) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    for t, value in zip((1, 500, 900), f[1:], strict=True):
        assert path.alpha_bar(t) == pytest.approx(value / f[0], rel=1e-9)
    assert path.betas.max().item() == pytest.approx(0.999)


@given(share=st.floats(1e-3, 1.0))
def test_variance_preserving_paths_preserve_variance(share):
    for name in ("ddpm_linear", "cosine", "zero_terminal"):
        path = PATHS[name]
        t = share * path.T
        assert path.alpha(t) ** 2 + path.sigma(t) ** 2 == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", ["ddpm_linear", "cosine"])
def test_log_alpha_bar_is_the_cubic_spline_of_the_table(name):
    path, table = PATHS[name], np.array([PATHS[name].alpha_bar(n) for n in range(1001)])
    spline = CubicSpline(np.arange(1001), np.log(table))
    for t in (0.25, 1.5, 7.5, 444.1, 998.3, 999.5):
        assert math.log(path.alpha_bar(t)) == pytest.approx(spline(t), rel=1e-9)


@pytest.mark.parametrize("levels", [(0.99, 0.5, 0.0001), (0.9, 0.5, 0.2), (0.5, 0.49, 0.01)])
def test_few_levels_are_joined_by_pchip(levels):
    table = np.log([1.0, *levels])
    assert CubicSpline(range(4), table)(np.linspace(0, 3, 200), 1).max() > 0  # the spline would rise
    path, pchip = schedules.from_alpha_bar(levels), PchipInterpolator(range(4), table)
    for t in (0.25, 1.5, 2.9):
        assert math.log(path.alpha_bar(t)) == pytest.approx(pchip(t), rel=1e-9)


@pytest.mark.parametrize("name", TABLES)
def test_whole_times_are_the_table_itself(name):
    path, table = TABLES[name]
    table, times = np.asarray(table), torch.arange(len(table), dtype=torch.float64)
    assert path.alpha_bar(times).tolist() == table.tolist() == [path.alpha_bar(t) for t in times.tolist()]
    np.testing.assert_allclose(path.alpha(times), np.sqrt(table), rtol=1e-15)
    assert path.alpha_bar(times.float()).tolist() == table.astype(np.float32).tolist()


@pytest.mark.parametrize("name", TABLES)
def test_a_path_falls_everywhere_and_its_lambda_inverts(name):
    path, _ = TABLES[name]
    start = torch.tensor([0.0, 1e-6, 1e-3], dtype=torch.float64)
    t = torch.cat([start, torch.linspace(0.01, 1, 30_001, dtype=torch.float64)]) * path.T
    assert (path.alpha_bar(t).diff() < 0).all() and (path.lam(t).diff() < 0).all() and (path.sigma(t).diff() >= 0).all()
    torch.testing.assert_close(path.t_of_lam(path.lam(t)), t, rtol=1e-12, atol=0)


def test_lambda_beyond_the_table_is_its_end():
    assert PATHS["ddpm_linear"].t_of_lam(-50.0) == 1000 and PATHS["zero_terminal"].t_of_lam(-math.inf) == 4
    assert schedules.from_alpha_bar([0.0]).t_of_lam(0.0) == pytest.approx(1 - math.sqrt(0.5))  # alpha = 1 - t


@pytest.mark.parametrize("name", ["ddpm_linear", "cosine", "short"])
def test_derivatives_do_not_jump_at_whole_times(name):
    path, h = PATHS[name], 1e-9
    for t in (1.0, 3.0, path.T // 2, path.T - 1):
        for slope in (path.d_alpha, path.d_sigma):
            assert slope(t - h) == pytest.approx(slope(t), rel=1e-6) == pytest.approx(slope(t + h), rel=1e-6)
    assert path.d_sigma(0) == math.inf and path.d_alpha(path.T) == pytest.approx(path.d_alpha(path.T - h), rel=1e-6)


def test_where_alpha_ends_at_0_it_goes_there_straight():
    path = PATHS["zero_terminal"]
    assert path.alpha(3.25) == pytest.approx(0.75 * math.sqrt(0.2)) and path.d_alpha(3.25) == -math.sqrt(0.2)
    assert path.d_alpha(4) == -math.sqrt(0.2) and path.d_sigma(4) == 0


@every_path
def test_a_card_makes_the_same_path(path):
    twin = schedules.from_card(path.card)
    assert twin == path and hash(twin) == hash(path) and twin.alpha(0.4 * path.T) == path.alpha(0.4 * path.T)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_noise_is_a_zero_without_a_sign(path):
    assert math.copysign(1, path.sigma(0.0)) == 1
    assert not path.sigma(torch.zeros(2)).signbit().any()


def test_zero_terminal_path_ends_in_pure_noise():
    path = PATHS["zero_terminal"]
    assert path.alpha(4) == 0 and path.sigma(4) == 1 and path.lam(4) == -math.inf
    assert 3 < path.t_max < 4 and path.alpha(3) == pytest.approx(math.sqrt(0.2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.from_alpha_bar([0.5, 0.7]), "fall strictly"),
        (lambda: schedules.from_alpha_bar([]), "fall strictly|list of"),
        (lambda: schedules.from_alpha_bar([0.5, float("nan")]), "finite"),
        (lambda: schedules.ddpm_linear(T=0), "T must be a whole number from 1 to 1,000,000; got 0"),
        (lambda: schedules.ddpm_linear(beta_end=1.5), "beta_end=1.5"),
        (lambda: schedules.variance_exploding(sigma_max=0.001), "sigma_min < sigma_max"),
        (lambda: schedules.from_card({"path": "sine"}), "unknown path 'sine'; the paths are ddpm_linear"),
    ],
)
def test_bad_paths_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_leading_one_is_time_zero():
    assert schedules.from_alpha_bar([1.0, 0.5]).alpha_bar(1) == schedules.from_alpha_bar([0.5]).alpha_bar(1)

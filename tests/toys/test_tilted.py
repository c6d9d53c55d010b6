"""Tilted densities against closed forms, and what guided samplers really draw against what they are said to."""

import math

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.toys.tilted import Tilted, density_ratio, guided_density, guided_ode_std


def gaussian(mean, std):
    return toys.GaussianMixture([[mean]], stds=std)


def twin(mean, std):
    """The same Gaussian as two equal components, which takes the numerical way."""
    return toys.GaussianMixture([[mean], [mean]], stds=std)


def test_gaussians_in_closed_form():
    density = guided_density(gaussian(0.0, 1.0), gaussian(1.0, 0.5), 3.0)
    precision = (1 - 3) / 1.0 + 3 / 0.25
    assert density.covariance.item() == pytest.approx(1 / precision)
    assert density.mean.item() == pytest.approx(3 * 1.0 / 0.25 / precision)
    grid = torch.linspace(-5, 5, 20_001, dtype=torch.float64)[:, None]
    assert torch.trapezoid(density.log_prob(grid).exp(), grid[:, 0]).item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.0, 7.5])
def test_equal_spread_moves_the_mean_only(scale):
    density = guided_density(gaussian(-1.0, 0.7), gaussian(0.5, 0.7), scale)
    assert density.mean.item() == pytest.approx(-1 + 1.5 * scale)
    assert density.covariance.item() == pytest.approx(0.49)


def test_the_grid_agrees_with_the_closed_form():
    exact = guided_density(gaussian(0.0, 1.0), gaussian(1.0, 0.5), 12.0)
    table = guided_density(twin(0.0, 1.0), gaussian(1.0, 0.5), 12.0)
    torch.testing.assert_close(table.mean, exact.mean, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(table.covariance, exact.covariance, rtol=1e-5, atol=1e-6)
    assert table.log_normaliser == pytest.approx(exact.log_normaliser, rel=1e-6)
    plane = [[[0.0, 0.0]], [[1.0, -1.0]]], [[[[1.0, 0.3], [0.3, 0.8]]], [[[0.4, 0.0], [0.0, 0.2]]]]
    u, c = (toys.GaussianMixture(m, covariances=C) for m, C in zip(*plane, strict=True))
    twins = toys.GaussianMixture(plane[0][0] * 2, covariances=plane[1][0] * 2)
    exact, table = guided_density(u, c, 2.0), guided_density(twins, c, 2.0)
    torch.testing.assert_close(table.mean, exact.mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(table.covariance, exact.covariance, rtol=1e-3, atol=1e-4)
    assert table.log_normaliser == pytest.approx(exact.log_normaliser, rel=1e-5)


def test_far_guidance_is_found_wherever_it_lies():
    density = guided_density(twin(0.0, 1.0), twin(1.0, 1.0), 200.0)
    assert density.mean.item() == pytest.approx(200, rel=1e-6)
    assert density.covariance.item() == pytest.approx(1, rel=1e-4)


def test_samples_follow_the_density():
    classes = toys.GaussianMixture([[-2.0], [2.0]], stds=[0.5, 1.0]), toys.GaussianMixture([[2.0]], stds=0.6)
    density = guided_density(*classes, 2.0)
    x = density.sample(50_000, torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(x.mean(0), density.mean, atol=0.01, rtol=0)
    torch.testing.assert_close(x.var(0), density.covariance[0], atol=0.01, rtol=0)


def test_score_is_the_gradient():
    density = guided_density(twin(0.0, 1.0), gaussian(1.0, 0.5), 3.0)
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)[:, None].requires_grad_()
    (gradient,) = torch.autograd.grad(density.log_prob(x).sum(), x)
    torch.testing.assert_close(density.score(x.detach()), gradient)


def test_a_wide_condition_has_a_largest_scale():
    wide, narrow = gaussian(0.0, 1.0), gaussian(0.0, 0.5)  # (1 - s) / 0.25 + s = 0 at s = 4/3
    assert guided_density(narrow, wide, 1.33).covariance.item() == pytest.approx(1 / (4 - 3 * 1.33))
    for unconditional in (narrow, twin(0.0, 0.5)):
        density = guided_density(unconditional, wide, 1.34)
        density.log_density(torch.zeros(1, 1)), density.score(torch.zeros(1, 1))  # these need no normaliser
        for ask in (lambda d: d.mean, lambda d: d.log_prob(torch.zeros(1, 1)), lambda d: d.sample(3)):
            with pytest.raises(ValueError, match="no normaliser"):
                ask(density)


def test_the_bare_ratio_usually_has_no_normaliser():
    for positive in (gaussian(1.0, 1.0), gaussian(0.0, 1.0), gaussian(1.0, 2.0), twin(1.0, 1.0)):
        with pytest.raises(ValueError, match="no normaliser"):
            _ = density_ratio(positive, gaussian(0.0, 1.0)).log_normaliser
    assert density_ratio(gaussian(0.0, 0.5), gaussian(0.0, 1.0)).covariance.item() == pytest.approx(1 / 3)


def test_a_ratio_of_equal_tails_is_decided_by_the_means():
    around = toys.GaussianMixture([[-1.0], [1.0]], stds=1.0)
    density = density_ratio(gaussian(0.0, 1.0), around)  # proportional to 1 / cosh(x)
    assert density.covariance.item() == pytest.approx(math.pi**2 / 4, rel=1e-4)
    with pytest.raises(ValueError, match="no normaliser"):
        _ = density_ratio(around, gaussian(0.0, 1.0)).mean


def test_a_plane_may_be_improper_in_one_direction_only():
    tall = toys.GaussianMixture([[0.0, 0.0]] * 2, covariances=[[[0.5, 0.0], [0.0, 2.0]]] * 2)
    round_ = toys.GaussianMixture([[0.0, 0.0]], stds=1.0)
    with pytest.raises(ValueError, match="no normaliser"):
        _ = density_ratio(tall, round_).mean
    assert guided_density(round_, tall, 1.9).covariance[1, 1].item() == pytest.approx(1 / (0.95 - 0.9), rel=1e-2)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="point mass"):
        guided_density(gaussian(0.0, 0.0), gaussian(0.0, 1.0), 2.0)
    with pytest.raises(ValueError, match="one for each"):
        Tilted([gaussian(0.0, 1.0)], [1.0, 2.0])
    with pytest.raises(ValueError, match="one shape"):
        guided_density(gaussian(0.0, 1.0), toys.GaussianMixture([[0.0, 0.0]], stds=1.0), 2.0)
    solid = toys.GaussianMixture([[0.0] * 3] * 2, stds=1.0)
    with pytest.raises(ValueError, match="1-D and 2-D"):
        _ = guided_density(solid, solid, 2.0).mean


PATHS = {
    "ddpm_linear": schedules.ddpm_linear(),
    "flow": schedules.flow(),
    "variance_exploding": schedules.variance_exploding(),
}


def zero_mean(std_u, std_c, path):
    pair = toys.ConditionalMixture([toys.GaussianMixture([[0.0]], stds=std) for std in (std_u, std_c)])
    return classifier_free(pair.denoiser(path), 1, 2.0, negative=0)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_the_guided_ode_ends_at_its_own_spread(path):
    """S_u^(1-s) S_c^s = 0.25, while the density said to be sampled has 1 / sqrt(-1 + 2 / 0.25) = 0.378."""
    start = torch.full((1, 1), path.prior_std, dtype=torch.float64)  # one standard deviation out
    end = samplers.sample(samplers.ddim, zero_mean(1.0, 0.5, path), start, path, path.grid(1000, "logsnr"))
    assert end.item() == pytest.approx(guided_ode_std(1.0, 0.5, 2.0, path), rel=5e-3)
    assert end.item() == pytest.approx(guided_ode_std(1.0, 0.5, 2.0), rel=2e-2)
    said = guided_density(gaussian(0.0, 1.0), gaussian(0.0, 0.5), 2.0).covariance.sqrt().item()
    assert said == pytest.approx(1 / math.sqrt(7)) and abs(end.item() - said) > 0.1


def test_stochastic_samplers_end_elsewhere_again():
    path = PATHS["ddpm_linear"]
    x = path.prior((8000, 1), torch.Generator().manual_seed(0))
    options = {"generator": torch.Generator().manual_seed(1)}
    end = samplers.sample(samplers.ddpm, zero_mean(1.0, 0.5, path), x, path, path.grid(250, "logsnr"), **options)
    ode, said = 0.25, 1 / math.sqrt(7)
    error = end.std().item() / math.sqrt(2 * len(x))
    assert min(abs(end.std().item() - ode), abs(end.std().item() - said)) > 10 * error
    assert ode < end.std().item() < said


def test_a_negative_prompt_of_equal_spread_samples_what_it_says():
    path = PATHS["ddpm_linear"]
    pair = toys.ConditionalMixture([gaussian(-0.5, 0.5), gaussian(0.5, 0.5)])
    said = guided_density(*pair.classes, 2.0)
    guided = classifier_free(pair.denoiser(path), 1, 2.0, negative=0)
    x = path.prior((4000, 1), torch.Generator().manual_seed(0))
    for sampler, options in ((samplers.ddim, {}), (samplers.ddpm, {"generator": torch.Generator().manual_seed(1)})):
        end = samplers.sample(sampler, guided, x, path, path.grid(250, "logsnr"), **options)
        assert end.mean().item() == pytest.approx(said.mean.item(), abs=0.04)
        assert end.std().item() == pytest.approx(said.covariance.sqrt().item(), abs=0.04)

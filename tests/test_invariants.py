"""The invariants find what was broken on purpose, and name it."""

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import Denoiser, Estimate, clip
from diffusion_lessons.invariants import diagnose

PATH = schedules.ddpm_linear()


MIXTURE = toys.GaussianMixture([[0.8, 0.0], [-0.8, 0.4]], stds=0.1)


DATA = MIXTURE.sample(500, torch.Generator().manual_seed(0), dtype=torch.float64)


EXACT = MIXTURE.denoiser(PATH)


def first_failure(denoise=EXACT, path=PATH, sampler=samplers.ddim):
    return diagnose(denoise, path, sampler, DATA, report=lambda line: None)


class FlippedTime(schedules.VariancePreserving):
    def _alpha(self, t):
        return super()._alpha(self.T - t)

    def _sigma(self, t):
        return super()._sigma(self.T - t)


class UnrootedNoise(schedules.VariancePreserving):
    def add_noise(self, x0, eps, t):
        return self.alpha(t) * x0 + self.sigma(t) ** 2 * eps


def broken(path_class):
    table = schedules.ddpm_linear()._table.tolist()
    return path_class(table, {"path": "broken"})


def as_network(answer):
    return Denoiser(lambda x, t: answer(EXACT(x, t), x), PATH, "eps")


def test_a_sound_combination_passes():
    assert first_failure() is None


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"path": broken(FlippedTime)}, "clean at t = 0"),
        ({"path": broken(UnrootedNoise)}, "variance of x_t for unit data"),
        ({"path": schedules.ddpm_linear(T=10)}, "noise at t = T"),
        ({"denoise": lambda x, t: Estimate(x * torch.nan, x)}, "estimates are finite and like x"),
        ({"denoise": clip(EXACT, 0.2, rederive=False)}, "alpha x0 + sigma eps = x_t"),
        ({"denoise": as_network(lambda seen, x: -seen.eps)}, "predicted noise points along the true noise"),
        ({"denoise": as_network(lambda seen, x: 2.5 * seen.eps)}, "predicted noise is better than none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_first_thing_that_fails_is_named(options, name):
    finding = first_failure(**options)
    assert finding is not None and finding.name == name and finding.remedy


def test_a_sampler_that_draws_unseeded_noise_or_spreads_too_wide_is_found():
    @samplers.base.sampler(order=1, nfe=lambda times: len(times) - 1, citation="none")
    def unseeded(denoise, x, path, times):
        for state in samplers.ddim(denoise, x, path, times):
            yield state._replace(x=state.x + 1e-3 * torch.randn(x.shape, generator=fresh()))

    seeds = iter(range(1000))

    def fresh():
        return torch.Generator().manual_seed(next(seeds))

    assert first_failure(sampler=unseeded).name == "one seed, one sample"

    @samplers.base.sampler(order=1, nfe=lambda times: len(times) - 1, citation="none")
    def noisy_end(denoise, x, path, times):
        for state in samplers.ddim(denoise, x, path, times):
            yield state._replace(x=state.x + torch.randn(x.shape))

    assert first_failure(sampler=noisy_end).name == "samples spread like the data"


def test_a_shape_is_needed():
    with pytest.raises(ValueError, match="give data or shape"):
        diagnose(lambda x, t: Estimate(x, x), PATH)

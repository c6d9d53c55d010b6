"""A right sampler makes of an exact denoiser what the path says, whatever it is; a wrong one does not."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from diffusion_lessons import Settings, samplers, schedules, toys
from diffusion_lessons.clinic import limits
from diffusion_lessons.clinic.case import Case, drawn_with
from diffusion_lessons.clinic.examination import examine
from diffusion_lessons.clinic.probes import guided_with_exact, large_variance, states_with_exact
from diffusion_lessons.denoisers import clip, condition_on
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.samplers.base import State

PATH = schedules.cosine()
CLASSES = toys.ConditionalMixture([toys.GaussianMixture([[m] * 16], stds=0.2) for m in (-0.5, 0.5)])
IMAGES, LABELS = torch.rand(20, 16) - 0.5, torch.arange(20) % 2


def case(draw):
    return Case(CLASSES.denoiser(PATH), IMAGES, LABELS, draw)


def test_every_state_of_ddim_has_alpha_and_sigma_of_the_path():
    run = states_with_exact(case(drawn_with(Settings("ddim", 10))))
    assert run.start == PATH.T and len(run.marginals) == 10
    for one in run.marginals:
        assert abs(one.signal - one.alpha) < 0.1 and abs(one.noise - one.sigma) < 0.1
    assert run.marginals[-1].signal == pytest.approx(1, abs=1e-6) and run.marginals[-1].noise < 1e-6


@pytest.mark.parametrize("scale", [1.5, 2.0, 3.0, 7.5])
@pytest.mark.parametrize("limit", [None, 1.0])
def test_guidance_is_found_whatever_is_clipped_outside(scale, limit):
    found, guided = guided_with_exact(case(drawn_with(Settings("ddim", 5, scale=scale, limit=limit))))
    assert found == pytest.approx(scale, rel=1e-3) and abs(guided) < 0.01


def test_guidance_of_samples_with_noise_in_them_is_found_nearly():
    found, guided = guided_with_exact(case(drawn_with(Settings("ddpm", 20, scale=4.0))))
    assert found == pytest.approx(4, rel=0.05) and abs(guided) < 0.2


def test_without_guidance_nothing_is_asked():
    assert guided_with_exact(case(drawn_with(Settings("ddim", 5)))) == (pytest.approx(1, rel=1e-4), 0.0)
    alone = replace(case(drawn_with(Settings("ddim", 5))), conditions=None)
    assert guided_with_exact(alone) == (pytest.approx(0, abs=1e-6), 0.0)


def with_fresh_noise(share, kept=1.0, steps=20):
    """DDIM that puts `kept` of the predicted noise back, and adds fresh noise of `share` sigma."""

    def draw(denoise, x, conditions, generator):
        told = condition_on(denoise, conditions)
        for t, s in pairwise(denoise.path.grid(steps)):
            x0, eps = told(x, t)
            z = torch.randn(x.shape, generator=generator)
            x = denoise.path.alpha(s) * x0 + denoise.path.sigma(s) * (kept * eps + share * z)
            yield State(s, x, x0)

    return draw


@pytest.mark.parametrize(
    ("share", "kept", "right"),
    [(0.8, 1.0, False), (0.3, 1.0, False), (0.0, 0.6, False), (0.8, 0.6, True), (1.0, 0.0, True), (0.0, 1.0, True)],
)
def test_noise_that_nothing_takes_out_or_nobody_gives_back_is_found(share, kept, right):
    """Only where share^2 + kept^2 = 1 does x_s have noise sigma: eta of DDIM, whatever it is."""
    run = states_with_exact(case(with_fresh_noise(share, kept)))
    assert run.fresh == (share > 0)
    off, worst = run.off(PATH)
    assert (off < (limits.FRESH if run.fresh else limits.NOISE)) == right
    assert right or (worst.noise > worst.sigma) == (kept == 1)
    finding = examine(case(with_fresh_noise(share, kept)), lambda line: None)
    assert right or (finding.name == "x_t has the path's sigma" and finding.cause == "")


@pytest.mark.parametrize("steps", [5, 20])
def test_the_large_variance_of_ddpm_has_a_law_of_its_own(steps):
    def large(denoise, x, conditions, generator):
        told = condition_on(denoise, conditions)
        return samplers.ddpm(told, x, PATH, PATH.grid(steps), variance="large", generator=generator)

    run = states_with_exact(case(large))
    due = large_variance(PATH, [one.t for one in run.marginals])
    for one, law in zip(run.marginals[:-1], due, strict=False):
        assert one.noise == pytest.approx(law, rel=0.06)
    assert max(one.noise / one.sigma for one in run.marginals[:-1]) > 1.5 and run.off(PATH)[0] < 0.06


def test_a_sampler_that_stops_early_leaves_its_noise():
    def early(denoise, x, conditions, generator):
        guided = clip(classifier_free(denoise, conditions, 1.0), 1.0)
        return samplers.ddim(guided, x, denoise.path, denoise.path.grid(10, t_min=50.0))

    last = states_with_exact(case(early)).marginals[-1]
    assert last.noise == pytest.approx(PATH.sigma(50.0), rel=0.2)

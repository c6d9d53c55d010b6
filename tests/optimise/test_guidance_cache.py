"""Guidance with fewer passes: counted, exact where the difference does not change, and unchanged where none is kept."""

import pytest
import torch

from diffusion_lessons import generate, samplers
from diffusion_lessons.denoisers import Estimate, count_calls
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.optimise.guidance_cache import reuse_negative, v_over_x0
from diffusion_lessons.path import time_for
from diffusion_lessons.sampling import Settings
from diffusion_lessons.schedules import cosine, flow
from diffusion_lessons.toys import ConditionalMixture, GaussianMixture
from tests.optimise.small import small

TWO = ConditionalMixture([GaussianMixture([[-1.0, 0.0]], stds=0.3), GaussianMixture([[1.0, 0.5]], stds=0.3)])


class Shifted:
    """A denoiser for which label 1 adds the same v at every time: the case in which keeping it loses nothing."""

    classes = 2

    def __init__(self, path):
        self.path = path

    def __call__(self, x, t, condition=None):
        t = time_for(x, t)
        told = (condition == 1).to(x.dtype)[:, None] if condition is not None else torch.zeros(len(x), 1)
        return Estimate.from_x0(x, 0.5 * x + 0.2 * told / v_over_x0(self.path, float(t)), self.path, t)


def run(denoise, times):
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    return list(samplers.ddim(denoise, x, denoise.path, times))[-1].x


@pytest.mark.parametrize("path", [cosine(), flow()], ids=["cosine", "flow"])
def test_every_1_changes_no_bit(path):
    guided = classifier_free(TWO.denoiser(path), 1, 3.0)
    assert torch.equal(run(reuse_negative(guided, 1), path.grid(8)), run(guided, path.grid(8)))


def test_a_difference_that_is_the_same_in_v_is_kept_without_loss():
    guided = classifier_free(Shifted(cosine()), 1, 3.0)
    times = cosine().grid(9)[:-1]
    torch.testing.assert_close(run(reuse_negative(guided, 3), times), run(guided, times), atol=1e-5, rtol=1e-5)
    told = classifier_free(Shifted(cosine()), 1, 1.0)
    assert (run(told, times) - run(guided, times)).abs().max() > 0.05  # so that something was there to be kept


@pytest.mark.parametrize("every", [2, 3, 5])
@pytest.mark.parametrize("batched", [True, False])
def test_evaluations_are_those_that_are_promised(every, batched):
    counted = count_calls(TWO.denoiser(cosine()))
    run(reuse_negative(classifier_free(counted, 1, 3.0, batched=batched), every), cosine().grid(10))
    assert counted.nfe == 10 + -(-10 // every)


def test_it_is_near_to_full_guidance_and_nearer_than_none():
    path = cosine()
    guided = classifier_free(TWO.denoiser(path), 1, 2.0)
    told = classifier_free(TWO.denoiser(path), 1, 1.0)
    full, kept, without = (run(one, path.grid(30)) for one in (guided, reuse_negative(guided, 2), told))
    assert (kept - full).abs().mean() < 0.25 * (without - full).abs().mean()


def test_a_second_trajectory_begins_anew():
    kept = reuse_negative(classifier_free(TWO.denoiser(cosine()), 1, 3.0), 3)
    first = run(kept, cosine().grid(7))
    assert torch.equal(run(kept, cosine().grid(7)), first)


def test_what_cannot_be_done_is_said():
    guided = classifier_free(TWO.denoiser(cosine()), 1, 3.0)
    for every in (0, True, 2.5):
        with pytest.raises(ValueError, match="every is a whole number"):
            reuse_negative(guided, every)
    for other in (TWO.denoiser(cosine()), reuse_negative(guided)):
        with pytest.raises(ValueError, match="classifier_free"):
            reuse_negative(other)


def test_settings_say_how_often_the_second_pass_is_made():
    counted = count_calls(small())
    every, third = (generate(counted, 2, labels=[1], steps=6, scale=3.0, reuse=k)[-1].x for k in (1, 3))
    assert counted.nfe == 12 + 8 and not torch.equal(every, third)
    with pytest.raises(ValueError, match="every is a whole number"):
        Settings(reuse=0)

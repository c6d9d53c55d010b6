"""What comes back from noise, and what is learned by heart."""

import copy

import pytest
import torch

from diffusion_lessons import Settings, schedules, toys
from diffusion_lessons.clinic.case import Case, drawn_with
from diffusion_lessons.clinic.chains import from_levels, overfit
from diffusion_lessons.clinic.patients import healthy
from diffusion_lessons.denoisers import Denoiser

PATH = schedules.cosine()
CLUSTERS = toys.GaussianMixture([[0.4, 0.4], [-0.4, -0.4]], stds=0.1)


def test_one_step_and_the_loss_share_the_variance_and_many_steps_return_it():
    images = CLUSTERS.sample(3000, torch.Generator().manual_seed(0), torch.float32)
    found = from_levels(
        Case(CLUSTERS.denoiser(PATH), images, draw=drawn_with(Settings())), torch.arange(3000), steps=40
    )
    assert [one.level for one in found] == [0.6, 2.5, 15.0]
    for one in found:
        assert one.one + one.loss == pytest.approx(1, abs=0.05) and one.many == pytest.approx(1, abs=0.06)
    assert found[-1].one < 0.05 < 0.5 < found[0].one


def test_eight_images_are_learned_by_heart_by_a_loss_that_fits_and_not_by_another():
    case = healthy()
    rows = torch.stack([(case.conditions == digit).nonzero()[0, 0] for digit in range(8)])
    images, labels = case.images[rows], case.conditions[rows]
    before, after = overfit(case.denoise, images, labels, steps=120)
    assert after < 0.1 < before

    forgotten = case.denoise.with_network(copy.deepcopy(case.denoise.network))
    for parameter in forgotten.network.parameters():
        torch.nn.init.zeros_(parameter)
    assert overfit(forgotten, images, labels, steps=120)[1] == after  # what was learned before plays no part

    class Blind(torch.nn.Module):
        """It is told nothing of x."""

        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(1, 1)

        def forward(self, x, t, condition):
            return self.inner(torch.zeros_like(x)[..., None])[..., 0]

    assert overfit(Denoiser(Blind(), PATH, "v", classes=10), images, labels, steps=30)[1] > 0.3

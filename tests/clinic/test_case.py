"""A case is whole, or says what it lacks."""

import pytest
import torch

from diffusion_lessons import Settings, schedules, toys
from diffusion_lessons.clinic.case import MOST, Case, case_of, drawn_with
from diffusion_lessons.data import load_data
from diffusion_lessons.denoisers import Denoiser

PATH = schedules.cosine()
MIXTURE = toys.GaussianMixture([[0.5, 0.5], [-0.5, -0.5]], stds=0.1)
IMAGES = MIXTURE.sample(100, torch.Generator().manual_seed(0))


def test_its_samples_are_those_of_its_settings():
    case = Case(MIXTURE.denoiser(PATH), IMAGES, draw=drawn_with(Settings("ddim", 7)))
    run = case.samples(50, seed=3)
    assert len(run) == 8 and run[0].x0 is None and run[0].t == PATH.T and run[-1].t == 0
    assert abs(run[-1].x.abs().mean() - 0.5) < 0.1
    assert torch.equal(case.samples(50, seed=3)[-1].x, run[-1].x)


def test_conditions_are_used_in_turn():
    case = Case(MIXTURE.denoiser(PATH), IMAGES[:3], torch.tensor([4, 5, 6]))
    assert case.conditions_for(5).tolist() == [4, 5, 6, 4, 5]


def test_the_second_half_is_held_out_from_training():
    train, test = (load_data("digits", split) for split in ("train", "test"))
    denoise = Denoiser(lambda x, t, labels: x, PATH, "v", classes=10, shape=(1, 8, 8))
    case = case_of(denoise, train, test)
    assert len(case.images) == 2 * len(test) < MOST
    of = [{image.numpy().tobytes() for image in part.images} for part in (train, test)]
    seen = [image.numpy().tobytes() for image in case.images]
    half = len(test)
    assert all(one in of[0] for one in seen[:half]) and all(one in of[1] for one in seen[half:])
    assert torch.equal(case.images, case_of(denoise, train, test).images) and len(case.conditions) == len(seen)
    assert len(case_of(denoise, train).images) == MOST


def test_what_it_lacks_is_said():
    denoise = MIXTURE.denoiser(PATH)
    with pytest.raises(ValueError, match="two at least; got \\[1, 2\\]"):
        Case(denoise, IMAGES[:1])
    with pytest.raises(ValueError, match="3 conditions for 100 images"):
        Case(denoise, IMAGES, torch.arange(3))
    with pytest.raises(TypeError, match="a checkpoint is loaded first"):
        Case("digits-diffusion", IMAGES)
    with pytest.raises(ValueError, match="path"):
        Case(lambda x, t: None, IMAGES)

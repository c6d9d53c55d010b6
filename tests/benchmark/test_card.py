"""How a checkpoint is sampled by default, and the best of the candidates."""

import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.benchmark import card
from diffusion_lessons.sampling import Settings
from tests.made import of_points

MIXTURE = toys.GaussianMixture([[-2.0, 0.0], [1.0, 1.0]], stds=[0.4, 0.6])
STUDENT = {"distillation": {"sampler": "consistency", "steps": 2, "guidance": "baked in"}}


def exact(card=None):
    denoise = MIXTURE.denoiser(schedules.cosine())
    denoise.card = card or {}
    return denoise


def evaluator():
    generator = torch.Generator().manual_seed(1)
    return of_points(MIXTURE.sample(400, generator), MIXTURE.sample(400, generator))


def test_a_student_is_sampled_as_its_card_says_and_others_by_2m():
    assert card.default_settings(STUDENT) == Settings("consistency", 2)
    assert card.default_settings({}, steps=7) == Settings("dpm_solver_pp_2m", 7)
    assert card.scales(STUDENT) == (1.0,) and card.scales({}) == (1.0, 2.0)
    assert card.scales({"distillation": {"guidance": "kept"}}) == (1.0, 2.0)


def test_the_best_is_the_candidate_of_the_smallest_distance(monkeypatch):
    few, many = Settings("ddim", 1, limit=None), Settings("dpm_solver_pp_2m", 20, limit=None)
    monkeypatch.setattr(card, "CANDIDATES", [few, many])
    assert card.best(exact(), evaluator(), samples=400) == many  # one step of DDIM is the mean of the data
    monkeypatch.setattr(card, "CANDIDATES", [many, few])
    assert card.best(exact(), evaluator(), samples=400, batch=400).batch == 400
    assert card.best(exact(STUDENT), evaluator()).sampler == "consistency"

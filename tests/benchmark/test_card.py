"""How a checkpoint is sampled by default, and the best of the candidates."""

import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.benchmark import card as best
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.sampling import Settings

MIXTURE = toys.GaussianMixture([[-2.0, 0.0], [1.0, 1.0]], stds=[0.4, 0.6])
STUDENT = {"distillation": {"sampler": "consistency", "steps": 2, "guidance": "baked in"}}


def exact(card=None):
    denoise = MIXTURE.denoiser(schedules.cosine())
    denoise.card = card or {}
    return denoise


def evaluator():
    generator = torch.Generator().manual_seed(1)
    return evaluators.of_points(MIXTURE.sample(400, generator), MIXTURE.sample(400, generator))


def test_a_student_is_sampled_as_its_card_says_and_others_by_2m():
    assert best.default_settings(STUDENT) == Settings("consistency", 2)
    assert best.default_settings({}, steps=7) == Settings("dpm_solver_pp_2m", 7)
    assert best.scales(STUDENT) == (1.0,) and best.scales({}) == (1.0, 2.0)
    assert best.scales({"distillation": {"guidance": "kept"}}) == (1.0, 2.0)


def test_the_best_is_the_candidate_of_the_smallest_distance(monkeypatch):
    few, many = Settings("ddim", 1, limit=None), Settings("dpm_solver_pp_2m", 20, limit=None)
    monkeypatch.setattr(best, "CANDIDATES", [few, many])
    assert best.best(exact(), evaluator(), samples=400) == many  # one step of DDIM is the mean of the data
    monkeypatch.setattr(best, "CANDIDATES", [many, few])
    assert best.best(exact(), evaluator(), samples=400, batch=400).batch == 400
    assert best.best(exact(STUDENT), evaluator()).sampler == "consistency"

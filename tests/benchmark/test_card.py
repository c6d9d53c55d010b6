"""What a card says of quality: measured, complete, with the way of sampling; and nothing is written to a stranger."""

import json
import shutil
import sys

import pytest
import torch

from diffusion_lessons import checkpoints, cli, load, schedules, toys
from diffusion_lessons.benchmark import card as best
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.rows import Configuration
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands import measured
from diffusion_lessons.metrics import evaluator as evaluators

MIXTURE = toys.GaussianMixture([[-2.0, 0.0], [1.0, 1.0]], stds=[0.4, 0.6])
STUDENT = {"distillation": {"sampler": "consistency", "steps": 2, "guidance": "baked in"}}
FAST = ["--samples", "130", "--sampler", "ddim", "--steps", "2", "-o", "eta=1.0"]


def exact(card=None):
    denoise = MIXTURE.denoiser(schedules.cosine())
    denoise.card = card or {}
    return denoise


def evaluator():
    generator = torch.Generator().manual_seed(1)
    return evaluators.of_points(MIXTURE.sample(400, generator), MIXTURE.sample(400, generator))


@pytest.fixture
def copied(tmp_path):
    """A shipped checkpoint where its card may be written to."""
    for suffix in (".safetensors", ".json"):
        shutil.copy(cards.find("digits-flow").with_suffix(suffix), tmp_path)
    return tmp_path / "digits-flow"


def test_a_student_is_sampled_as_its_card_says_and_others_by_2m():
    assert best.default_settings(STUDENT) == Configuration("consistency", 2, clip={"limit": 1.0})
    assert best.default_settings({}, steps=7) == Configuration("dpm_solver_pp_2m", 7, clip={"limit": 1.0})
    assert best.scales(STUDENT) == (1.0,) and best.scales({}) == (1.0, 2.0)
    assert best.scales({"distillation": {"guidance": "kept"}}) == (1.0, 2.0)


def test_the_best_is_the_candidate_of_the_smallest_distance(monkeypatch):
    few, many = Configuration("ddim", 1), Configuration("dpm_solver_pp_2m", 20)
    monkeypatch.setattr(best, "CANDIDATES", [few, many])
    assert best.best(exact(), evaluator(), samples=400) == many  # one step of DDIM is the mean of the data
    monkeypatch.setattr(best, "CANDIDATES", [many, few])
    assert best.best(exact(), evaluator(), samples=400, batch=400).batch == 400
    assert best.best(exact(STUDENT), evaluator()).sampler == "consistency"


def test_the_command_writes_what_measure_finds(copied, monkeypatch, capsys):
    before = cards.read_card(copied)
    monkeypatch.setattr(sys, "argv", ["diffusion-lessons", "evaluate", str(copied), *FAST])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    card = json.loads(copied.with_suffix(".json").read_text())
    said = card.pop("evaluation")
    assert card == {name: value for name, value in before.items() if name != "evaluation"}
    assert said["samples"] == 130 and said["features"] == "digits features" and said["device"]
    assert "--sampler ddim --steps 2 -o eta=1.0" in said["command"]
    assert set(said["scales"]) == {"1", "2"} and said["scales"]["2"]["nfe"] == 4
    one = said["scales"]["1"]
    assert (one["sampler"], one["steps"], one["options"], one["clip"]) == ("ddim", 2, {"eta": 1.0}, {"limit": 1.0})
    configuration = Configuration("ddim", 2, options={"eta": 1.0}, clip={"limit": 1.0}, batch=50)
    options = {"evaluator": evaluators.of_images("digits"), "metrics": best.METRICS, "samples": 130, "repeats": 0}
    row = measure(load(str(copied)), configuration, **options)
    for name in best.METRICS:
        score = row.quality[name]
        assert one[name]["value"] == pytest.approx(score.value, rel=1e-3)
        assert one[name]["floor"] == pytest.approx(score.floor, rel=1e-3) and {"spread", "floor_spread"} <= set(
            one[name]
        )
    assert "written to the card" in capsys.readouterr().out


def test_more_samples_than_real_images_are_refused_before_any_is_drawn(copied):
    with pytest.raises(ValueError, match="ask for at most 297"):
        measured.run_evaluation(str(copied), 298)


def test_a_checkpoint_replaced_meanwhile_keeps_its_own_card(copied, monkeypatch):
    def replaced(*arguments, **options):
        checkpoints.amend(copied, sha256="another")
        return measure(*arguments, **options)

    monkeypatch.setattr(measured, "measure", replaced)
    with pytest.raises(ValueError, match="was replaced while it was measured"):
        measured.run_evaluation(str(copied), 130, configuration=Configuration("ddim", 1))
    assert cards.read_card(copied)["evaluation"] == {}

"""What a card says of quality: measured, complete, with its settings; and nothing is written to a stranger."""

import json
import shlex
import shutil
import sys

import pytest

from diffusion_lessons import checkpoints, cli, load
from diffusion_lessons.benchmark.card import METRICS
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands import evaluate
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.sampling import Settings

FAST = ["--samples", "130", "--sampler", "ddim", "--steps", "2", "-o", "eta=1.0"]


@pytest.fixture
def copied(tmp_path):
    """A shipped checkpoint where its card may be written to."""
    for suffix in (".safetensors", ".json"):
        shutil.copy(cards.find("digits-flow").with_suffix(suffix), tmp_path)
    return tmp_path / "digits-flow"


def test_the_command_writes_what_measure_finds(copied, monkeypatch, capsys):
    before = cards.read_card(copied)
    monkeypatch.setattr(sys, "argv", ["diffusion-lessons", "evaluate", str(copied), *FAST])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    card = json.loads(copied.with_suffix(".json").read_text())
    said = card.pop("evaluation")
    assert card.pop("essence_sha256")  # a checksum, which cards written before did not have
    assert card == {name: value for name, value in before.items() if name not in ("evaluation", "essence_sha256")}
    assert said["samples"] == 130 and said["features"] == "digits features" and said["device"]
    told = "--samples 130 --sampler ddim --steps 2 -o eta=1.0 --batch 50 --precision float32 --seed 0"
    assert said["command"] == f"diffusion-lessons evaluate {copied} {told}"
    assert set(said["scales"]) == {"1", "2"} and said["scales"]["2"]["nfe"] == 4
    one = said["scales"]["1"]
    settings = Settings("ddim", 2, options={"eta": 1.0}, batch=50)
    assert Settings(**one["settings"]) == settings
    options = {"evaluator": evaluators.of_images("digits"), "metrics": METRICS, "samples": 130, "repeats": 0}
    row = measure(load(str(copied)), settings, **options)
    for name in METRICS:
        score = row.quality[name]
        assert one[name]["value"] == pytest.approx(score.value, rel=1e-3)
        assert one[name]["floor"] == pytest.approx(score.floor, rel=1e-3) and {"spread", "floor_spread"} <= set(
            one[name]
        )
    assert "written to the card" in capsys.readouterr().out


def test_the_command_on_the_card_measures_the_same_again(copied, monkeypatch):
    """Its path is quoted, and its list of orders is read as one."""
    folder = copied.parent / "a folder"
    folder.mkdir()
    for suffix in (".safetensors", ".json"):
        copied.with_suffix(suffix).rename(folder / f"net{suffix}")
    options = {"sampler": "dpm_solver_fast", "steps": 1, "options": {"orders": [1]}}
    said = evaluate.run_evaluation(str(folder / "net"), 130, **options)
    told = "--sampler dpm_solver_fast --steps 1 -o orders=1, --batch"
    assert f"evaluate '{folder / 'net'}' --samples 130 {told}" in said["command"]
    monkeypatch.setattr(sys, "argv", shlex.split(said["command"]))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code and cards.read_card(folder / "net")["evaluation"]["command"] == said["command"]


def test_more_samples_than_real_images_are_refused_before_any_is_drawn(copied):
    with pytest.raises(ValueError, match="ask for at most 297"):
        evaluate.run_evaluation(str(copied), 298)


def test_a_checkpoint_replaced_meanwhile_keeps_its_own_card(copied, monkeypatch):
    def replaced(*arguments, **options):
        checkpoints.amend(copied, sha256="another")
        return measure(*arguments, **options)

    monkeypatch.setattr(evaluate, "measure", replaced)
    with pytest.raises(ValueError, match="was replaced while it was measured"):
        evaluate.run_evaluation(str(copied), 130, sampler="ddim", steps=1)
    assert cards.read_card(copied)["evaluation"] == {}

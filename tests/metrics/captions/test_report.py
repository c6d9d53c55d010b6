"""The figures of each part, on a system with random weights."""

import json

import pytest

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.metrics.captions import report
from tests.captions.small import save_judge, save_system


@pytest.fixture
def system(tmp_path):
    """The folder of a system with its judge."""
    save_system(tmp_path)
    save_judge(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("captions-judge", "sharp digit"),
        ("captions-contrastive", "right above swapped"),
        ("captions-autoencoder", "all agrees"),
        ("captions-diffusion", "scale 2"),
    ],
)
def test_every_part_has_its_figures(system, monkeypatch, name, figure):
    for measure in ("judge_accuracy", "reconstruction", "retrieval", "binding_margin"):
        original = getattr(report, measure)
        monkeypatch.setattr(report, measure, lambda *parts, original=original: original(*parts, count=64))
    file = system / name
    figures = report.report(file, load_sample().strokes, count=2, scales=[2])
    assert figure in figures
    json.dumps(figures)
    if name == "captions-diffusion":
        assert figures[figure].keys() == {"sentences", "two inks", "a seven is red", "held out"}


def test_the_command_writes_them_into_the_card(system, monkeypatch, capsys):
    monkeypatch.setattr(report, "load_strokes", lambda split: load_sample().strokes)
    monkeypatch.setattr(report, "judge_accuracy", lambda *parts: {"digit": 0.51239})
    file = system / "captions-judge"
    report.main(str(file))
    assert cards.read_card(file)["evaluation"] == {"digit": 0.5124} == json.loads(capsys.readouterr().out)

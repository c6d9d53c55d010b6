"""Ways of sampling by three measures, on a system with random weights."""

import pytest
import torch

from diffusion_lessons import load
from diffusion_lessons.benchmark.captions.ways import MEASURES, many_sentences, measured_ways
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.checkpoints.captions import load_judge
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.captions.evaluator import NAME, of_captions, write_reference
from tests.captions.small import save_judge, save_system, small_parts


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A denoiser with random weights and its contrastive pair, and a reference that the judge beside them made."""
    monkeypatch.setattr(places, "checkpoints", lambda: tmp_path)
    save_system(tmp_path)
    save_judge(tmp_path)
    strokes = load_sample().strokes
    write_reference(strokes, strokes, tmp_path / NAME, scenes=300, kept=150)
    return load(tmp_path / "captions-diffusion"), small_parts()[1]


def test_a_way_has_the_figures_of_its_row_and_an_interval_for_each(system):
    denoise, contrastive = system
    ways = {"one": TEN_STEPS.changed(steps=1), "two": TEN_STEPS.changed(steps=2)}
    found = measured_ways(denoise, contrastive, 40, ways)
    assert list(found) == list(ways) and all(tuple(row) == MEASURES for row in found.values())
    assert all(low <= value <= high for row in found.values() for value, low, high in row.values())
    row = measure(denoise, ways["two"], evaluator=of_captions(denoise), samples=40, repeats=0)
    assert found["two"]["all said"][0] == row.quality["adherence"].value
    assert found["two"]["Fréchet distance"][0] == pytest.approx(row.quality["frechet"].value, abs=1e-4)
    assert torch.tensor(found["one"]["CLIP score"]).abs().max() <= 1


def test_many_sentences_have_the_figures_of_their_row_attribute_by_attribute(system):
    denoise, _ = system
    settings = TEN_STEPS.changed(steps=2, scale=30.0)
    found = many_sentences(denoise, load_judge(), 40, settings)
    row = measure(denoise, settings, evaluator=of_captions(denoise), samples=40, repeats=0)
    assert found["frechet"][0] == pytest.approx(row.quality["frechet"].value, abs=1e-4)
    assert found["excess"][0] == pytest.approx(row.quality["excess"].value, abs=1e-4)
    followed, asked = found["all said"][:2]
    assert 30 < asked <= 40 and followed + 40 - asked == round(40 * row.quality["adherence"].value)
    assert {"digit", "ink", "stroke"} < set(found)

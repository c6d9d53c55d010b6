"""The evaluator of the text-to-image system: what it asks for, what it counts, and whose numbers it refuses."""

import pytest
import torch

from diffusion_lessons import load
from diffusion_lessons.benchmark.measure import measure, timed_samples
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.data.captions.vocabulary import detokenize, tokenize
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.captions.evaluator import MISSED, NAME, UNSAID, judged, of_network, write_reference
from diffusion_lessons.metrics.proportions import quotas
from diffusion_lessons.sampling import Settings
from tests.captions.small import save_judge, save_system, small_parts


@pytest.fixture
def system(tmp_path, monkeypatch) -> CaptionDenoiser:
    """A system with random weights, which the package takes for its own, and 300 scenes as its reference."""
    monkeypatch.setattr(places, "checkpoints", lambda: tmp_path)
    save_system(tmp_path)
    save_judge(tmp_path)
    strokes = load_sample().strokes
    write_reference(strokes, strokes, tmp_path / NAME, scenes=300, kept=150)
    return load(tmp_path / "captions-diffusion")


def test_sentences_are_asked_for_in_the_proportions_of_training(system):
    evaluator = of_network(system)
    asked = evaluator.labels(40, seed=1)
    named = [read(sentence).get("digit", UNSAID) for sentence in detokenize(asked)]
    assert torch.equal(torch.tensor(named).bincount(minlength=UNSAID + 1), quotas(evaluator.train.counts, 40))
    assert torch.equal(asked, evaluator.labels(40, seed=1)) and not torch.equal(asked, evaluator.labels(40, seed=2))
    assert evaluator.train.counts.sum() == 300 and len(evaluator.held_out.features) == 150


def test_a_picture_is_recognised_if_all_is_shown_that_was_said():
    """A scene shows what its own sentence says, and not what a sentence of another digit says."""
    _, contrastive, _ = small_parts()
    sample = load_sample()
    scenes, mentions = sample.scenes.rows(torch.arange(20)), [read(text) for text in sample.sentences[:20]]
    found = judged(1.5 * sample.pictures[:20], mentions, lambda pictures: scenes, contrastive)
    assert torch.equal(found.predicted, found.labels)
    assert found.labels.tolist() == [mention.get("digit", UNSAID) for mention in mentions]
    assert (found.values[:, 0] > 0).all()  # beyond the range: seen before it is clipped
    wrong = [{**mention, "digit": (int(digit) + 1) % 10} for mention, digit in zip(mentions, scenes.digit, strict=True)]
    assert (judged(sample.pictures[:20], wrong, lambda pictures: scenes, contrastive).predicted == MISSED).all()


def test_a_row_of_the_table_is_that_of_any_network(system):
    """Random weights: what is seen is that every figure is made, from sentences, and alike for the same seed."""
    evaluator, settings = of_network(system), Settings("ddim", 2, scale=2.0, batch=20)
    row = measure(system, settings, evaluator=evaluator, samples=40, repeats=1)
    assert row.features == "captions features" and row.nfe == 4
    assert {"frechet", "kernel", "adherence", "diversity", "variance", "excess", "contrast"} <= row.quality.keys()
    fine = timed_samples(system, settings, 40, evaluator=evaluator).x
    again = measure(system, settings, evaluator=evaluator, samples=40, repeats=0, fine=fine)
    assert again.quality["frechet"] == row.quality["frechet"] and again.quality["drift"].value == 0
    timed = measure(system, settings, repeats=1)  # without an evaluator sentences take turns
    assert timed.samples == 0 and timed.nfe == 4


def test_a_reference_of_another_judge_is_refused(system, tmp_path):
    card = cards.read_card(NAME)
    cards.write_card(tmp_path / f"{NAME}.json", {**card, "made_with": {"judge": "0", "contrastive": "0"}})
    with pytest.raises(ValueError, match="made with"):
        of_network(system)


def test_samples_without_sentences_are_refused(system):
    with pytest.raises(ValueError, match="by their sentences"):
        of_network(system).features_of(torch.zeros(2, 4, 8, 8), None)


def test_sentences_that_take_turns_name_every_digit(system):
    assert torch.equal(system.sentences(12)[10:], tokenize(["a zero", "a one"]))
    assert len({tuple(row) for row in system.sentences(10).tolist()}) == 10

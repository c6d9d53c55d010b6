"""Real images as what samples are measured against: their labels, their features, and points that are their own."""

import shutil

import pytest
import torch

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import load_data
from diffusion_lessons.metrics.adherence import class_variance
from diffusion_lessons.metrics.evaluator import data_of, of_images
from diffusion_lessons.metrics.features import place_of, training_index
from diffusion_lessons.metrics.frechet import moments
from diffusion_lessons.metrics.scores import evaluate
from tests.captions.small import small_denoiser
from tests.made import of_points


def test_labels_are_in_the_exact_proportions_of_all_training_images():
    evaluator = of_images("digits")
    whole = load_data("digits", "train").labels.bincount(minlength=10)
    assert torch.equal(evaluator.train.counts, whole)
    for n in (297, 1500):
        asked = evaluator.labels(n, seed=0)
        off = asked.bincount(minlength=10) - n * whole / whole.sum()
        assert len(asked) == n and off.abs().max() < 1
        assert torch.equal(asked, evaluator.labels(n, seed=0))
        assert not torch.equal(asked, evaluator.labels(n, seed=1))
    assert torch.equal(evaluator.labels(1500, seed=0).bincount(), whole)


@pytest.mark.parametrize(("name", "count"), [("digits", 1500), ("mnist", 60_000), ("cifar10", 50_000)])
def test_the_reference_is_the_mean_and_covariance_of_all_training_images(name, count):
    train = of_images(name).train
    assert train.whole is not None and int(train.whole.counts.sum()) == count
    few = moments(train.features)  # up to 10,000 of them: the same but for their luck
    torch.testing.assert_close(train.whole.mean, few.mean, rtol=0, atol=0.1)
    trace = train.whole.covariance.trace()
    assert abs(few.covariance.trace() / trace - 1) < 0.03
    within = class_variance(train.features, train.labels)
    assert abs(train.whole.class_variance / within - 1) < 0.03
    assert of_images(name).reference == cards.read_card(f"{name}-features")["sha256"]


def test_images_are_seen_as_the_held_out_ones_were():
    evaluator, data = of_images("digits"), load_data("digits", "test")
    seen = evaluator.features_of(3 * data.images, data.labels)  # what leaves [-1, 1] is clipped, as in a picture
    clipped = evaluator.features_of((3 * data.images).clamp(-1, 1), data.labels)
    assert torch.equal(seen.features, clipped.features) and torch.equal(seen.labels, data.labels)
    assert evaluator.features_of(data.images, data.labels).features.shape == evaluator.held_out.features.shape
    assert (evaluator.held_out.predicted == evaluator.held_out.labels).float().mean() > 0.98
    assert evaluator.name == "digits features"
    assert evaluator.sha256 == cards.read_card("digits-classifier")["sha256"]


def test_ones_own_classifier_is_found_where_it_was_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="`diffusion-lessons classifier many`"):
        of_images("many")
    folder = tmp_path / "runs" / "classifiers"
    folder.mkdir(parents=True)
    for part, told in (("classifier", "features many --classifier runs/classifiers/many`"), ("features", None)):
        for suffix in (".safetensors", ".json"):
            shipped = cards.find(f"digits-{part}").with_suffix(suffix)
            shutil.copy(shipped, folder / f"many-{part}{suffix}")
        if told:
            with pytest.raises(FileNotFoundError, match=told):
                of_images("many")
    own, shipped = of_images("many"), of_images("digits")
    assert own.name == "many features" and own.reference == shipped.reference and own.sha256 == shipped.sha256
    images = load_data("digits", "test").images[:9]
    assert torch.equal(own.features_of(images, None).features, shipped.features_of(images, None).features)
    assert torch.equal(training_index("many").codes, training_index("digits").codes)


def test_what_ships_goes_before_what_is_in_runs(tmp_path, monkeypatch):
    """Else a training of one's own would silently change what all tables are measured in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "classifiers").mkdir(parents=True)
    (tmp_path / "runs" / "classifiers" / "digits-classifier.safetensors").touch()
    assert place_of("digits") == "digits"


def test_points_are_their_own_features_and_have_no_labels():
    train, held_out = torch.randn(2, 30, 2, generator=torch.Generator().manual_seed(0))
    evaluator = of_points(train, held_out)
    assert torch.equal(evaluator.train.features, train) and torch.equal(evaluator.held_out.features, held_out)
    assert evaluator.labels(5, seed=0) is None
    assert torch.equal(evaluator.features_of(held_out, None).features, held_out)


def test_the_floor_is_lower_than_with_labels_drawn_at_random():
    """The floor of 500 held-out images of MNIST drawn at random is 0.58."""
    real = of_images("mnist")
    one = real.held_out.rows(torch.arange(500))
    floor = evaluate(["frechet"], one, real.train, real.held_out, draws=4)["frechet"].floor
    assert 0.1 < floor < 0.25


def test_the_data_are_those_that_the_card_names():
    class Carded:
        def __init__(self, card):
            self.card = card

    assert data_of(Carded({"data": {"name": "digits"}})) == data_of(Carded({"data": "digits"})) == "digits"
    for card in (None, {}, {"data": {}}, {"data": 3}):
        with pytest.raises(ValueError, match="does not name the data"):
            data_of(Carded(card))
    with pytest.raises(ValueError, match="measured by what its sentences say"):
        data_of(small_denoiser(card={"data": {"name": "captions"}}))

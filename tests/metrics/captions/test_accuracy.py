"""The judge's accuracy, counted by hand and on a judge that is right by construction."""

import pytest
import torch

from diffusion_lessons.captions.judge import JUDGE, Judge
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.metrics.captions.accuracy import accuracy, judge_accuracy, reconstruction
from diffusion_lessons.networks.classifier import Classifier
from tests.captions.small import small_parts


def test_by_hand():
    truth = Scenes(*torch.tensor([(7, 2, 0, 0, 0, 0, 0, 0, 0), (3, 1, 0, 0, 0, 1, 2, 4, 1)]).T)
    seen = Scenes(*torch.tensor([(7, 1, 0, 0, 0, 0, 0, 5, 3), (2, 1, 0, 0, 0, 1, 2, 4, 0)]).T)
    shares = accuracy(seen, truth)
    assert (shares["digit"], shares["ink"], shares["paper"], shares["sharp digit"]) == (0.5, 0.5, 1.0, 1.0)
    assert (shares["shape_ink"], shares["corner"]) == (1.0, 0.0), "of the one scene that has an object"
    assert shares["all"] == 0 and accuracy(truth, truth)["all"] == 1


def test_paper_and_ink_need_no_network_and_an_untrained_one_guesses():
    torch.manual_seed(0)
    shares = judge_accuracy(Judge(Classifier(JUDGE)), load_sample().strokes, count=200)
    assert shares["paper"] == 1 and shares["digit"] < 0.5


def test_reconstruction_measures_the_pictures_own_error():
    torch.manual_seed(0)
    _, _, autoencoder = small_parts()
    judge, strokes = Judge(Classifier(JUDGE)), load_sample().strokes

    class Perfect:
        latents = staticmethod(lambda pictures: pictures)
        pictures = staticmethod(lambda latents: latents)

    perfect = reconstruction(Perfect(), judge, strokes, count=100)
    assert perfect["mean absolute error"] == 0 and perfect["all agrees"] == 1
    assert perfect["digit"] == pytest.approx(judge_accuracy(judge, strokes, count=100)["digit"])
    assert reconstruction(autoencoder, judge, strokes, count=100)["mean absolute error"] > 0.1

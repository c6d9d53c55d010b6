"""The classifier's shapes, and that its decision is made from its 64 features and from nothing else."""

import pytest
import torch

from diffusion_lessons.networks.classifier import FEATURES, Classifier, ClassifierConfig


@pytest.mark.parametrize("size", [8, 28, 32, 7])
@pytest.mark.parametrize("config", [ClassifierConfig(), ClassifierConfig(3, 11, (16, 32, 48), blocks=1, stride=2)])
def test_shapes_at_any_size(config, size):
    network = Classifier(config).eval()
    x = torch.randn(3, config.channels, size, size)
    assert network.features(x).shape == (3, FEATURES)
    assert network(x).shape == (3, config.classes)


def test_the_decision_is_linear_in_the_features():
    torch.manual_seed(0)
    network = Classifier(ClassifierConfig()).eval()
    x = torch.randn(4, 1, 8, 8)
    weight, bias = network.head.weight, network.head.bias
    torch.testing.assert_close(network(x), network.features(x) @ weight.T + bias)


def test_samples_do_not_see_one_another_in_evaluation_mode():
    torch.manual_seed(0)
    network = Classifier(ClassifierConfig()).eval()
    x = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(network(x)[2:3], network(x[2:3]))


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 3, 8, 8)])
def test_another_shape_is_named(shape):
    with pytest.raises(ValueError, match=r"takes \[B, 1, H, W\]"):
        Classifier(ClassifierConfig())(torch.zeros(shape))

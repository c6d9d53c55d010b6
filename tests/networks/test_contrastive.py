"""The contrastive loss and the pair of encoders, by hand where a hand can do it."""

import math

import pytest
import torch

from diffusion_lessons.networks.classifier import ClassifierConfig
from diffusion_lessons.networks.contrastive import Contrastive, ContrastiveConfig, contrastive_loss
from diffusion_lessons.networks.text import TextConfig

TINY = TextConfig(words=10, length=5, width=16, heads=2, out=8)


def test_two_pairs_by_hand():
    """Images (1, 0) and (0, 1), sentences (0.6, 0.8) and (0.8, 0.6), scale 2: logits [[1.2, 1.6], [1.6, 1.2]].

    Every row and every column gives -1.2 + log(e^1.2 + e^1.6) = log(1 + e^0.4).
    """
    images, sentences = torch.eye(2), torch.tensor([[0.6, 0.8], [0.8, 0.6]])
    assert contrastive_loss(images, sentences, 2.0).item() == pytest.approx(math.log(1 + math.exp(0.4)))


def test_loss_is_log_b_without_knowledge_and_nears_zero_with_it():
    same = torch.ones(8, 1)
    assert contrastive_loss(same, same, 5.0).item() == pytest.approx(math.log(8))
    assert contrastive_loss(torch.eye(8), torch.eye(8), 50.0).item() < 1e-6


def test_the_two_directions_are_told_apart():
    images, sentences = torch.tensor([[1.0, 0], [0.0, 1]]), torch.tensor([[1.0, 0], [1.0, 0]])
    rows = (-1 + math.log(2 * math.e) + math.log(2)) / 2  # logits [[1, 1], [0, 0]]: no row can tell the sentences
    columns = (-1 + math.log(1 + math.e) + math.log(1 + math.e)) / 2  # the right images have logits 1 and 0
    assert contrastive_loss(images, sentences, 1.0).item() == pytest.approx((rows + columns) / 2)


def test_the_pair_learns_and_scores_are_cosines():
    torch.manual_seed(0)
    image = ClassifierConfig(channels=3, classes=8, widths=(8,), blocks=1, stride=2)
    network = Contrastive(ContrastiveConfig(TINY, image))
    pictures, tokens = torch.randn(4, 3, 32, 32), torch.tensor([[i + 1, 0, 0, 0, 0] for i in range(4)])
    network(pictures, tokens).backward()
    assert all(p.grad is not None and p.grad.any() for name, p in network.named_parameters() if "position" not in name)
    network.eval()
    score = network.score(pictures, tokens)
    cosine = torch.nn.functional.cosine_similarity(network.image(pictures), network.text(tokens).embedding)
    torch.testing.assert_close(score, cosine)
    assert network.score(pictures, tokens[:1]).shape == (4,)


def test_embeddings_must_agree():
    with pytest.raises(ValueError, match="10 numbers and sentences 8"):
        Contrastive(ContrastiveConfig(TINY, ClassifierConfig(classes=10)))


@pytest.mark.parametrize("wrong", [{"text": None}, {"image": TINY}])
def test_a_configuration_checks_its_fields(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be "):
        ContrastiveConfig(**wrong)

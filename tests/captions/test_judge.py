"""The judge: paper and inks without a network, what the network is asked, and that it can learn it."""

import torch
import torch.nn.functional as F

from diffusion_lessons.captions.judge import JUDGE, READ, SIZES, Judge, corner_mask, judge_loss, nearest_ink, paper_of
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.networks.classifier import Classifier


class Knowing(torch.nn.Module):
    """The network that is right: it says what it was told."""

    def __init__(self, scenes):
        super().__init__()
        columns = [F.one_hot(getattr(scenes, name), size) for name, size in zip(READ, SIZES, strict=True)]
        self.logits = 9.0 * torch.cat(columns, dim=1)

    def forward(self, pictures):
        return self.logits[: len(pictures)]


def test_a_right_network_and_exact_inks_read_the_scene():
    sample = load_sample()
    scenes = sample.scenes.rows(slice(400))
    seen = Judge(Knowing(scenes))(sample.pictures[:400])
    right = seen.stacked() == scenes.stacked()
    assert right.double().mean(dim=0).min() > 0.98  # a thick digit may reach into the corner of the object
    assert right[scenes.shape == 0].all()


def test_the_corner_is_asked_for_where_there_is_an_object():
    scenes = load_sample().scenes.rows(slice(64))
    logits = torch.randn(64, sum(SIZES), generator=torch.Generator().manual_seed(0))
    parts = dict(zip(READ, logits.split(SIZES, dim=1), strict=True))
    some = scenes.shape > 0
    expected = sum(F.cross_entropy(parts[name], getattr(scenes, name)) for name in READ if name != "corner")
    expected += F.cross_entropy(parts["corner"][some], scenes.corner[some]) * some.float().mean()
    torch.testing.assert_close(judge_loss(logits, scenes), expected)


def test_probabilities_are_of_each_attribute():
    torch.manual_seed(0)
    judge = Judge(Classifier(JUDGE))
    values = judge.probabilities(load_sample().pictures[:4])
    assert {name: tuple(part.shape) for name, part in values.items()} == {
        name: (4, size) for name, size in zip(READ, SIZES, strict=True)
    }
    for part in values.values():
        torch.testing.assert_close(part.sum(dim=1), torch.ones(4))


def test_paper_ink_and_corner_of_a_picture_made_by_hand():
    picture = torch.ones(1, 3, 32, 32)
    picture[:, :, 2:8, 23:29] = torch.tensor([232, 36, 46]).view(3, 1, 1) / 127.5 - 1
    inside = corner_mask(torch.tensor([1]))  # top right
    assert inside.sum() == 121 and inside[0, 0, 31]
    assert paper_of(picture).tolist() == [1]
    assert nearest_ink(picture, torch.tensor([1]), inside).tolist() == [2]

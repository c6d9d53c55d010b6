"""The CLIP score's figures on scorers whose answer is known."""

import torch
import torch.nn.functional as F

from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.metrics.captions import retrieval as retrieval_module
from diffusion_lessons.metrics.captions.retrieval import binding_margin, judged_binding, retrieval


class Bag:
    """A scorer that counts words and looks at no picture: the same point for every picture."""

    def embed_images(self, pictures):
        return F.normalize(torch.ones(len(pictures), 48), dim=1)

    def embed_sentences(self, tokens):
        counts = F.one_hot(tokens, 48).sum(dim=1).float()
        counts[:, 0] = 1
        return F.normalize(counts, dim=1)

    def score(self, pictures, tokens):
        return (self.embed_images(pictures) * self.embed_sentences(tokens)).sum(dim=1)


def test_a_bag_of_words_cannot_tell_a_sentence_from_the_swapped_one():
    margin = binding_margin(Bag(), load_sample().strokes, count=64)
    assert margin["right above swapped"] == 0
    assert margin["score, two inks"] == margin["score, swapped"] > 0


def test_a_scorer_that_sees_no_picture_is_right_by_chance():
    figures = retrieval(Bag(), load_sample().strokes, count=512)
    assert figures["top-1 of 256"] <= 3 / 256 and 0 < figures["score of the right sentence"] < 1


def test_a_judge_tells_swapped_inks_apart(monkeypatch):
    drawn, render = [], retrieval_module.render
    monkeypatch.setattr(retrieval_module, "render", lambda scenes, *more: drawn.append(scenes) or render(scenes, *more))
    strokes = load_sample().strokes
    right = judged_binding(lambda _: drawn[-1], strokes, count=16)
    wrong = judged_binding(lambda _: drawn[-1]._replace(ink=drawn[-1].shape_ink, shape_ink=drawn[-1].ink), strokes, 16)
    assert right.pop("both inks right") == 1 and set(right.values()) == {0.0}
    leaked = ("ink leaked", "digit's ink on the object", "object's ink on the digit", "inks swapped")
    assert wrong.pop("both inks right") == 0 and [wrong.pop(name) for name in leaked] == [1.0] * 4
    assert set(wrong.values()) == {0.0} and "one ink on both things" in wrong

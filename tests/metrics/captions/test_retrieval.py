"""The CLIP score's figures on scorers whose answer is known."""

import torch
import torch.nn.functional as F

from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.metrics.captions.retrieval import binding_margin, retrieval


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

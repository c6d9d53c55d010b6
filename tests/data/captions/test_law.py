"""The exact law of what a sentence leaves open equals counting over scenes and their sentences."""

from collections import Counter

import pytest
import torch
from scipy.stats import chi2

from diffusion_lessons.data.captions import law
from diffusion_lessons.data.captions.scenes import ATTRIBUTES, SMUDGED, WITH_OBJECT, draw_scenes
from diffusion_lessons.data.captions.sentences import OMITTED, SMUDGE_SAID, draw_mentions, read

N = 400_000


@pytest.fixture(scope="module")
def drawn():
    generator = torch.Generator().manual_seed(4)
    scenes = draw_scenes(N, generator)
    return scenes, draw_mentions(scenes, generator)


def given(drawn, mention):
    scenes, mentions = drawn
    return scenes.rows(torch.tensor([said == mention for said in mentions]))


@pytest.mark.parametrize("sentence", ["a digit", "a seven", "a red digit", "a blurry digit", "a digit and a square"])
def test_the_law_of_a_sentence_equals_counting(drawn, sentence):
    mention = read(sentence)
    scenes, exact = given(drawn, mention), law.posterior(mention)
    assert scenes.size > 40
    for names in (("digit",), ("ink",), ("stroke",), ("slant",), ("smudged",), ("shape",), ("shape_ink",)):
        p, counted = exact.marginal(*names), law.count(scenes, *names)
        assert not counted[p == 0].any()
        expected = scenes.size * p[p > 0]
        statistic = ((counted[p > 0] - expected) ** 2 / expected).sum()
        assert statistic < chi2.ppf(0.9999, max(1, len(expected) - 1)), names


def test_the_most_frequent_mentions_have_the_shares_that_bayes_rule_divides_by(drawn):
    """p(a digit) = .4^5 (1 - .1 .5) (1 - .4 .6), from the three numbers alone."""
    exact = OMITTED**5 * (1 - SMUDGED * SMUDGE_SAID) * (1 - WITH_OBJECT * (1 - OMITTED))
    counts = Counter(tuple(mention.items()) for mention in drawn[1])
    assert counts[()] / N == pytest.approx(exact, rel=0.05)


def test_silence_tells_something():
    said_nothing = law.posterior({})
    assert said_nothing.marginal("smudged")[1] == pytest.approx(0.05 / 0.95)
    assert said_nothing.marginal("shape")[0] == pytest.approx(0.6 / 0.76)
    assert law.prior().marginal("smudged")[1] == pytest.approx(0.1)


def test_a_seven_is_red_in_four_of_five_and_what_is_said_is_certain():
    seven = law.posterior(read("a seven"))
    assert seven.marginal("ink")[2] == pytest.approx(0.8)
    p = seven.marginal("ink")
    assert seven.entropy("ink") == pytest.approx(float(-(p[p > 0] * p[p > 0].log2()).sum()))
    assert seven.probability({"digit": 7}) == pytest.approx(1) and seven.entropy("digit") == pytest.approx(0)
    assert seven.probability({"ink": 2, "paper": 0}) == pytest.approx(0.4)


def test_without_renormalises():
    rest = law.posterior(read("a seven")).without({"ink": 2}).marginal("ink")
    torch.testing.assert_close(rest, torch.tensor([0.25, 0.25, 0, 0.25, 0, 0.25], dtype=torch.float64))


def test_the_prior_is_a_distribution_over_all_attributes():
    joint = law.prior().joint
    assert list(joint.shape) == [len(values) for values in ATTRIBUTES.values()]
    assert joint.sum() == pytest.approx(1) and (joint >= 0).all()
    assert torch.equal(law.prior().marginal("ink", "digit"), law.prior().marginal("digit", "ink").T)


def test_what_never_happens_has_no_law():
    with pytest.raises(ValueError, match="never drawn"):
        law.posterior(read("a red two"))
    with pytest.raises(ValueError, match="no attribute colour"):
        law.prior().marginal("colour")

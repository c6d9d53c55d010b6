"""Scenes follow the stated distribution exactly, and the distorted pairs are the documented ones."""

import pytest
import torch
from scipy.stats import chi2

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data.captions import law
from diffusion_lessons.data.captions.scenes import (
    ATTRIBUTES,
    DIGITS,
    HELD_OUT_DIGITS,
    HELD_OUT_SHAPES,
    INK_COLOURS,
    INKS,
    Scenes,
    distortions,
    draw_scenes,
    ink_given_digit,
)

N = 100_000


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return draw_scenes(N, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "names",
    [
        ("digit", "ink"),
        ("shape", "shape_ink", "corner"),
        ("stroke", "slant", "paper", "smudged"),
        ("digit", "shape"),
        ("ink", "shape_ink"),
        ("slant", "corner"),
        ("ink", "paper", "stroke"),
    ],
)
def test_counts_are_those_of_the_law(scenes, names):
    """Pearson's chi-square over 100,000 scenes: sum (count - N p)^2 / (N p) stays below its 99.9 % quantile."""
    expected, counted = N * law.prior().marginal(*names), law.count(scenes, *names)
    possible = expected > 0
    assert not counted[~possible].any()
    statistic = ((counted - expected)[possible] ** 2 / expected[possible]).sum()
    assert statistic < chi2.ppf(0.999, int(possible.sum()) - 1)


def test_held_out_pairs_are_twelve_and_six_and_never_drawn(scenes):
    assert len(HELD_OUT_DIGITS) == 12 and len(HELD_OUT_SHAPES) == 6
    for digit, ink in HELD_OUT_DIGITS:
        assert not ((scenes.digit == digit) & (scenes.ink == ink)).any()
    for shape, ink in HELD_OUT_SHAPES:
        assert not ((scenes.shape == shape) & (scenes.shape_ink == ink)).any()


def test_sevens_are_red_in_four_of_five_and_every_digit_and_ink_appears():
    table = ink_given_digit()
    assert table[DIGITS.index("seven"), INKS.index("red")] == 0.8
    torch.testing.assert_close(table.sum(dim=1), torch.ones(10, dtype=torch.float64))
    assert (table > 0).sum(dim=1).min() >= 4 and (table > 0).sum(dim=0).min() >= 8


def test_inks_are_equal_steps_of_lightness():
    linear = torch.tensor(INK_COLOURS) / 255
    linear = torch.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    lightness = 116 * (linear @ torch.tensor([0.2126, 0.7152, 0.0722])) ** (1 / 3) - 16  # CIE 1976 L*
    torch.testing.assert_close(lightness, torch.tensor([34.0, 42, 50, 58, 66, 74]), atol=0.5, rtol=0)


def test_same_seed_same_scenes_and_a_table_keeps_them(scenes):
    again = draw_scenes(N, torch.Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(scenes, again, strict=True))
    table = scenes.stacked()
    assert table.shape == (N, len(ATTRIBUTES))
    assert all(torch.equal(a, b) for a, b in zip(scenes, Scenes(*table.T), strict=True))
    assert scenes.rows(slice(5)).size == 5


def test_a_scene_in_words_leaves_out_what_an_absent_object_lacks(scenes):
    alone, with_object = int((scenes.shape == 0).nonzero()[0]), int((scenes.shape > 0).nonzero()[0])
    assert "corner" not in scenes.describe(alone) and "corner" in scenes.describe(with_object)


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        draw_scenes(0)


def test_what_is_distorted_is_said_in_words_as_the_scenes_have_it():
    said = distortions()
    digits, objects = said["digits in an ink that no scene shows"], said["objects in an ink that no scene shows"]
    never = law.prior().marginal("digit", "ink") == 0
    assert {f"{INKS[ink]} {DIGITS[digit]}" for digit, ink in never.nonzero().tolist()} == set(digits)
    assert "red two" in digits and len(digits) == 12 and "cyan disc" in objects and len(objects) == 6
    assert said["biased"].startswith("80% of the sevens are red")


@pytest.mark.parametrize("part", ["judge", "contrastive", "autoencoder", "diffusion", "features"])
def test_the_cards_of_what_learned_from_the_scenes_say_what_was_distorted(part):
    assert cards.read_card(f"captions-{part}")["data"]["distortions"] == distortions()

"""The panel of text to image draws what is asked for, and says what cannot be meant."""

import pytest
import torch

from diffusion_lessons.captions.denoiser import as_tokens
from diffusion_lessons.panels.conditions.text_to_image import prompt_panel
from tests.captions.small import small_denoiser, small_parts
from tests.metrics.captions.test_system import always
from tests.panels.pixels import pixels


@pytest.fixture(scope="module")
def panel():
    _, contrastive, _ = small_parts()
    red_seven = always(7, 2, 0, 0, 0, 0, 0, 0, 0)
    return prompt_panel(small_denoiser(), red_seven, contrastive, steps=2, count=4)


def test_menus_make_the_sentence_and_the_judge_counts(panel):
    assert "\u201ca red seven\u201d, scale 4, by DPM-Solver++(2M) in 2 steps, 4 evaluations each" in panel.alt
    assert "of 4, digit 4, ink 4, all said 4; mean CLIP score" in panel.alt
    before = pixels(panel)
    panel.controls["stroke"].value = 2
    assert "a thick red seven" in panel.alt and "stroke 0, all said 0" in panel.alt
    assert abs(pixels(panel).astype(float) - before).max() > 0
    panel.controls["shape_ink"].value = 0
    assert "blue" not in panel.alt  # there is no object yet
    panel.controls["shape"].value = 1
    assert "a thick red seven with a blue disc" in panel.alt
    for name in ("stroke", "shape", "shape_ink"):
        panel.controls[name].value = None


def test_what_is_typed_goes_before_the_menus_and_negatives_are_told(panel):
    panel.controls["typed"].value = "a blue nine"
    assert "a blue nine" in panel.alt and "digit 0, ink 0" in panel.alt
    panel.controls["negative"].value = "smudged"
    assert "away from smudged" in panel.alt
    panel.controls["negative"].value = panel.controls["typed"].value = ""


def test_where_a_word_is_looked_at_comes_beneath(panel):
    height = pixels(panel).shape[0]
    panel.controls["word"].value = 2
    assert "where it looks at \u201cred\u201d" in panel.alt and pixels(panel).shape[0] > 1.5 * height
    panel.controls["word"].value = 0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("typed", "a rad seven", "near: red"),
        ("typed", "a red blue seven", "two things of one ink: red and blue"),
        ("negative", "a red blue seven", "two things of one ink: red and blue"),
        ("negative", "a red seven", "equals the prompt"),
        ("word", 9, "words 1 to 3"),
    ],
)
def test_what_cannot_be_meant_is_said(panel, name, value, message):
    before = panel.controls[name].value
    with pytest.raises(ValueError, match=message):
        panel.controls[name].value = value
    panel.controls[name].value = before


def test_guidance_may_be_switched_on_at_some_noise_levels_only(panel):
    panel.controls["steps"].value = 3
    panel.controls["window"].value = (0.0, 1.0)
    assert "4 evaluations each" in panel.alt  # of three steps only the last is guided
    panel.controls["window"].value, panel.controls["steps"].value = None, 2


def test_rescaling_changes_the_pictures_and_is_said(panel):
    before = pixels(panel)
    panel.controls["rescale"].value = 0.7
    assert "scale 4, rescaled by 0.7, by DPM-Solver++(2M)" in panel.alt and (pixels(panel) != before).any()
    panel.controls["rescale"].value = 0.0
    assert "rescaled" not in panel.alt and (pixels(panel) == before).all()


def test_nothing_said_is_the_empty_sentence_of_a_digit(panel):
    panel.controls["digit"].value = panel.controls["ink"].value = None
    assert "all said 4" in panel.alt and torch.equal(as_tokens("a digit"), as_tokens(panel.alt.split("\u201d")[0][1:]))
    panel.controls["digit"].value, panel.controls["ink"].value = 7, 2

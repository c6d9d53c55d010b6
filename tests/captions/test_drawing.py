"""Prompt in, pictures out."""

import warnings

import pytest
import torch

from diffusion_lessons import samplers
from diffusion_lessons.captions.drawing import draw
from diffusion_lessons.samplers import sample
from tests.captions.small import PROMPTS


def test_same_prompt_and_seed_same_picture(denoise):
    once, again = (draw(denoise, "a red seven", 3, steps=2, seed=4).pictures for _ in range(2))
    other = draw(denoise, "a red seven", 3, steps=2, seed=5).pictures
    assert torch.equal(once, again) and not torch.equal(once, other)
    assert draw(denoise, PROMPTS, 2, steps=2, negative="smudged").pictures.shape == (2, 3, 32, 32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: draw(d, "a rad seven", 2), "'rad' \\(near: "),
        (lambda d: draw(d, "a " * 15, 2), "15 words; at most 14"),
        (lambda d: draw(d, "a seven", 2, negative="a seven"), "negative equals the prompt"),
        (lambda d: draw(d, "a seven", 2, negative=" "), "negative without a word"),
        (lambda d: draw(d, "a red blue seven", 2), "two things of one ink: red and blue"),
        (lambda d: draw(d, "a seven", 2, negative="a red blue seven"), "two things of one ink: red and blue"),
        (lambda d: draw(d, PROMPTS, 3), "2 sentences for 3 pictures"),
    ],
)
def test_what_cannot_be_meant_is_said(denoise, call, message):
    with pytest.raises(ValueError, match=message):
        call(denoise)


def test_an_empty_prompt_is_said_and_drawn_without_a_condition(denoise):
    with pytest.warns(UserWarning, match="asks for nothing"):
        empty = draw(denoise, "", 2, steps=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = denoise.path.prior((2, 4, 8, 8), torch.Generator().manual_seed(0))
        latents = sample(samplers.dpm_solver_pp_2m, denoise, x, denoise.path, denoise.path.grid(2))
    torch.testing.assert_close(empty.latents, latents, atol=1e-4, rtol=1e-4)

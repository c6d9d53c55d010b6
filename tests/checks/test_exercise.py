"""The outcome of a check: shares, and a message that shows what was given, what came back and what to reread."""

import math

import pytest

from diffusion_lessons.checks import EXERCISES, check


def ddpm_from_the_posterior(x, eps, z, alpha_bar_t, alpha_bar_s):
    """Equation 7 of the paper, through x0, instead of the short form in eps."""
    x0 = (x - math.sqrt(1 - alpha_bar_t) * eps) / math.sqrt(alpha_bar_t)
    alpha = alpha_bar_t / alpha_bar_s
    mean = (math.sqrt(alpha_bar_s) * (1 - alpha) * x0 + math.sqrt(alpha) * (1 - alpha_bar_s) * x) / (1 - alpha_bar_t)
    return mean if alpha_bar_s == 1 else mean + math.sqrt(1 - alpha) * z


def test_half_right_work_earns_its_share():
    def no_special_last_step(x, eps, z, alpha_bar_t, alpha_bar_s):
        return ddpm_from_the_posterior(x, eps, z, alpha_bar_t, min(alpha_bar_s, 1 - 1e-9))

    result = check("ddpm_step", no_special_last_step)
    assert result.right == (True, True, False)
    assert result.score == pytest.approx(2 / 3)
    assert result.mistake.name == "noise on the last step"


def test_special_cases_earn_nothing_while_the_heart_is_wrong():
    result = check("guide", lambda uncond, cond, scale: cond)
    assert result.right == (False, False, True, False)
    assert result.score == 0


def test_message_shows_inputs_answer_and_expectation():
    text = str(check("guide", lambda uncond, cond, scale: uncond + 2 * scale * (cond - uncond)))
    assert "eps_uncond = " in text and "scale = " in text and "yours gives " in text and "expected " in text
    assert "Reread: lesson 07" in text and "wrong  numbers" in text and "ok     scale 0 is unconditional" in text


def test_message_names_an_error_that_was_raised():
    def broken(x0, eps, alpha_bar):
        raise KeyError("oops")

    assert "it raised KeyError: 'oops'" in str(check("forward", broken))


def test_wrong_number_of_arguments_is_told():
    assert "takes 1 positional argument but 3 were given" in str(check("forward", lambda x0: x0))


def test_inputs_are_not_changed_by_the_function():
    def cruel(points):
        points.clear()
        return []

    assert check("frontier", EXERCISES["frontier"].solution).passed
    assert not check("frontier", cruel).passed

"""What a check finds out: shares, mistakes, what was given and came back, and why nothing could be judged."""

import math

import numpy as np
import pytest
import torch

from diffusion_lessons.checks import EXERCISES, check
from diffusion_lessons.checks.assessing import gives_gradient, is_empty


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
    text = check("guide", lambda uncond, cond, scale: uncond + 2 * scale * (cond - uncond)).text
    assert "eps_uncond = " in text and "scale = " in text and "yours gives " in text and "expected " in text
    assert "Reread: lesson 07" in text and "wrong  numbers" in text and "ok     scale 0 is unconditional" in text


def test_message_names_an_error_that_was_raised():
    def broken(x0, eps, alpha_bar):
        raise KeyError("oops")

    text = check("forward", broken).text
    assert (
        "Your function raised KeyError: 'oops', every time." in text and 'at the line: raise KeyError("oops")' in text
    )
    assert "Hint" not in text and "expected" not in text  # physics is not what is wrong here


def test_wrong_number_of_arguments_is_told():
    assert "takes 1 positional argument but 3 were given" in check("forward", lambda x0: x0).text


def test_inputs_are_not_changed_by_the_function():
    def cruel(points):
        points.clear()
        return []

    assert check("frontier", EXERCISES["frontier"].solution).passed
    assert not check("frontier", cruel).passed


def test_a_forgotten_return_is_told_and_an_empty_body_is_not_written():
    def forgetful(x0, eps, alpha_bar):
        x0 * alpha_bar**0.5 + eps * (1 - alpha_bar) ** 0.5

    def documented(x0, eps, alpha_bar):
        """Later."""

    result = check("forward", forgetful)
    assert result.score == 0 and "is the `return` missing?" in result.text and "not written" not in result.text
    assert is_empty(documented) and "not written yet" in check("forward", documented).text
    assert not is_empty(lambda: 0) and not is_empty(forgetful) and not is_empty(len)


def test_an_input_that_is_changed_in_place_is_named():
    def careless(u, eps, z, t, steps):
        x = eps
        for k in range(steps):
            x -= u(x, 1 - k / steps) / steps
        return [(1 - t) * x + t * eps, eps - x]

    assert "It changes eps in place" in check("reflow_example", careless).text
    assert "in place" not in check("reflow_example", lambda u, eps, z, t, steps: [eps, eps]).text


def test_an_answer_of_another_kind_is_said_to_be_returned():
    text = check("frechet", lambda *_: 1 + 0j).text
    assert "Your function returned complex numbers: take their real part" in text and "raised" not in text


def test_what_ends_python_ends_no_check():
    def leaving(x0, eps, alpha_bar):
        exit()

    text = check("forward", leaving).text
    assert "Your function raised SystemExit: None, every time. It stops at the line: exit()" in text
    assert not gives_gradient(EXERCISES["forward"], leaving)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (10**400, "a whole number of more than 300 digits"),
        (torch.ones(2, device="meta"), "a tensor on the device 'meta'"),
    ],
)
def test_a_value_that_no_number_is_made_of_is_told(value, told):
    assert f"Your function returned {told}" in check("forward", lambda *_: value).text


def test_an_input_that_becomes_what_no_number_is_made_of_is_changed():
    def overflowing(points):
        points[:] = [10**400]
        return []

    assert "It changes points in place" in check("frontier", overflowing).text


def test_a_set_is_an_answer_where_order_is_free():
    assert check("unfair", lambda a, b: set(EXERCISES["unfair"].solution(a, b))).passed


def test_an_error_of_another_kind_is_not_taken_for_a_mistake_that_also_stops():
    assert check("guide_doubled", lambda out, scale: undefined_name).mistake is None  # noqa: F821


def test_a_function_that_draws_noise_of_its_own_is_told():
    def noisy(x, eps, alpha_bar_t, alpha_bar_s):
        return alpha_bar_s**0.5 * x + np.random.default_rng().standard_normal()

    assert "It draws noise" in check("ddim_step", noisy).text
    assert "It draws noise" not in check("ddim_step", lambda x, eps, t, s: x).text


def test_a_function_among_the_inputs_is_called_one():
    assert "field = a function" in check("heun_step", lambda field, x, t, s: x).text

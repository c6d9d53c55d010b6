"""Exercises to investigate have no check. Here is one answer to each, measured in tests as in its lesson.

`check("ten_ddim_times").solution(what_you_found)` shows them one by one, as they are written here.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import torch

from diffusion_lessons import metrics


def six_copying_times():
    """Lesson 00: all sixteen are copies, not eight, and with six evaluations, not ten.

    Little is decided before t = 400: all 1,500 digits are still possible. What is left of the rest has to be decided
    on the way down, and the last evaluation, at t = 5, takes away what little noise is left. Five do it as well.
    """
    return [1000, 400, 300, 200, 100, 5, 0]


def evenly_lost():
    """Lesson 01: at most 15 digits lost in a tenth of the time, not 20.

    The values at the tenths of T were read off the curve over lambda: where it says 91, 82, 73 and so on. One hundred
    digits are few. With other noise it is 12 to 17, so the last digit or two are luck.
    """
    tenths = [1.0, 0.56, 0.46, 0.385, 0.32, 0.26, 0.2, 0.14, 0.08, 0.025, 0.0005]
    return np.interp(np.arange(1, 1001) / 1000, np.linspace(0, 1, 11), tenths).tolist()


def where_the_error_scatters(u):
    """Lesson 02: a standard deviation of 0.045, not 0.076: times in proportion to the scatter of the error there.

    `scatter` is the standard deviation of the squared error at t = 0, 50, 100, ..., as measured with 20,000 examples.
    It is the scatter that counts, not the size: between even strata of time, the mean adds hardly any noise.
    """
    scatter = [1.40, 1.26, 1.07, 1.06, 1.14, 0.85, 0.54, 0.34, 0.20, 0.12, 0.07, 0.04, 0.02, *[0.01] * 8]
    density = np.interp(np.linspace(0, 1, 1001), np.linspace(0, 1, 21), scatter)
    share = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])  # of the examples before each time
    t = np.interp(u.numpy(), share / share[-1], np.linspace(0, 1, 1001))
    weight = share[-1] / 1000 / np.interp(t, np.linspace(0, 1, 1001), density)
    return torch.tensor(1000 * t), torch.tensor(weight)


def ten_ddpm_times():
    """Lesson 03: W1 0.046 with the large variance, not 0.062: the steps become a little shorter towards the data."""
    return [1000 * (1 - k / 10) ** 1.2 for k in range(11)]


def ten_ddim_times():
    """Lesson 04: W1 0.054, not 0.090, found by an optimiser: one long step first, where little is decided."""
    return [1000, 592, 467, 379, 307, 247, 187, 127, 66, 24, 0]


def farther_at_first():
    """Lesson 05: the median digit is 0.031 away, not 0.041: twice the correction in the first half, then as ++(2M).

    With the noise of seed 1 it is 0.022 and not 0.032, with that of seed 2 0.028 and not 0.036.
    """
    calls = count()

    def line(x0, x0_before, h, h_before):
        farther = 2 if next(calls) < 4 else 1
        return x0 + farther * (x0 - x0_before) * h / (2 * h_before)

    return line


def ten_digit_times():
    """Lesson 05b: the median digit is 0.026 away, not 0.041: short steps at both ends, long ones in the middle.

    Found by a random search on the noises of seeds 0 and 1, and rounded. With the noise of seed 2, which the search did
    not see, it is 0.020 and not 0.036.
    """
    return [1000.0, 940.0, 870.0, 800.0, 710.0, 590.0, 440.0, 280.0, 130.0, 40.0, 0.0]


def ten_straight_times():
    """Lesson 06: RMS 0.013, not 0.022: a solver of second order, and steps that get shorter towards the data."""
    return "dpm_solver_pp_2m", [(1 - k / 10) ** 1.5 for k in range(11)]


def guided_in_the_middle():
    """Lesson 07: adherence 1 and diversity 0.89, not 0.83, with 12 evaluations, not 16.

    Guidance in two of the ten steps is enough, those in which it is settled which digit it will be: stronger, and
    shorter. Before them it would decide on the shape of the digit as well, and after them there is nothing to decide.
    """
    return {"scale": 3.0, "interval": (0.5, 1.0)}


def twelve_pushed_evaluations():
    """Lesson 08: all samples look like class 0, as wide as before, with 12 evaluations and not 20.

    Two steps with the second evaluation, at the noise levels at which the classes part, and a larger scale there. No
    negative can do it, at no scale and in no interval. With equal widths, the difference of two classes' predictions
    is the same at every place: it moves the cloud, all of it, and holds nothing together. "Everything" knows where it
    is: far from class 0 it consists of the neighbours alone, and there it pushes hardest.
    """
    return {"scale": 5.0, "interval": (0.2, 0.6)}


def share_of_sevens(x):
    """Lesson 09: 2.4 standard deviations with 500 images, not 1.5: how many of them the classifier takes for a seven.

    It would not have found that the fours are missing. The smallest of the ten shares would find both, but needs more
    images: 1.6 standard deviations with 500 of them, 3.3 with 1,000. To know what one is looking for is worth half of
    the images.
    """
    return (metrics.probabilities(x).argmax(dim=1) == 7).double().mean().item()


def ten_evaluations():
    """Lesson 10: W1 0.08, not 0.10: fresh noise that forgets the denoiser's error, in steps of second order."""
    return "dpm_solver_pp_2m_sde", {}


def three_evaluation_times():
    """Lesson 11: W1 0.017, not 0.026. Two evaluations where the clusters are just apart; one clears what one left."""
    return [1.0, 0.25, 0.2]


def twelve_guided_evaluations():
    """Lesson 12: off by 0.023, not 0.085: nine steps of a multistep solver, every third pass without the condition."""
    return {"sampler": "dpm_solver_pp_2m", "steps": 9, "every": 3}


def sentences_that_fail():
    """Lesson 13: of 64 pictures of "a red eight" 5 show an eight, and all are red. The pair was never drawn.

    Change one word, and it is gone: of "a blue eight" or "a red three" nearly all are right. So it is neither the ink
    nor the digit. Not every pair that was never drawn fails as badly: of "a red two" 59 show a two, and 43 are red.
    """
    return ["a red eight", "a blue eight", "a red three", "a red two"]


def varied_sevens():
    """Lesson 13: all are sevens, with 1.05 bits of ink and not 0.00: guidance at middle noise levels only.

    There it is settled which digit it will be. The ink is settled before, and left as the network would choose it.
    """
    return {"scale": 4.0, "interval": (0.5, 2.0)}


def sixteen_evaluations():
    """Lesson 14: as near with 16 evaluations as with 20: the classes part at middle levels, and scale 3 is on there.

    As near as 2,000 pairs of samples can tell: 0.00 farther, of 0.63, with a 95 % interval from -0.05 to 0.06.
    """
    return {"scale": 3.0, "interval": (0.2, 3.0)}


def keeps_alpha(name):
    """Lesson 15: if all clean samples are c, the noise parts must match, so the weights add up to alpha' - keep alpha.

    The exponential integrators (DDIM and all DPM-Solvers) solve this part exactly and keep the sum. Euler, Heun, the
    midpoint rule and RK4 do not: their tangents miss a little, and a picture whose pixels are all equal comes out too
    bright or too dark. With more steps they miss less, since it is an error of the solver like any other.
    """
    return name not in ("euler", "heun", "midpoint", "rk4")


def forty_knobs():
    """Lesson 16: 0.060, not 0.125. The times matter more than the knob: longer steps towards the data, and k = 1.25.

    On the trailing grid, k = 0.75 reaches 0.075 and k = 1.25 reaches 0.063. To switch the noise off in any part of the
    run made it worse each time that we tried. The grid even in lambda spends half of its steps where hardly any noise
    is left, and there the flaw of this denoiser does no harm.
    """
    return [1.25] * 40, [1000 * (1 - k / 40) ** 0.8 for k in range(41)]


INVESTIGATIONS: dict[str, Callable[..., Any]] = {
    answer.__name__: answer
    for answer in (
        six_copying_times,
        evenly_lost,
        where_the_error_scatters,
        ten_ddpm_times,
        ten_ddim_times,
        farther_at_first,
        ten_digit_times,
        ten_straight_times,
        guided_in_the_middle,
        twelve_pushed_evaluations,
        share_of_sevens,
        ten_evaluations,
        three_evaluation_times,
        twelve_guided_evaluations,
        sentences_that_fail,
        varied_sevens,
        sixteen_evaluations,
        keeps_alpha,
        forty_knobs,
    )
}

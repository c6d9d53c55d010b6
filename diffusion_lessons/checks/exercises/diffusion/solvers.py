"""Exercises on solvers: steps of higher order, reading a slope, and times evenly spaced in lambda (lessons 05, 05b)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import batch, field, number, tensor
from diffusion_lessons.samplers.dpm_solver_pp import extrapolate
from diffusion_lessons.schedules import flow


def _heun(f, x, t, s):
    d = f(x, t)
    return x + (s - t) / 2 * (d + f(x + (s - t) * d, s))


def _ode_step(rng, draw=number):
    t = float(rng.uniform(0.6, 0.9))
    return field(rng), draw(rng), t, t - float(rng.uniform(0.2, 0.4))


HEUN_STEP = Exercise(
    "heun_step(field, x, t, s)",
    "One step of Heun's second-order method for dx/dt = field(x, t), from t down to s.",
    "lesson 05, look ahead once",
    _heun,
    [
        Part("numbers", _ode_step),
        Part("batches of images", lambda rng: _ode_step(rng, batch)),
        Part("a step of no length", lambda rng: (field(rng), number(rng), 0.5, 0.5), lambda f, x, *_: x),
    ],
    [
        Mistake(
            "Euler's step",
            lambda f, x, t, s: x + (s - t) * f(x, t),
            "You go straight on in the first direction, which is of order 1. Use the direction at the end, too.",
        ),
        Mistake(
            "time running up",
            lambda f, x, t, s: _heun(lambda x, u: f(x, u), x, t, 2 * t - s),
            "You step away from s. Going down, s - t is negative, and that is as it should be.",
        ),
        Mistake(
            "directions added",
            lambda f, x, t, s: x + (s - t) * (f(x, t) + f(x + (s - t) * f(x, t), s)),
            "You cover the distance twice: two directions are averaged, not added.",
        ),
        Mistake(
            "the end seen from the start",
            lambda f, x, t, s: x + (s - t) / 2 * (f(x, t) + f(x, s)),
            "You ask for the direction at time s but at the old x. Where would x be by then?",
        ),
        Mistake(
            "the end seen at the old time",
            lambda f, x, t, s: x + (s - t) / 2 * (f(x, t) + f(x + (s - t) * f(x, t), t)),
            "You moved x to the end of the step but left the clock at t.",
        ),
        Mistake(
            "the midpoint method",
            lambda f, x, t, s: x + (s - t) * f(x + (s - t) / 2 * f(x, t), (t + s) / 2),
            "That is the midpoint method. It is of order 2, too, but Heun evaluates the *end* of the step.",
        ),
        Mistake(
            "the direction at the end alone",
            lambda f, x, t, s: x + (s - t) * f(x + (s - t) * f(x, t), s),
            "You use only the direction at the end. The mean of both ends is one order better.",
        ),
    ],
    "Go to the end with Euler, evaluate the direction there, then start again with the mean of both.",
)


EXTRAPOLATE_X0 = Exercise(
    "extrapolate_x0(x0, x0_before, h, h_before)",
    "The clean sample that DPM-Solver++(2M) uses for a step of length h in lambda: on the line through the last two "
    "that were seen (h_before apart), at the middle of the coming step.",
    "lesson 05, a second order for no further evaluation",
    lambda x0, before, h, h_before: extrapolate(tensor(x0), tensor(before), h_before / h),
    [
        Part("numbers", lambda rng: (number(rng), number(rng), *rng.uniform([0.2, 0.6], [0.5, 0.9]).tolist())),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), *rng.uniform([0.6, 0.2], [0.9, 0.5]).tolist())),
        Part("nothing changes where both agree", lambda rng: (1.5, 1.5, 0.3, 0.4), lambda *_: 1.5, draws=1),
    ],
    [
        Mistake(
            "the end of the step",
            lambda x0, b, h, g: x0 + h / g * (x0 - b),
            "You extrapolate to the end. One value stands for the whole step: which point represents it best?",
        ),
        Mistake(
            "lengths exchanged",
            lambda x0, b, h, g: x0 + g / (2 * h) * (x0 - b),
            "A long step *before* should make the slope smaller, not larger.",
        ),
        Mistake(
            "looking back",
            lambda x0, b, h, g: x0 - h / (2 * g) * (x0 - b),
            "You interpolate between the two that you have. The coming step lies on the other side.",
        ),
        Mistake(
            "equal lengths taken for granted",
            lambda x0, b, h, g: 1.5 * x0 - 0.5 * b,
            "This is right where all steps are equally long in lambda. These are not.",
        ),
        Mistake("the last one alone", lambda x0, b, h, g: x0, "That is DDIM: the past is not used."),
    ],
    "Slope per unit of lambda from the last two, times the distance to the middle of the coming step.",
)


def _power_law(rng):
    order, steps = float(rng.uniform(0.7, 3.3)), np.array([8.0, 16.0, 32.0, 64.0, 128.0])[: int(rng.integers(3, 6))]
    return float(rng.uniform(1, 20)) * steps**-order, steps


def _least_squares(rng):
    """Errors that scatter about a power law, as measured ones do, at steps that do not simply double."""
    errors, steps = _power_law(rng)
    steps = np.array([10.0, 15.0, 20.0, 40.0, 50.0])[: len(steps)]
    order, scatter = (
        float(rng.uniform(0.7, 3.3)),
        np.exp(rng.uniform(0.05, 0.15, len(steps)) * (-1) ** np.arange(len(steps))),
    )
    return errors[0] * steps**-order * scatter, steps


def _slope(errors, steps):
    return -np.polyfit(np.log(steps), np.log(errors), 1)[0]


SLOPE = Exercise(
    "slope(errors, steps)",
    "The order of a solver, a positive number, from its errors at several numbers of steps: the slope of the line of "
    "least squares through all of them.",
    "lesson 05, reading a slope",
    _slope,
    [
        Part("any order", _power_law, draws=3),
        Part("errors that scatter, at any steps", _least_squares, draws=2),
        Part(
            "halving the steps' length twice quarters the error twice",
            lambda rng: (np.array([0.16, 0.04, 0.01]), np.array([10.0, 20.0, 40.0])),
            lambda *_: 2.0,
            draws=1,
        ),
    ],
    [
        Mistake(
            "the sign of the slope",
            lambda e, n: -_slope(e, n),
            "Errors fall as steps grow, so the line goes down. The order is how fast it falls.",
        ),
        Mistake(
            "only the errors on a logarithmic axis",
            lambda e, n: -np.polyfit(n, np.log(e), 1)[0],
            "error = c / steps^p is a straight line only where *both* axes are logarithmic.",
        ),
        Mistake(
            "no logarithms",
            lambda e, n: -np.polyfit(n, e, 1)[0],
            "You fit a line to the errors themselves. Which axes make a power law straight?",
        ),
        Mistake(
            "axes exchanged",
            lambda e, n: -np.polyfit(np.log(e), np.log(n), 1)[0],
            "You measure how many steps an error needs, which gives the inverse of the order.",
        ),
        Mistake(
            "two kinds of logarithm",
            lambda e, n: -np.polyfit(np.log(n), np.log10(e), 1)[0],
            "One axis is in natural logarithms, the other in powers of ten. Any one kind will do, if it is the same.",
        ),
        Mistake(
            "the last two points alone",
            lambda e, n: math.log(e[-2] / e[-1]) / math.log(n[-1] / n[-2]),
            "The last two points give a slope, too, but measured errors scatter: let all of them have a say.",
        ),
        Mistake(
            "the first and the last point alone",
            lambda e, n: math.log(e[0] / e[-1]) / math.log(n[-1] / n[0]),
            "The ends give a slope, too, but measured errors scatter: let those between have a say.",
        ),
        Mistake(
            "steps taken to double",
            lambda e, n: math.log2(e[-2] / e[-1]),
            "That is the order where the steps have doubled. Look at how many there are.",
        ),
        Mistake(
            "the ratio of the last two errors",
            lambda e, n: e[-2] / e[-1],
            "When steps double, an order of 2 divides the error by 4. You return the 4.",
        ),
    ],
    "If error = c / steps^p, what is log(error) as a function of log(steps)?",
)


def _ends(rng):
    return int(rng.integers(3, 9)), float(rng.uniform(0.9, 0.99)), float(rng.uniform(0.005, 0.05))


LOGSNR_TIMES = Exercise(
    "logsnr_times(steps, t_max, t_min)",
    "The steps + 1 times from t_max down to t_min on the straight path (alpha = 1 - t, sigma = t), even in "
    "lambda = log(alpha / sigma).",
    "lesson 05b, where to spend the steps",
    lambda steps, t_max, t_min: [
        flow().t_of_lam(lam) for lam in np.linspace(flow().lam(t_max), flow().lam(t_min), steps + 1).tolist()
    ],
    [
        Part("any ends", _ends, draws=3),
        Part("one step", lambda rng: (1, 0.9, 0.1), lambda *_: [0.9, 0.1], draws=1),
        Part("the middle of symmetric ends", lambda rng: (2, 0.95, 0.05), lambda *_: [0.95, 0.5, 0.05], draws=1),
    ],
    [
        Mistake(
            "even in t",
            lambda n, a, b: np.linspace(a, b, n + 1),
            "Your times are even in t. A solver in lambda makes all its error in the few that are long in lambda.",
        ),
        Mistake(
            "even in log t",
            lambda n, a, b: np.geomspace(a, b, n + 1),
            "You spaced sigma alone. lambda also knows how much of the signal is left, which matters near t = 1.",
        ),
        Mistake(
            "one time too few",
            lambda n, a, b: 1 / (1 + np.exp(np.linspace(math.log(1 / a - 1), math.log(1 / b - 1), n))),
            "`steps` steps join `steps` + 1 times.",
        ),
        Mistake(
            "from data to noise",
            lambda n, a, b: 1 / (1 + np.exp(np.linspace(math.log(1 / b - 1), math.log(1 / a - 1), n + 1))),
            "A sampler starts at noise: time runs down, lambda up.",
        ),
        Mistake(
            "the sign of lambda",
            lambda n, a, b: 1 / (1 + np.exp(-np.linspace(math.log(1 / a - 1), math.log(1 / b - 1), n + 1))),
            "You solve for 1 - t. lambda = log((1 - t) / t) grows as t falls.",
        ),
        Mistake(
            "lambda instead of t",
            lambda n, a, b: np.linspace(math.log(1 / a - 1), math.log(1 / b - 1), n + 1),
            "These are the lambdas. Which t has each?",
        ),
    ],
    "Both ends in lambda, even between them, and back: solve log((1 - t) / t) = lambda for t.",
)

"""Exercises on the straight path: a point on it, its velocity, and the way back (lesson 06)."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import batch, number, tensor
from diffusion_lessons.estimates import target
from diffusion_lessons.schedules import flow

FLOW_POINT = Exercise(
    "flow_point(x0, eps, t)",
    "x_t on the straight path of flow matching; t = 0 is data and t = 1 is noise.",
    "lesson 06, a straight line",
    lambda x0, eps, t: flow().add_noise(tensor(x0), tensor(eps), t),
    [
        Part("numbers", lambda rng: (number(rng), number(rng), float(rng.uniform(0.1, 0.4)))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), float(rng.uniform(0.6, 0.9)))),
        Part("data at t = 0", lambda rng: (number(rng), number(rng), 0.0), lambda x0, eps, t: x0),
    ],
    [
        Mistake(
            "time runs the other way",
            lambda x0, eps, t: t * x0 + (1 - t) * eps,
            "Many flow papers put the noise at t = 0. Here time runs down while sampling: 0 is data.",
        ),
        Mistake(
            "a circle instead of a line",
            lambda x0, eps, t: (1 - t) ** 0.5 * x0 + t**0.5 * eps,
            "Your squares add up to 1, as on a diffusion path. A straight line is simpler.",
        ),
    ],
    "At t the point has gone the share t of the way from x_0 to eps.",
)


VELOCITY_TARGET = Exercise(
    "velocity_target(x0, eps)",
    "The velocity dx_t/dt of the straight path, t running from data to noise.",
    "lesson 06, what the network learns",
    lambda x0, eps: target("velocity", tensor(x0), tensor(eps), flow(), 0.5),
    [
        Part("numbers", lambda rng: (number(rng), number(rng))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng))),
    ],
    [
        Mistake(
            "pointing at the image",
            lambda x0, eps: x0 - eps,
            "Your velocity points from noise to data, as is right where time runs that way. Here t grows with noise.",
        ),
        Mistake(
            "the noise as the velocity",
            lambda x0, eps: eps,
            "That is what a diffusion network predicts. How far does x move from t = 0 to t = 1?",
        ),
        Mistake(
            "half the way",
            lambda x0, eps: (eps - x0) / 2,
            "With your velocity x would have reached only the middle at t = 1.",
        ),
    ],
    "Differentiate x_t with respect to t.",
)


FLOW_X0 = Exercise(
    "flow_x0(x, u, t)",
    "The clean sample seen in x_t = x when the velocity there is u.",
    "lesson 06, why Euler on the straight path is DDIM",
    lambda x, u, t: np.asarray(x) - t * np.asarray(u),
    [
        Part("numbers", lambda rng: (number(rng), number(rng), float(rng.uniform(0.1, 0.4)))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), float(rng.uniform(0.6, 0.9)))),
    ],
    [
        Mistake("the wrong direction", lambda x, u, t: x + t * u, "u points towards the noise; you follow it there."),
        Mistake(
            "the way to the noise",
            lambda x, u, t: x - (1 - t) * u,
            "How long does it take from t back to the data? You move for the time that is left until the noise.",
        ),
        Mistake("the time forgotten", lambda x, u, t: x - u, "You move for a whole unit of time, whatever t is."),
    ],
    "Go back along the line with velocity u, for as long as it took to come from x_0.",
)

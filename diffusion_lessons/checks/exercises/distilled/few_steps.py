"""Exercises on the targets of few-step students (lesson 11): pairs that a flow joins, two steps of a teacher in one.

On the straight path, where x_t = (1 - t) x_0 + t eps, a network answers with a velocity, and an Euler step is DDIM."""

from itertools import pairwise

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import euler
from diffusion_lessons.checks.portable.inputs import batch, field, number, two_times


def follow(u, x, times):
    """Euler's steps along times, a list of numbers."""
    for t, s in pairwise(times):
        x = euler(u, x, t, s)
    return x


def _down(steps):
    return [1 - k / steps for k in range(steps)] + [0.0]


def _line(x0, eps, t):
    return [(1 - t) * x0 + t * eps, eps - x0]


def reflow_example(u, eps, z, t, steps):
    return _line(follow(u, eps, _down(steps)), eps, t)


REFLOW_EXAMPLE = Exercise(
    "reflow_example(u, eps, z, t, steps)",
    "One training example [x_t, target] for the second flow. A sample is made by following the first flow's velocity "
    "u(x, t) from the noise eps at t = 1 to t = 0, in `steps` even Euler steps; x_t lies at t on the straight line, "
    "and target is the velocity to answer there. z is a second draw of noise, in case you need one.",
    "lesson 11, reflow: the whole trajectory",
    reflow_example,
    [
        Part("numbers", lambda rng: (field(rng), number(rng), number(rng), float(rng.uniform(0.2, 0.8)), 3)),
        Part("batches of images", lambda rng: (field(rng), batch(rng), batch(rng), float(rng.uniform(0.2, 0.8)), 4)),
        Part(
            "at t = 1 the input is the noise",
            lambda rng: (field(rng), number(rng), number(rng), 1.0, 2),
            lambda u, eps, z, t, N: [eps, eps - follow(u, eps, _down(N))],
        ),
    ],
    [
        Mistake(
            "fresh noise for the pair's own",
            lambda u, eps, z, t, N: _line(follow(u, eps, _down(N)), z, t),
            "You join the sample to a noise that did not lead there: a pair at random, as in the first training. A "
            "network that is trained on it learns the first flow once more.",
        ),
        Mistake(
            "fresh noise in x_t alone",
            lambda u, eps, z, t, N: [_line(follow(u, eps, _down(N)), z, t)[0], eps - follow(u, eps, _down(N))],
            "Input and target are of two different lines. Both belong to the pair that the flow made.",
        ),
        Mistake(
            "the first flow's velocity as the target",
            lambda u, eps, z, t, N: [
                _line(follow(u, eps, _down(N)), eps, t)[0],
                u(_line(follow(u, eps, _down(N)), eps, t)[0], t),
            ],
            "Your student learns the teacher's velocity, so it becomes a copy of its teacher. The line has a velocity "
            "of its own.",
        ),
        Mistake(
            "one step for the whole trajectory",
            lambda u, eps, z, t, N: _line(euler(u, eps, 1.0, 0.0), eps, t),
            "One Euler step of the first flow leads to the mean of the data. Follow it to the end.",
        ),
        Mistake(
            "the target turned",
            lambda u, eps, z, t, N: [_line(follow(u, eps, _down(N)), eps, t)[0], follow(u, eps, _down(N)) - eps],
            "Your velocity points from noise to data. Here time grows with the noise.",
        ),
        Mistake(
            "followed away from the data",
            lambda u, eps, z, t, N: _line(follow(lambda x, r: -u(x, r), eps, _down(N)), eps, t),
            "From t = 1 to t = 0 a step has the length -1/steps.",
        ),
        Mistake(
            "the clock turned",
            lambda u, eps, z, t, N: _line(follow(lambda x, r: u(x, 1 - r), eps, _down(N)), eps, t),
            "At the noise you evaluate the velocity at t = 0. The trajectory starts at t = 1.",
        ),
    ],
    "First follow the flow: `steps` times x <- x - u(x, t) / steps, t from 1 down. Then join both ends by a line.",
)


def progressive_target(u, x, t, s):
    landed = follow(u, x, [t, (t + s) / 2, s])
    return (x - landed) / (t - s)


def _progressive_second(u, x, t, s, seen_at=None, seen_from=None):
    """The mean of two velocities, the second of which is evaluated at a wrong point or a wrong time."""
    middle = (t + s) / 2
    y = x if seen_from is not None else euler(u, x, t, middle)
    return (u(x, t) + u(y, t if seen_at is not None else middle)) / 2


PROGRESSIVE_TARGET = Exercise(
    "progressive_target(u, x, t, s)",
    "The teacher, a velocity u(x, t), takes two Euler steps from x at t: to the middle of t and s, and on to s. Which "
    "velocity must the student answer at (x, t) so that one Euler step of its own ends in the same place?",
    "lesson 11, progressive distillation: two steps in one",
    progressive_target,
    [
        Part("numbers", lambda rng: (field(rng), number(rng), *two_times(rng))),
        Part("batches of images", lambda rng: (field(rng), batch(rng), *two_times(rng))),
        Part("a step to the data", lambda rng: (field(rng), number(rng), two_times(rng)[0], 0.0)),
    ],
    [
        Mistake(
            "one step of the teacher",
            lambda u, x, t, s: u(x, t),
            "That is the teacher's own answer. A student that learns it takes one step of the teacher, not two.",
        ),
        Mistake(
            "the second step from the old point",
            lambda u, x, t, s: _progressive_second(u, x, t, s, seen_from=x),
            "You evaluate the teacher twice at x. Its second step starts where its first one ended.",
        ),
        Mistake(
            "the second step at the old time",
            lambda u, x, t, s: _progressive_second(u, x, t, s, seen_at=t),
            "When the teacher takes its second step, time has moved to the middle.",
        ),
        Mistake(
            "the teacher's last word",
            lambda u, x, t, s: u(euler(u, x, t, (t + s) / 2), (t + s) / 2),
            "That is the velocity of the second step alone. With it the student misses the landing point, because "
            "the first step had another velocity.",
        ),
        Mistake(
            "the landing point itself",
            lambda u, x, t, s: follow(u, x, [t, (t + s) / 2, s]),
            "That is where the student has to end. Which velocity leads there?",
        ),
        Mistake(
            "the direction turned",
            lambda u, x, t, s: -progressive_target(u, x, t, s),
            "Your student moves away from the landing point: s is below t, so the step is negative.",
        ),
        Mistake(
            "the length of the step forgotten",
            lambda u, x, t, s: progressive_target(u, x, t, s) * (t - s),
            "That is a displacement. A velocity is a displacement divided by the time that it takes.",
        ),
        Mistake(
            "divided by t",
            lambda u, x, t, s: progressive_target(u, x, t, s) * (t - s) / t,
            "The student's step ends at s, not at 0.",
        ),
        Mistake(
            "two whole steps",
            lambda u, x, t, s: (x - follow(u, x, [t, s, 2 * s - t])) / (t - s),
            "Each of the teacher's steps covers half of the time.",
        ),
    ],
    "Let the teacher take its steps. The velocity is its displacement divided by the time that it took.",
)

"""Exercises on consistency models (lesson 11): the target of a student, and sampling in several steps.

On the straight path, where x_t = (1 - t) x_0 + t eps, and f(x, t) = x - t network(x, t) is x at t = 0."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import euler
from diffusion_lessons.checks.portable.inputs import batch, field, number, two_times


def consistency_target(student, teacher, x, t, s):
    y = euler(teacher, x, t, s)
    return y - s * student(y, s)


CONSISTENCY_TARGET = Exercise(
    "consistency_target(student, teacher, x, t, s)",
    "What the student's sample f(x, t) must agree with. student(x, t) and teacher(x, t) answer with velocities, and "
    "f(x, t) = x - t student(x, t). The teacher takes one Euler step from x at t to s; the student says where the "
    "trajectory ends from there.",
    "lesson 11, consistency: let the student finish",
    consistency_target,
    [
        Part("numbers", lambda rng: (field(rng), field(rng), number(rng), *two_times(rng))),
        Part("batches of images", lambda rng: (field(rng), field(rng), batch(rng), *two_times(rng))),
        Part(
            "at s = 0 it is the point itself",
            lambda rng: (field(rng), field(rng), number(rng), two_times(rng)[0], 0.0),
            lambda student, teacher, x, t, s: euler(teacher, x, t, s),
        ),
    ],
    [
        Mistake(
            "the network's answer as the sample",
            lambda f, u, x, t, s: f(euler(u, x, t, s), s),
            "The network answers with a velocity. And at s = 0 nothing may be left to learn: f(x, 0) = x, whatever the "
            "network says. Your target breaks that.",
        ),
        Mistake(
            "the form of the old time",
            lambda f, u, x, t, s: (lambda y: y - t * f(y, s))(euler(u, x, t, s)),
            "After the teacher's step the time is s, and less of the trajectory is left. At s = 0 none is.",
        ),
        Mistake(
            "asked at the old time",
            lambda f, u, x, t, s: (lambda y: y - s * f(y, t))(euler(u, x, t, s)),
            "The point is now at time s, and the student has to be given that time.",
        ),
        Mistake(
            "the point not moved",
            lambda f, u, x, t, s: x - s * f(x, s),
            "x is a point at time t. Where on its trajectory is it at s? That is what the teacher is for.",
        ),
        Mistake(
            "moved by the student",
            lambda f, u, x, t, s: consistency_target(f, f, x, t, s),
            "The student does not know the trajectory yet. Let the teacher take the step.",
        ),
        Mistake(
            "the teacher finishes",
            lambda f, u, x, t, s: consistency_target(u, u, x, t, s),
            "Far from the data the teacher answers with a mean of many samples. Who says where the trajectory ends?",
        ),
        Mistake(
            "the teacher's clean sample",
            lambda f, u, x, t, s: euler(u, x, t, 0.0),
            "That is the teacher's own estimate at t: a mean of many samples, the target of ordinary training.",
        ),
        Mistake(
            "the student's own sample at t",
            lambda f, u, x, t, s: x - t * f(x, t),
            "That is what the student says at t already. The target is what it says at s, where less is left.",
        ),
        Mistake(
            "the teacher's point as the target",
            lambda f, u, x, t, s: euler(u, x, t, s),
            "That is right for s = 0 only. At other times the trajectory goes on.",
        ),
    ],
    "Two lines: y, the teacher's step from t to s. Then f(y, s).",
)


def consistency_sample(f, x, times, noises):
    x0 = f(x, times[0])
    for t, z in zip(times[1:], noises, strict=False):
        x0 = f((1 - t) * x0 + t * z, t)
    return x0


def _sampled(f, x, times, noises, noised):
    """Consistency sampling with another rule for the state at which f is evaluated next."""
    x0, before = f(x, times[0]), times[0]
    for t, z in zip(times[1:], noises, strict=False):
        x = noised(x0, x, before, t, z)
        x0, before = f(x, t), t
    return x0


def _noised_at_the_end(f, x, times, noises):
    """A loop that noises after every evaluation."""
    for t, z in zip(times, noises, strict=True):
        x = (1 - t) * f(x, t) + t * z
    return x


def _draws(rng, count, draw=number):
    times = [1.0, *sorted((float(t) for t in rng.uniform(0.15, 0.9, count - 1)), reverse=True)]
    return field(rng), draw(rng), times, np.array([draw(rng) for _ in range(count)])


CONSISTENCY_SAMPLE = Exercise(
    "consistency_sample(f, x, times, noises)",
    "Multistep consistency sampling: f(x, t) is asked once at each of `times`, a list from 1 downwards, and x is pure "
    "noise. Between two evaluations the sample is noised to the next time with fresh noise: noises[0] after the first "
    "evaluation, and so on. Return the sample. There are as many noises as times.",
    "lesson 11, more than one step",
    consistency_sample,
    [
        Part("three evaluations, a number", lambda rng: _draws(rng, 3)),
        Part("two evaluations, images", lambda rng: _draws(rng, 2, batch)),
        Part(
            "one evaluation is f itself",
            lambda rng: _draws(rng, 1),
            lambda f, x, times, noises: f(np.asarray(x), times[0]),
        ),
    ],
    [
        Mistake(
            "noise after the last evaluation",
            lambda f, x, times, noises: consistency_sample(f, x, times, noises) + times[-1] * noises[len(times) - 1],
            "You noise the finished sample, and f is not evaluated again.",
        ),
        Mistake(
            "noise after the last evaluation, mixed in",
            lambda f, x, times, noises: (
                (1 - times[-1]) * consistency_sample(f, x, times, noises) + times[-1] * noises[len(times) - 1]
            ),
            "You mix noise into the finished sample, and f is not evaluated on the mixture.",
        ),
        Mistake(
            "noised to the old time, and at the end",
            _noised_at_the_end,
            "You noise right after each evaluation, to the time at which it was made. Noise to the *next* time, and "
            "not at all after the last evaluation.",
        ),
        Mistake(
            "noised to the old time",
            lambda f, x, times, noises: _sampled(
                f, x, times, noises, lambda x0, x, before, t, z: (1 - before) * x0 + before * z
            ),
            "You add the noise of the time that you come from, but f is given the next time.",
        ),
        Mistake(
            "the predicted noise again",
            lambda f, x, times, noises: _sampled(
                f,
                x,
                times,
                noises,
                lambda x0, x, before, t, z: (1 - t) * x0 + t * (x - (1 - before) * x0) / before,
            ),
            "That is DDIM. With an exact f it would lead back to the same sample; fresh noise lets f correct itself.",
        ),
        Mistake(
            "noise on top",
            lambda f, x, times, noises: _sampled(f, x, times, noises, lambda x0, x, before, t, z: x0 + t * z),
            "That is right on a path whose signal keeps its size. Here the weight of the sample is 1 - t.",
        ),
        Mistake(
            "one evaluation only",
            lambda f, x, times, noises: f(np.asarray(x), times[0]),
            "You stop after the first evaluation, whatever the times.",
        ),
        Mistake(
            "noised with its variance",
            lambda f, x, times, noises: _sampled(
                f, x, times, noises, lambda x0, x, before, t, z: (1 - t) ** 0.5 * x0 + t**0.5 * z
            ),
            "The weights of the straight path are 1 - t and t themselves.",
        ),
    ],
    "Evaluate f; then, for each later time, mix sample and fresh noise at that time and evaluate f again.",
)

"""Exercises on training: the loss, the average of the weights, predicting v (lesson 02)."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import level_path
from diffusion_lessons.checks.portable.inputs import Oracle, batch, level, number, predictor, tensor
from diffusion_lessons.estimates import target

TABLE = np.cumprod(np.concatenate([[1.0], np.linspace(0.95, 0.6, 8)]))  # alpha_bar_0..8, alpha_bar_0 = 1


def _noisy(x0, eps, t, table):
    """x_t for x0 [B, d] and times t [B]."""
    alpha_bar = table[t][:, None]
    return np.sqrt(alpha_bar) * x0 + np.sqrt(1 - alpha_bar) * eps


def _loss(predict, x0, eps, t, alpha_bar):
    return np.mean((predict(_noisy(x0, eps, t, alpha_bar), t) - eps) ** 2)


def _training_inputs(rng):
    x0, eps = rng.standard_normal((2, 4, 3))
    return predictor(rng), x0, eps, rng.permutation(np.arange(1, 9))[:4], TABLE


def _with_times(loss, times):
    return lambda predict, x0, eps, t, ab: loss(predict, x0, eps, times(t), ab)


def _of_one_step(alpha_bar):
    """1 - beta_t at each index, which the DDPM paper calls alpha_t."""
    return np.append(1.0, alpha_bar[1:] / alpha_bar[:-1])


TRAINING_LOSS = Exercise(
    "training_loss(predict, x0, eps, t, alpha_bar)",
    "The noise-prediction loss of a batch, the mean over rows and coordinates: x0 and eps [B, d], whole times t [B], "
    "the table alpha_bar[0..T] with alpha_bar[0] = 1, and a network predict(x_t, t).",
    "lesson 02, the loss in five lines",
    _loss,
    [
        Part("a batch with a time for each sample", _training_inputs),
        Part(
            "a network that knows the noise has no loss",
            lambda rng: (Oracle(TABLE), np.zeros((4, 3)), rng.standard_normal((4, 3)), np.array([1, 3, 5, 8]), TABLE),
            lambda *_: 0.0,
        ),
    ],
    [
        Mistake(
            "axes not lined up",
            lambda predict, x0, eps, t, ab: np.mean(
                (predict(ab[t] ** 0.5 * x0 + (1 - ab[t]) ** 0.5 * eps, t) - eps) ** 2
            ),
            "alpha_bar[t] has the shape [B] and x0 has [B, d]. Give the levels a second axis, alpha_bar[t][:, "
            "None], so that each row has its own.",
        ),
        Mistake(
            "summed over the coordinates",
            lambda predict, x0, eps, t, ab: np.mean(np.sum((predict(_noisy(x0, eps, t, ab), t) - eps) ** 2, axis=-1)),
            "You take the squared length of each row's error, as the formula has it. In code the mean runs over"
            " the coordinates, too, so that the loss of large and of small images can be compared.",
        ),
        Mistake(
            "all roots forgotten",
            lambda predict, x0, eps, t, ab: np.mean(
                (predict(ab[t][:, None] * x0 + (1 - ab[t][:, None]) * eps, t) - eps) ** 2
            ),
            "Your weights add up to 1; it is their squares that should. This is the forward process of lesson "
            "01; check it there.",
        ),
        Mistake(
            "alpha for alpha_bar",
            lambda predict, x0, eps, t, ab: np.mean((predict(_noisy(x0, eps, t, _of_one_step(ab)), t) - eps) ** 2),
            "You noise with the level of a single step, 1 - beta_t. The jump from clean data to t takes alpha_bar_t.",
        ),
        Mistake(
            "the network asked at another time",
            lambda predict, x0, eps, t, ab: np.mean((predict(_noisy(x0, eps, t, ab), t - 1) - eps) ** 2),
            "You noise to time t and tell the network that it is t - 1. It must be given the time of what it sees.",
        ),
        Mistake(
            "one time for the whole batch",
            _with_times(_loss, lambda t: np.full_like(t, t[0])),
            "All rows are noised to the first row's level. Index the table with the whole of t, then line up the axes.",
        ),
        Mistake(
            "the table read one step too early",
            lambda predict, x0, eps, t, ab: np.mean((predict(_noisy(x0, eps, t - 1, ab), t) - eps) ** 2),
            "You noise to alpha_bar[t - 1]. The table starts with clean data at index 0, so no shift is needed.",
        ),
        Mistake(
            "the network sees clean data",
            lambda predict, x0, eps, t, ab: np.mean((predict(x0, t) - eps) ** 2),
            "There is no noise in what you hand to the network, so it cannot find any.",
        ),
        Mistake(
            "compared with the clean sample",
            lambda predict, x0, eps, t, ab: np.mean((predict(_noisy(x0, eps, t, ab), t) - x0) ** 2),
            "This network predicts noise. What is its answer compared with?",
        ),
        Mistake(
            "compared with the scaled noise",
            lambda predict, x0, eps, t, ab: np.mean(
                (predict(_noisy(x0, eps, t, ab), t) - np.sqrt(1 - ab[t][:, None]) * eps) ** 2
            ),
            "You compare with the noise as it is scaled in x_t. The network is to predict the *unit* noise.",
        ),
        Mistake(
            "a sum instead of a mean",
            lambda predict, x0, eps, t, ab: np.sum((predict(_noisy(x0, eps, t, ab), t) - eps) ** 2),
            "Your loss doubles when the batch doubles, and the best learning rate changes with it.",
        ),
        Mistake(
            "absolute differences",
            lambda predict, x0, eps, t, ab: np.mean(np.abs(predict(_noisy(x0, eps, t, ab), t) - eps)),
            "That teaches the network the median of the noise. The posterior mean needs another distance.",
        ),
        Mistake(
            "noise scaled by its variance",
            lambda predict, x0, eps, t, ab: np.mean(
                (predict(np.sqrt(ab[t][:, None]) * x0 + (1 - ab[t][:, None]) * eps, t) - eps) ** 2
            ),
            "Your x_t has a variance below 1. This is the forward process of lesson 01; check it there.",
        ),
    ],
    "Three lines: noise x0 to each row's own time, evaluate the network, take the mean squared error.",
)


EMA = Exercise(
    "ema(average, new, decay)",
    "The moving average of a weight after one more training step.",
    "lesson 02, sample from the average",
    lambda average, new, decay: decay * average + (1 - decay) * new,
    [
        Part("numbers", lambda rng: (number(rng), number(rng), float(rng.uniform(0.7, 0.99)))),
        Part("arrays", lambda rng: (*rng.standard_normal((2, 3, 2)), float(rng.uniform(0.7, 0.99)))),
    ],
    [
        Mistake(
            "decay on the wrong side",
            lambda average, new, decay: decay * new + (1 - decay) * average,
            "With a decay of 0.999 your average forgets everything at once. Which of the two should change slowly?",
        ),
        Mistake("no averaging", lambda average, new, decay: new, "You return the latest weights as they are."),
        Mistake(
            "weights that do not add up to 1",
            lambda average, new, decay: decay * average + new,
            "If all weights were equal to 1 the average should be 1. Yours grows.",
        ),
    ],
    "A long memory: most of the average stays, a small share of the new weight comes in.",
)


V_TARGET = Exercise(
    "v_target(x0, eps, alpha_bar)",
    "What a v-predicting network should answer at x_t = alpha x_0 + sigma eps.",
    "lesson 02, what to predict",
    lambda x0, eps, ab: target("v", tensor(x0), tensor(eps), level_path(ab), 1.0),
    [
        Part("numbers", lambda rng: (number(rng), number(rng), level(rng))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), level(rng))),
    ],
    [
        Mistake(
            "the sign turned",
            lambda x0, eps, ab: (1 - ab) ** 0.5 * x0 - ab**0.5 * eps,
            "Near the data (alpha = 1) v should look like the noise; yours is its negative.",
        ),
        Mistake(
            "the velocity of the straight path",
            lambda x0, eps, ab: eps - x0,
            "That is the target on the straight path of flow matching. Here both have a weight that depends on "
            "the level.",
        ),
        Mistake(
            "the weights of x_t",
            lambda x0, eps, ab: ab**0.5 * x0 - (1 - ab) ** 0.5 * eps,
            "You changed a sign in x_t. Near the data, where alpha = 1, v should be the noise; yours is the data.",
        ),
        Mistake(
            "x_t instead of v",
            lambda x0, eps, ab: ab**0.5 * x0 + (1 - ab) ** 0.5 * eps,
            "That is the noisy sample, which the network is given. v stands at a right angle to it.",
        ),
        Mistake(
            "weights exchanged",
            lambda x0, eps, ab: (1 - ab) ** 0.5 * eps - ab**0.5 * x0,
            "Near the data the network cannot miss x_0; what is left to predict there? Which weight is large there?",
        ),
    ],
    "At the clean end (alpha = 1) v is the noise; at the noisy end (sigma = 1) it is minus the data. Two weights do "
    "that.",
)

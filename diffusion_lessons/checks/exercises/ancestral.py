"""An exercise on the two variances of DDPM's step (lesson 03)."""

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.steps import two_level_path
from diffusion_lessons.checks.portable.inputs import two_levels


def _variances(ab_t, ab_s):
    path, t, s = two_level_path(ab_t, ab_s)
    return [path.posterior_variance(t, s), path.step_variance(t, s)]


def _beta(ab_t, ab_s):
    return 1 - ab_t / ab_s


DDPM_VARIANCES = Exercise(
    "ddpm_variances(alpha_bar_t, alpha_bar_s)",
    "The two variances of DDPM's step from t to s, [small, large]: the posterior's own and beta.",
    "lesson 03, small or large",
    _variances,
    [
        Part("a step between two levels", two_levels, draws=3),
        Part("a step to clean data", lambda rng: (two_levels(rng)[0], 1.0), lambda ab_t, ab_s: [0.0, 1 - ab_t]),
    ],
    [
        Mistake(
            "standard deviations",
            lambda t, s: [v**0.5 for v in (_beta(t, s) * (1 - s) / (1 - t), _beta(t, s))],
            "These are what unit noise is multiplied by. The variances were asked for.",
        ),
        Mistake(
            "the large one first",
            lambda t, s: [_beta(t, s), _beta(t, s) * (1 - s) / (1 - t)],
            "Both are right, in the other order.",
        ),
        Mistake(
            "all the noise that x_t holds",
            lambda t, s: [(1 - t) * (1 - s) / (1 - t), 1 - t],
            "1 - alpha_bar_t is the noise since clean data. How much came between s and t only?",
        ),
        Mistake(
            "alpha_bars subtracted",
            lambda t, s: [(s - t) * (1 - s) / (1 - t), s - t],
            "From s to t the data are multiplied by sqrt(alpha_bar_t / alpha_bar_s): the step's own retention is a "
            "ratio.",
        ),
        Mistake(
            "the ratio of the noises upside down",
            lambda t, s: [_beta(t, s) * (1 - t) / (1 - s) if s < 1 else float("inf"), _beta(t, s)],
            "Your small variance is larger than the large one. On the step to clean data it should be 0.",
        ),
        Mistake(
            "the ratio of standard deviations",
            lambda t, s: [_beta(t, s) * ((1 - s) / (1 - t)) ** 0.5, _beta(t, s)],
            "beta shrinks by a ratio of variances, sigma_s^2 / sigma_t^2.",
        ),
    ],
    "beta = 1 - alpha_bar_t / alpha_bar_s; the small one is beta times (1 - alpha_bar_s) / (1 - alpha_bar_t).",
)

EXERCISES = (DDPM_VARIANCES,)

"""Exercises on guidance: dropping labels, the blend, the doubled batch, s and w, tuning (lesson 07)."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import blend
from diffusion_lessons.checks.portable.inputs import batch, guidance_scale, number
from diffusion_lessons.guidance.scales import scale_from_w


def _labels(rng):
    return rng.integers(0, 10, 12), rng.uniform(size=12), float(rng.uniform(0.3, 0.5)), 10


def _dropped(labels, u, p, null):
    return np.where(u < p, null, labels)


DROP_LABELS = Exercise(
    "drop_labels(labels, u, p, null)",
    "The labels [B] with each replaced by the null label with probability p; u [B] are uniform numbers in [0, 1): "
    "drop where u < p.",
    "lesson 07, training with dropout of the condition",
    _dropped,
    [
        Part("some are dropped", _labels),
        Part("p = 0 keeps all", lambda rng: (*_labels(rng)[:2], 0.0, 10), lambda labels, *_: labels),
        Part("p = 1 drops all", lambda rng: (*_labels(rng)[:2], 1.0, 10), lambda labels, *_: np.full(12, 10)),
    ],
    [
        Mistake(
            "kept instead of dropped",
            lambda labels, u, p, null: np.where(u < p, labels, null),
            "With p = 0.1 you throw away nine labels in ten: the network would hardly learn its condition.",
        ),
        Mistake(
            "class 0 as the null",
            lambda labels, u, p, null: np.where(u < p, 0, labels),
            "Label 0 is a class like any other. 'No condition' has an index of its own.",
        ),
        Mistake(
            "one coin for the whole batch",
            lambda labels, u, p, null: np.where(u[0] < p, null, labels) if u[0] < p else labels,
            "You toss one coin and drop all labels or none. Each sample has its own u.",
        ),
        Mistake(
            "nothing dropped",
            lambda labels, u, p, null: labels,
            "A network that always sees its condition never learns what 'no condition' means, and cannot be guided.",
        ),
    ],
    "One comparison for each sample decides between its label and the null.",
)


GUIDE = Exercise(
    "guide(eps_uncond, eps_cond, scale)",
    "The guided noise: scale 0 is unconditional, 1 conditional, above 1 amplified.",
    "lesson 07, the blend",
    blend,
    [
        Part("numbers", lambda rng: (number(rng), number(rng), guidance_scale(rng))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), guidance_scale(rng))),
        Part("scale 1 is conditional", lambda rng: (number(rng), number(rng), 1.0), lambda u, c, s: c),
        Part("scale 0 is unconditional", lambda rng: (number(rng), number(rng), 0.0), lambda u, c, s: u),
    ],
    [
        Mistake(
            "w taken for s",
            lambda u, c, s: (1 + s) * c - s * u,
            "Your scale is Ho and Salimans' w, in which 0 is conditional. Here 0 is unconditional and 1 conditional.",
        ),
        Mistake(
            "roles exchanged",
            lambda u, c, s: c + s * (u - c),
            "At scale 1 yours is unconditional. Which of the two predictions is the starting point?",
        ),
        Mistake(
            "pushed the wrong way",
            lambda u, c, s: u - s * (c - u),
            "You move away from the condition: a larger scale follows it less.",
        ),
        Mistake(
            "scale 0 taken for 'off'",
            lambda u, c, s: blend(u, c, s) if s else c,
            "A scale of 0 is a scale like any other: the condition has no weight.",
        ),
        Mistake(
            "the condition alone, scaled",
            lambda u, c, s: s * c,
            "You make the prediction larger, not more conditional. What does the condition *change*?",
        ),
        Mistake(
            "the difference without its start",
            lambda u, c, s: s * (c - u),
            "That is only the push. Added to what?",
        ),
    ],
    "Start at the unconditional prediction and add `scale` times its difference to the conditional one.",
)


def _doubled(rng, n):
    return rng.standard_normal((2 * n, 2, 2)), guidance_scale(rng)


GUIDE_DOUBLED = Exercise(
    "guide_doubled(out, scale)",
    "The guided noise [B, ...] from one pass over a doubled batch: out [2B, ...] holds B unconditional predictions, "
    "then B conditional ones.",
    "lesson 07, two passes in one",
    lambda out, s: blend(out[: len(out) // 2], out[len(out) // 2 :], s),
    [
        Part("a batch of 3", lambda rng: _doubled(rng, 3)),
        Part("a batch of 2", lambda rng: _doubled(rng, 2)),
        Part("a batch of 1", lambda rng: _doubled(rng, 1)),
    ],
    [
        Mistake(
            "the first two rows taken for the two halves",
            lambda out, s: blend(out[0], out[1], s)[None],
            "You unpack along the batch. That is right for a single sample, silently wrong for others.",
        ),
        Mistake(
            "the batch unpacked into two",
            lambda out, s: (lambda uncond, cond: blend(uncond, cond, s)[None])(*out),
            "You unpack along the batch: that gives two rows and not two halves, and stops where there are more"
            " than two.",
        ),
        Mistake(
            "rows taken in turn",
            lambda out, s: blend(out[0::2], out[1::2], s),
            "You take every other row for unconditional. They come first, all of them.",
        ),
        Mistake(
            "halves exchanged",
            lambda out, s: blend(out[len(out) // 2 :], out[: len(out) // 2], s),
            "You take the second half for unconditional.",
        ),
        Mistake(
            "split along another axis",
            lambda out, s: blend(out[:, :1], out[:, 1:], s),
            "The batch is the first axis; yours cuts the images apart.",
        ),
    ],
    "Cut the first axis in the middle, then blend.",
)


SCALE_FROM_W = Exercise(
    "scale_from_w(w)",
    "Our guidance scale for a paper's w, where the paper writes (1 + w) eps_cond - w eps_uncond.",
    "lesson 07, two letters for the scale",
    scale_from_w,
    [
        Part("any w", lambda rng: (float(rng.uniform(0.5, 8)),)),
        Part("w = 0 is conditional", lambda rng: (0.0,), lambda w: 1.0, draws=1),
    ],
    [
        Mistake("taken as it is", lambda w: w, "At w = 0 that formula is conditional. Which of our scales is?"),
        Mistake("the inverse", lambda w: w - 1, "You go from s to w. At w = 0 yours gives -1."),
    ],
    "Collect the terms of eps_cond in both ways of writing.",
)


FACTOR = 1.5  # of the recipe


def _next_scale(s, ignored, saturated):
    if ignored and not saturated:
        return s * FACTOR
    if saturated and not ignored:
        return max(s / FACTOR, 1.0)
    return s


def _scale_and(ignored, saturated):
    return lambda rng: (guidance_scale(rng) + 0.5, ignored, saturated)


NEXT_SCALE = Exercise(
    "next_scale(scale, ignored, saturated)",
    "The scale to try next, by the recipe: times 1.5 if the condition is ignored; divided by 1.5, but not below 1, if "
    "the pictures are saturated; as it is if neither or both are the case (then the scale is not what to change).",
    "lesson 07, tuning the scale",
    _next_scale,
    [
        Part("raised where the condition is ignored", _scale_and(True, False)),
        Part("lowered where the pictures are saturated", _scale_and(False, True)),
        Part("never below 1", lambda rng: (float(rng.uniform(1.05, 1.4)), False, True), lambda *_: 1.0),
        Part("kept where neither is the case", _scale_and(False, False)),
        Part("kept where both are", _scale_and(True, True)),
    ],
    [
        Mistake(
            "directions exchanged",
            lambda s, ignored, saturated: _next_scale(s, saturated, ignored),
            "A larger scale follows the condition more closely and saturates more.",
        ),
        Mistake(
            "lowered below 1",
            lambda s, ignored, saturated: (
                s / FACTOR if saturated and not ignored else _next_scale(s, ignored, saturated)
            ),
            "Below 1 the condition counts for less than in the network itself, and it was not ignored.",
        ),
        Mistake(
            "raised where both are the case",
            lambda s, ignored, saturated: s * FACTOR if ignored else _next_scale(s, ignored, saturated),
            "Pictures that are saturated already get worse. No scale mends both: leave it, and look elsewhere.",
        ),
        Mistake(
            "lowered where both are the case",
            lambda s, ignored, saturated: max(s / FACTOR, 1.0) if saturated else _next_scale(s, ignored, saturated),
            "A condition that is ignored already is then ignored more. No scale mends both: leave it, look elsewhere.",
        ),
        Mistake(
            "saturation overlooked",
            lambda s, ignored, saturated: s * FACTOR if ignored and not saturated else s,
            "Yours only ever rises. Which of the two complaints asks for a smaller scale?",
        ),
    ],
    "Two complaints, four cases; write them down one by one.",
)

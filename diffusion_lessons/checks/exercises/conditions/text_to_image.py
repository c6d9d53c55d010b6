"""Exercises on what is inside a text-to-image system (lesson 13): attention, the CLIP loss, a negative and its aim."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part

POSITIONS, WORDS, FEATURES = 3, 5, 4


def softmax(scores, axis=-1):
    weights = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def _scores(q, k, mask):
    return np.where(mask, q @ k.T / np.sqrt(q.shape[1]), -np.inf)


def _attention(rng, said=3):
    q, k = 2 * rng.standard_normal((POSITIONS, FEATURES)), 2 * rng.standard_normal((WORDS, FEATURES))
    return q, k, rng.standard_normal((WORDS, 2)), np.arange(WORDS) < said


CROSS_ATTENTION = Exercise(
    "cross_attention(q, k, v, mask)",
    "What each position of the picture takes from the words: q [N, d] are the positions' questions, k [M, d] the "
    "words' keys, v [M, e] what they say, mask [M] is True where there is a word. The result is [N, e].",
    "lesson 13, how the picture asks the words",
    lambda q, k, v, mask: softmax(_scores(q, k, mask)) @ v,
    [
        Part("three words of five places", _attention),
        Part("every place has a word", lambda rng: _attention(rng, WORDS)),
        Part("one word is all there is", lambda rng: _attention(rng, 1), lambda q, k, v, mask: np.repeat(v[:1], 3, 0)),
    ],
    [
        Mistake(
            "not divided by the root of d",
            lambda q, k, v, mask: softmax(np.where(mask, q @ k.T, -np.inf)) @ v,
            "Dot products of d numbers grow as sqrt(d), and the softmax hardens with them. What are they divided by?",
        ),
        Mistake(
            "divided by d",
            lambda q, k, v, mask: softmax(np.where(mask, q @ k.T / q.shape[1], -np.inf)) @ v,
            "The standard deviation of a dot product of d numbers is the root of d, not d.",
        ),
        Mistake(
            "softmax over positions",
            lambda q, k, v, mask: softmax(np.where(mask, q @ k.T / np.sqrt(q.shape[1]), -1e9), axis=0) @ v,
            "Your weights add up to 1 for each word. They should for each position: it divides its attention.",
        ),
        Mistake(
            "mask forgotten",
            lambda q, k, v, mask: softmax(q @ k.T / np.sqrt(q.shape[1])) @ v,
            "Places behind the last word are looked at as well, and say something.",
        ),
        Mistake(
            "masked after the softmax",
            lambda q, k, v, mask: (softmax(q @ k.T / np.sqrt(q.shape[1])) * mask) @ v,
            "The weights of the words that are there do not add up to 1: empty places took their share first.",
        ),
        Mistake(
            "mask inverted",
            lambda q, k, v, mask: (
                softmax(np.where(mask if mask.all() else ~mask, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v
            ),
            "You look where no word is.",
        ),
    ],
    "Scores, what is masked to minus infinity, a softmax along the words, and a weighted sum of v.",
)


def _log_softmax(logits, axis):
    return (
        logits
        - logits.max(axis=axis, keepdims=True)
        - np.log(np.exp(logits - logits.max(axis=axis, keepdims=True)).sum(axis=axis, keepdims=True))
    )


def _clip_loss(images, sentences, scale):
    logits = scale * images @ sentences.T
    ways = [np.diag(_log_softmax(logits, axis)) for axis in (0, 1)]
    return -float(np.mean(ways))


def _pairs(rng, count=4):
    images, noise = rng.standard_normal((2, count, 3))
    sentences = images + noise
    return *(rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (images, sentences)), float(
        rng.uniform(2, 5)
    )


CLIP_LOSS = Exercise(
    "clip_loss(images, sentences, scale)",
    "The contrastive loss of B pairs: images and sentences [B, d] of unit length, row i of both belongs together. "
    "Cross-entropy of the B x B cosines times the scale, over the sentences of each image and over the images of each "
    "sentence, averaged.",
    "lesson 13, two encoders that agree",
    _clip_loss,
    [
        Part("four pairs", _pairs),
        Part("seven pairs", lambda rng: _pairs(rng, 7)),
        Part(
            "two pairs at right angles: log(1 + exp(-scale))",
            lambda rng: (np.eye(2), np.eye(2), float(rng.uniform(1, 4))),
            lambda images, sentences, scale: float(np.log1p(np.exp(-scale))),
        ),
    ],
    [
        Mistake(
            "one direction only",
            lambda images, sentences, scale: -float(np.mean(np.diag(_log_softmax(scale * images @ sentences.T, 1)))),
            "Each image finds its sentence, but nobody asks whether each sentence finds its image.",
        ),
        Mistake(
            "both directions added",
            lambda images, sentences, scale: 2 * _clip_loss(images, sentences, scale),
            "Two losses are averaged, not added.",
        ),
        Mistake(
            "sum over pairs",
            lambda images, sentences, scale: len(images) * _clip_loss(images, sentences, scale),
            "The mean over pairs, so that the batch's size does not change the step.",
        ),
        Mistake(
            "divided by the scale",
            lambda images, sentences, scale: _clip_loss(images, sentences, 1 / scale),
            "The scale is an inverse temperature: it multiplies the cosines. A temperature would divide.",
        ),
        Mistake(
            "the scale forgotten",
            lambda images, sentences, scale: _clip_loss(images, sentences, 1.0),
            "Cosines lie in [-1, 1]: without the scale no softmax over many of them can become sure.",
        ),
        Mistake(
            "right pairs pushed apart",
            lambda images, sentences, scale: _clip_loss(images, sentences, -scale),
            "Yours is smallest where right pairs point away from each other.",
        ),
    ],
    "A matrix of cosines times the scale; log-softmax along rows and along columns; what stands on the diagonal?",
)


def _distribution(rng, values=6):
    p = rng.uniform(0.1, 1.0, values)
    p[int(rng.integers(values))] += 2.0
    return p / p.sum(), int(rng.integers(values))


def _without(p, unwanted):
    rest = np.where(np.arange(len(p)) == unwanted, 0.0, p)
    return rest / rest.sum()


WITHOUT = Exercise(
    "without(p, unwanted)",
    "What should come instead: the distribution p [K] of an attribute, given that it is not number `unwanted`.",
    "lesson 13, what should come instead",
    _without,
    [
        Part("six values", _distribution),
        Part("four values", lambda rng: _distribution(rng, 4)),
        Part(
            "two values: the other is certain",
            lambda rng: (_distribution(rng, 2)[0], 1),
            lambda p, unwanted: np.array([1.0, 0.0]),
        ),
    ],
    [
        Mistake(
            "not normalised",
            lambda p, unwanted: np.where(np.arange(len(p)) == unwanted, 0.0, p),
            "Yours does not add up to 1: something always comes.",
        ),
        Mistake(
            "all others alike",
            lambda p, unwanted: np.where(np.arange(len(p)) == unwanted, 0.0, 1 / (len(p) - 1)),
            "What was twice as frequent before should be so afterwards: only the unwanted is ruled out.",
        ),
        Mistake(
            "the freed share dealt out evenly",
            lambda p, unwanted: np.where(np.arange(len(p)) == unwanted, 0.0, p + p[unwanted] / (len(p) - 1)),
            "You give every other value the same amount, so rare ones gain most. Condition: keep their ratios.",
        ),
        Mistake(
            "only the unwanted left",
            lambda p, unwanted: (np.arange(len(p)) == unwanted).astype(float),
            "That is the distribution given that it is the unwanted.",
        ),
    ],
    "Strike out one value, keep the ratios of the others.",
)


def _weights(scale, level, low, high):
    return (0.0, scale, 1 - scale) if low < level <= high else (1 - scale, scale, 0.0)


def _window(rng, where):
    """A scale above 1, and a noise level below, inside or above the window."""
    low, high = sorted(rng.uniform([0.2, 1.5], [0.8, 3.0]).tolist())
    level = {"below": low * rng.uniform(0.2, 0.8), "inside": rng.uniform(low, high), "above": high * 2.0}[where]
    return float(rng.uniform(2.0, 8.0)), float(level), low, high


NEGATIVE_WEIGHTS = Exercise(
    "negative_weights(scale, level, low, high)",
    "The weights of the three predictions (without a sentence, of the prompt, of the negative), as a tuple. Guidance "
    "of this scale is on at every noise level; it starts at the negative where low < level <= high, and elsewhere at "
    "the prediction without a sentence.",
    "lesson 13, when a negative acts",
    _weights,
    [
        Part("inside the window", lambda rng: _window(rng, "inside")),
        Part("below it", lambda rng: _window(rng, "below")),
        Part("above it", lambda rng: _window(rng, "above")),
        Part(
            "at scale 1 the prompt is all there is",
            lambda rng: (1.0, *_window(rng, str(rng.choice(["inside", "above"])))[1:]),
            lambda scale, level, low, high: (0.0, 1.0, 0.0),
        ),
    ],
    [
        Mistake(
            "three passes",
            lambda scale, level, low, high: (1.0, scale, -scale) if low < level <= high else (1 - scale, scale, 0.0),
            "Inside the window yours starts from no sentence and still pushes off the negative: that takes three "
            "predictions, and at scale 1 it is not the prompt's. The negative takes the place of one of them.",
        ),
        Mistake(
            "the negative is added",
            lambda scale, level, low, high: (0.0, scale, scale - 1) if low < level <= high else (1 - scale, scale, 0.0),
            "Inside the window your weights do not add up to 1: check the sign of the last one.",
        ),
        Mistake(
            "prompt and negative exchanged",
            lambda scale, level, low, high: (0.0, 1 - scale, scale) if low < level <= high else (1 - scale, scale, 0.0),
            "Inside the window yours moves towards what should be avoided.",
        ),
        Mistake(
            "all guidance is switched",
            lambda scale, level, low, high: (0.0, scale, 1 - scale) if low < level <= high else (0.0, 1.0, 0.0),
            "Outside the window yours does not guide at all. Only the negative is switched off there; the prompt is "
            "still amplified, against something else.",
        ),
        Mistake(
            "the window inverted",
            lambda scale, level, low, high: (1 - scale, scale, 0.0) if low < level <= high else (0.0, scale, 1 - scale),
            "Yours has the negative on where it should be off.",
        ),
        Mistake(
            "the negative is always on",
            lambda scale, level, low, high: (0.0, scale, 1 - scale),
            "The noise level does not appear in yours.",
        ),
        Mistake(
            "no window has an upper end",
            lambda scale, level, low, high: (0.0, scale, 1 - scale) if level > low else (1 - scale, scale, 0.0),
            "The window has two ends. What happens above the upper one?",
        ),
    ],
    "Two cases. In both the prompt weighs `scale`, the three add up to 1, and one of the others weighs nothing.",
)

"""Negative prompts: the ratio of densities, the default, and the count of the unwanted (C15, C27, C43)."""

from functools import cache
from typing import NamedTuple

import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from claims.distances import std
from claims.guided import SAMPLES, STEPS, classes, guided_samples
from claims.images import (
    COUNTED,
    FREEDOM,
    MINUS,
    difference,
    evaluator,
    fewer_smudged,
    followed_less,
    paired,
    rows,
    still_red,
    tables,
    value,
)
from claims.numbers import Number, from_ufloat, mean, share_difference
from claims.register import HELD_OUT, claim, measures, on
from claims.verdicts import above, all_of, below, by_case, equals
from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.data import load_data
from diffusion_lessons.data.smudged import smudge
from diffusion_lessons.metrics.scores import evaluate
from diffusion_lessons.sampling import Settings, generate
from diffusion_lessons.toys.mixtures import ConditionalMixture, GaussianMixture
from diffusion_lessons.toys.one_dimension import wasserstein_1
from diffusion_lessons.toys.tilted import density_ratio

SEEDS = 6

claim(
    "C15", "2, negative prompts", "One can think of a negative prompt as sampling from p(x given c+) / p(x given c-)."
)
PAIRS = {
    "equal widths": ((1.0, 0.5), (0.0, 0.5)),
    "a narrower negative": ((1.0, 0.5), (0.0, 0.4)),
    "a wider negative": ((1.0, 0.4), (0.0, 0.8)),
}


@measures(
    "C15",
    "Three pairs of exact Gaussians. As a way to think it holds for a pair if the ratio can be normalised and if "
    f"samples guided at scale 2, whose density is said to be p+^2 / p-, DDIM in {STEPS} steps, have its mean within "
    "0.1 and its width within 10 %.",
    by_case({name: equals(f"{name}: ratio described the samples", 1) for name in PAIRS}),
    on("exact Gaussians"),
)
def the_ratio() -> list[Number]:
    """A power below 0 divides by a tail, and the quotient may grow without end."""
    numbers = []
    for name, pair in PAIRS.items():
        both = classes(*pair)
        positive, negative = both.classes
        x = torch.cat([guided_samples(both, 2.0, seed) for seed in range(SEEDS)])
        found = [
            Number(f"{name}: mean of the samples", float(x.mean())),
            Number(f"{name}: their width", float(x.std())),
        ]
        try:
            ratio = density_ratio(positive, negative)
            expected = float(ratio.mean), float(ratio.covariance.sqrt())
        except ValueError:  # no normaliser
            numbers += [Number(f"{name}: ratio described the samples", 0), *found]
            continue
        near = abs(found[0].value - expected[0]) < 0.1 and abs(found[1].value / expected[1] - 1) < 0.1
        numbers += [Number(f"{name}: ratio described the samples", int(near)), *found]
        numbers += [
            Number(f"{name}: {words} of the ratio", value)
            for words, value in zip(("mean", "width"), expected, strict=True)
        ]
    return numbers


claim("C27a", "2, negative prompts", "A default negative prompt improves quality consistently.")
claim("C27b", "2, negative prompts", "Always use a default negative prompt.")
SPOILED = (0.01, 0.2, 0.5)
DEFAULT = [Settings("dpm_solver_pp_2m", 10, scale=4.0, negative=words) for words in (None, "smudged")]


@measures(
    "C27b",
    "Distance to the clean law at scale 2 with spoiled samples as the negative, minus that without a negative, where "
    f"a share of the model's samples is spoiled; {SEEDS} seeds of {SAMPLES:,} numbers, in standard deviations. One "
    "share at which the negative harms refutes *always*.",
    all_of(*(below(f"{share:.0%} spoiled: with minus without", 0.0) for share in SPOILED)),
    on("exact mixtures", explains=True, of={"seeds": SEEDS}),
)
def always_a_negative() -> list[Number]:
    """It pays where much of what the model draws is spoiled in just that way."""
    clean, spoiled = GaussianMixture([[1.0]], stds=0.3), GaussianMixture([[1.0]], stds=1.0)
    numbers = []
    for share in SPOILED:
        conditional = GaussianMixture([[1.0], [1.0]], stds=[0.3, 1.0], weights=[1 - share, share])
        both = ConditionalMixture([conditional, spoiled])

        def distance(seed: int, negative: int | None, both: ConditionalMixture = both) -> float:
            return wasserstein_1(guided_samples(both, 2.0, seed, negative=negative), clean) / std(clean)

        runs = {
            words: [distance(seed, negative) for seed in range(SEEDS)]
            for words, negative in (("with", 1), ("without", None))
        }
        differences = [a - b for a, b in zip(runs["with"], runs["without"], strict=True)]
        numbers.append(mean(f"{share:.0%} spoiled: with minus without", differences))
        numbers += [mean(f"{share:.0%} spoiled: {words}", values) for words, values in runs.items()]
    return numbers


@measures(
    "C27b",
    "Two uses of *smudged* as the negative of all sentences at scale 4, each in pairs: 500 sentences as training has "
    "them, by the Fréchet distance, and 256 sentences that ask for a smudge, by the share of pictures that show all "
    "that was said. One use in which the negative harms refutes *always*.",
    all_of(below(f"frechet: {MINUS}", 0.0), above(f"all said where smudges are asked for: {MINUS}", 0.0)),
    tables("captions", "captions-diffusion"),
)
def always_smudged(network: str) -> list[Number]:
    """A default negative stands against whoever asks for what it names."""
    plain, negated = rows(network, *DEFAULT)
    return [
        difference(f"frechet: {MINUS}", negated, plain),
        *followed_less("default negative, asked for smudges, s = 4"),
    ]


class Drawn(NamedTuple):
    """Samples and the labels that were asked for."""

    x: Tensor
    labels: Tensor


SMUDGED = 10  # the class of smudged digits
COUNT = 297
NAMES = {"negative": SMUDGED, "no negative": None}


@cache
def drawn(scale: float, negative: int | None) -> Drawn:
    """Digits at this scale, away from smudged ones or from no condition; noise and labels are the same for all."""
    settings = Settings("dpm_solver_pp_2m", 10, scale=scale, negative=negative)
    denoise = checkpoints.load("digits-diffusion")
    result = timed_samples(denoise, settings, COUNT, evaluator=evaluator("digits-diffusion"))
    assert result.labels is not None  # the network has classes
    return Drawn(result.x, result.labels)


@cache
def detector() -> tuple[LogisticRegression, float, float]:
    """A classifier of smudged and clean training digits, and the shares of held-out clean and smudged ones it flags."""

    def pixels(split: str, smear: bool) -> Tensor:
        images = load_data("digits", split).images
        return (smudge(images, torch.Generator().manual_seed(0)) if smear else images).flatten(1)

    x = torch.cat([pixels("train", smear) for smear in (False, True)]).numpy()
    model = LogisticRegression(max_iter=2000).fit(x, [0] * (len(x) // 2) + [1] * (len(x) // 2))
    clean, dirty = (float(model.predict(pixels("test", smear).numpy()).mean()) for smear in (False, True))
    return model, clean, dirty


def _smudged(name: str, x: Tensor) -> Number:
    share = float(detector()[0].predict(x.flatten(1).numpy()).mean())
    return Number(name, share, of=len(x), share=True)


def _fewer(scale: float) -> list[Number]:
    """The share called smudged with the negative minus that without, over pairs of samples, and both shares."""
    flags = {name: detector()[0].predict(drawn(scale, label).x.flatten(1).numpy()) for name, label in NAMES.items()}
    apart = mean(f"smudged: {MINUS}", (flags["negative"] - flags["no negative"]).tolist(), "samples")
    return [
        share_difference(apart, *(float(found.mean()) for found in flags.values())),
        *(_smudged(f"{name}: share called smudged", drawn(scale, label).x) for name, label in NAMES.items()),
        *(
            Number(f"held-out {kind} digits called smudged", share, of=HELD_OUT["digits"], share=True)
            for kind, share in zip(("clean", "smudged"), detector()[1:], strict=True)
        ),
    ]


@measures(
    "C27a",
    f"The digits network, which learned smudged digits as a class of their own, at scale 2, {COUNT} samples each with "
    "and without that class as the negative, paired: the Fréchet distance, the share recognised, and the share that a"
    " detector calls smudged. Of sentences at scale 4, with *smudged* as the negative of all; the smudged are counted "
    "by the judge, among sentences that say nothing of smudges.",
    by_case(
        {
            "distance": below(f"frechet: {MINUS}", 0.0),
            "adherence": above(f"adherence: {MINUS}", 0.0),
            "fewer smudged": below(f"smudged: {MINUS}", 0.0),
        }
    ),
    on("digits", needs=["digits-diffusion", "digits-features"], of={"samples": COUNT}),
    tables("captions", "captions-diffusion", sentences=True),
)
def a_default_negative(sentences: bool = False) -> list[Number]:
    """At one scale; smudged digits are rare among what this network draws."""
    if sentences:
        return _of_sentences()
    judge = evaluator("digits-diffusion")
    scores = {
        name: evaluate(
            ["frechet", "adherence"],
            judge.features_of(*drawn(2.0, label)),
            judge.train,
            judge.held_out,
            floors=judge.floors,
        )
        for name, label in NAMES.items()
    }
    numbers = [
        from_ufloat(
            f"{metric}: {MINUS}",
            paired(scores["negative"][metric]) - paired(scores["no negative"][metric]),
            FREEDOM,
            COUNT,
        )
        for metric in ("frechet", "adherence")
    ]
    numbers[1] = share_difference(numbers[1], *(found["adherence"].value for found in scores.values()))
    values = [
        from_ufloat(f"{name}: frechet", paired(found["frechet"]), FREEDOM, COUNT) for name, found in scores.items()
    ]
    return [*numbers, *_fewer(2.0), *values]


def _of_sentences() -> list[Number]:
    """Rows of the table with and without the negative, and smudged pictures where nothing was said of smudges."""
    plain, negated = rows("captions-diffusion", *DEFAULT)
    numbers = [difference(f"{metric}: {MINUS}", negated, plain, metric) for metric in ("frechet", "adherence")]
    values = [value(name, row) for name, row in (("negative", negated), ("no negative", plain))]
    return [*numbers, *fewer_smudged("default negative, s = 4"), *values]


claim("C43", "2, negative prompts", "A negative prompt makes the unwanted unlikely.")


@measures(
    "C43",
    f"The share of {COUNT} samples that a detector calls smudged, at scale 2, with smudged digits as the negative and "
    "without one, paired; and at scale 1 for the samples of the class of smudged digits itself, which the detector "
    "must find. On captions: of 512 sentences that say nothing of smudges, the share of pictures that the judge calls "
    "smudged, at scale 2, with the negative *smudged* and without one, paired. Beside the rule stands how often *a "
    "seven* is red with the negative *red*.",
    below(f"smudged: {MINUS}", 0.0),
    on("digits", needs=["digits-diffusion", "digits-features"], of={"samples": COUNT}),
    on("captions", needs=["captions-diffusion"], command=COUNTED, sentences=True),
)
def the_unwanted(sentences: bool = False) -> list[Number]:
    """The unwanted is counted by a detector that never saw a sample; of sentences, by their judge."""
    if sentences:
        return [*fewer_smudged("default negative, s = 2"), *(still_red(s) for s in (2.0, 4.0))]
    denoise = checkpoints.load("digits-diffusion")
    own = generate(denoise, 100, Settings("dpm_solver_pp_2m", 10), labels=[SMUDGED])[-1].x
    return [*_fewer(2.0), _smudged("the class of smudged digits: share called smudged", own)]

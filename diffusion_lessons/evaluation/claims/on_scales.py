"""Claims about guidance on trained networks, read from their measured tables: C12, C21, C27, C28, C29."""

from itertools import pairwise
from typing import Any

from diffusion_lessons.evaluation import stored
from diffusion_lessons.evaluation.claims.ledger import (
    CONDITION,
    FAILS,
    HOLDS,
    NOT_RESOLVABLE,
    Evidence,
    Number,
    measures,
)
from diffusion_lessons.evaluation.measurement import Configuration, Measurement
from diffusion_lessons.evaluation.plans import CLIP, SCALES

SAMPLER, STEPS = "dpm_solver_pp_2m", 10
MNIST = ("mnist-diffusion.csv",)


def guided(scale: float, table: str = "mnist-diffusion", **more: Any) -> Measurement:
    """A stored row of the guidance plan."""
    return stored.find(stored.rows(table), Configuration(SAMPLER, STEPS, scale=scale, **more))


def score(of: Measurement, metric: str, name: str = "") -> Number:
    found = of.quality[metric]
    return Number(f"{name or f's = {of.configuration.scale:g}'}: {metric}", found.value, found.spread)


def real(of: Measurement, metric: str) -> Number:
    found = of.quality[metric]
    return Number(f"real images: {metric}", found.floor, found.floor_spread)


@measures("C12", on="mnist-diffusion", needs=MNIST)
def what_the_scale_does() -> Evidence:
    """Adherence, diversity, recall, excess and contrast over the scale."""
    rows = [guided(scale) for scale in SCALES if scale >= 1]
    metrics = ("adherence", "diversity", "recall", "excess", "contrast")
    curves = {name: [score(row, name) for row in rows if name in row.quality] for name in metrics}

    def moves(name: str, sign: int) -> bool:
        """In this direction from the first scale to the last, and never against it beyond the spread."""
        curve = curves[name]
        against = [sign * (b - a).value < 0 and (b - a).resolved for a, b in pairwise(curve)]
        total = curve[-1] - curve[0]
        return total.resolved and sign * total.value > 0 and not any(against)

    up, down, saturates = moves("adherence", 1), moves("diversity", -1), moves("excess", 1)
    return Evidence(
        HOLDS if up and down and saturates else CONDITION if up or down or saturates else FAILS,
        f"With the scale adherence {'rises' if up else 'does not rise steadily'}, diversity within a class "
        f"{'falls' if down else 'does not fall steadily'}, and the excess beyond the data range "
        f"{'grows' if saturates else 'does not grow steadily'}, from small scales on rather than above a threshold.",
        [number for curve in curves.values() for number in curve] + [real(rows[0], "adherence")],
    )


@measures("C21", on="mnist-diffusion", needs=MNIST)
def the_best_scale() -> Evidence:
    """Where distance and adherence are best, and what 7.5 costs."""
    rows = [guided(scale) for scale in SCALES]
    near = min(rows, key=lambda row: row.quality["frechet"].value)
    told = max(rows, key=lambda row: row.quality["adherence"].value)
    usual = guided(7.5)
    worse = score(usual, "frechet") - score(near, "frechet")
    return Evidence(
        FAILS if worse.resolved and near.configuration.scale < 5 else CONDITION,
        f"The distance is smallest at scale {near.configuration.scale:g} and adherence highest at "
        f"{told.configuration.scale:g}. The two pull apart, because the distance also counts what guidance leaves out. "
        "The usual 7.5 is for text-to-image networks, whose plain conditioning is weak; ours is not.",
        [*(score(row, "frechet") for row in rows), *(score(row, "adherence") for row in rows), real(near, "frechet")],
    )


@measures("C27", on="digits-diffusion, which knows smudged digits", needs=("digits-diffusion.csv",))
def a_default_negative() -> Evidence:
    """Guidance away from smudged digits against guidance away from no condition, at one scale."""
    plain = guided(2.0, "digits-diffusion", clip=CLIP)
    away = guided(2.0, "digits-diffusion", clip=CLIP, guidance={"negative": 10})
    pairs = {
        metric: (score(away, metric, "negative: smudged"), score(plain, metric, "no negative"))
        for metric in ("frechet", "adherence", "diversity")
    }
    better = pairs["frechet"][1] - pairs["frechet"][0]
    found = NOT_RESOLVABLE if not better.resolved else CONDITION if better.value > 0 else FAILS
    return Evidence(
        found,
        "At scale 2 on these digits a default negative "
        + ("makes no difference that can be told" if not better.resolved else "helps" if better.value > 0 else "harms")
        + " in distance. 'Always' is more than one data set can show.",
        [*(number for pair in pairs.values() for number in pair), real(plain, "frechet")],
    )


@measures("C28", on="mnist-diffusion", needs=MNIST)
def plain_conditioning_on_mnist() -> Evidence:
    return _plain("mnist-diffusion", {})


@measures("C28", on="digits-diffusion", needs=("digits-diffusion.csv",))
def plain_conditioning_on_digits() -> Evidence:
    return _plain("digits-diffusion", {"clip": CLIP})


def _plain(table: str, more: dict) -> Evidence:
    """Adherence at scale 1 against that of real images."""
    row = guided(1.0, table, **more)
    asked, ceiling = score(row, "adherence"), real(row, "adherence")
    weak = asked.value < 0.9 * ceiling.value
    return Evidence(
        HOLDS if weak else FAILS,
        f"At scale 1 the classifier recognises what was asked for in {asked.value:.1%} of the samples, and in "
        f"{ceiling.value:.1%} of real images. Ten classes are an easy condition; a sentence is not.",
        [asked, ceiling],
    )


@measures("C29", on="mnist-diffusion", needs=MNIST)
def remedies_for_saturation() -> Evidence:
    """Excess, contrast and adherence at scale 10: plain, rescaled, in an interval, clipped, clipped dynamically."""
    scale = 10.0
    rows = {
        "plain": guided(scale),
        "rescaled by 0.7": guided(scale, guidance={"rescale": 0.7}),
        "in noise levels 0.2 to 3": guided(scale, guidance={"interval": [0.2, 3.0]}),
        "clipped": guided(scale, clip=CLIP),
        "clipped dynamically": guided(scale, clip={"limit": 1.0, "percentile": 0.995}),
        "scale 1": guided(1.0),
    }
    metrics = [
        name for name in ("excess", "contrast", "adherence", "diversity", "frechet") if name in rows["plain"].quality
    ]
    numbers = [score(row, metric, f"s = {scale:g}, {name}") for metric in metrics for name, row in rows.items()]
    before = rows["plain"].quality["excess"]
    tamed = [
        name
        for name, row in rows.items()
        if name not in ("plain", "scale 1") and row.quality["excess"].value < 0.5 * before.value
    ]
    return Evidence(
        FAILS if len(tamed) == 4 else CONDITION if tamed else HOLDS,
        f"At scale {scale:g} the excess is at least halved by {len(tamed)} of 4 remedies: "
        f"{', '.join(tamed) or 'none'}. It comes with the mechanism, and it can be tuned; what clipping hides, "
        "contrast still shows.",
        numbers,
    )

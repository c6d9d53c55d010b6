"""Claims about guidance on trained networks, read from their measured tables: C12, C21, C27, C28, C29."""

from itertools import pairwise
from typing import Any

from claims.ledger import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, Evidence, Number, measures
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.plans import CLIP, SCALES
from diffusion_lessons.benchmark.rows import Configuration, Measurement

SAMPLER, STEPS = "dpm_solver_pp_2m", 10
MNIST, DIGITS = ("mnist-diffusion.csv",), ("digits-diffusion.csv",)


def guided(scale: float, table: str = "mnist-diffusion", **more: Any) -> Measurement:
    """A stored row of the guidance plan."""
    return shipped.find(shipped.rows(table), Configuration(SAMPLER, STEPS, scale=scale, **more))


def score(of: Measurement, metric: str, name: str = "") -> Number:
    found = of.quality[metric]
    return Number(f"{name or f's = {of.configuration.scale:g}'}: {metric}", found.value, found.spread)


def real(of: Measurement, metric: str) -> Number:
    found = of.quality[metric]
    return Number(f"real images: {metric}", found.floor, found.floor_spread)


@measures("C12", on="mnist-diffusion", needs=MNIST)
def what_the_scale_does_on_mnist() -> Evidence:
    return _what_the_scale_does("mnist-diffusion")


@measures("C12", on="digits-diffusion", needs=DIGITS)
def what_the_scale_does_on_digits() -> Evidence:
    return _what_the_scale_does("digits-diffusion")


def _what_the_scale_does(table: str) -> Evidence:
    """Adherence, diversity, recall, excess and contrast over the scale."""
    rows = [guided(scale, table) for scale in SCALES if scale >= 1]
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
def the_best_scale_on_mnist() -> Evidence:
    return _the_best_scale("mnist-diffusion")


@measures("C21", on="digits-diffusion", needs=DIGITS)
def the_best_scale_on_digits() -> Evidence:
    return _the_best_scale("digits-diffusion")


def _the_best_scale(table: str) -> Evidence:
    """Where distance and adherence are best, and what 7.5 costs."""
    rows = [guided(scale, table) for scale in SCALES]
    near = min(rows, key=lambda row: row.quality["frechet"].value)
    told = max(rows, key=lambda row: row.quality["adherence"].value)
    usual = guided(7.5, table)
    worse = score(usual, "frechet") - score(near, "frechet")
    return Evidence(
        FAILS if worse.resolved and near.configuration.scale < 5 else CONDITION,
        f"The distance is smallest at scale {near.configuration.scale:g} and adherence highest at "
        f"{told.configuration.scale:g}. The two pull apart, because the distance also counts what guidance leaves out. "
        "The usual 7.5 is for text-to-image networks, whose plain conditioning is weak; ours is not.",
        [*(score(row, "frechet") for row in rows), *(score(row, "adherence") for row in rows), real(near, "frechet")],
    )


@measures("C27", on="digits-diffusion, which knows smudged digits", needs=DIGITS)
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


@measures("C28", on="digits-diffusion", needs=DIGITS)
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
def remedies_on_mnist() -> Evidence:
    return _remedies("mnist-diffusion")


@measures("C29", on="digits-diffusion", needs=DIGITS)
def remedies_on_digits() -> Evidence:
    return _remedies("digits-diffusion")


def _remedies(table: str) -> Evidence:
    """Excess, contrast and adherence at scale 10: plain, rescaled, in an interval, clipped, clipped dynamically."""
    scale, name = 10.0, "s = 10"
    plain, unguided = guided(scale, table), guided(1.0, table)
    remedies = {
        f"{name}, rescaled by 0.7": guided(scale, table, guidance={"rescale": 0.7}),
        f"{name}, in noise levels 0.2 to 3": guided(scale, table, guidance={"interval": [0.2, 3.0]}),
        f"{name}, clipped": guided(scale, table, clip=CLIP),
        f"{name}, clipped dynamically": guided(scale, table, clip={"limit": 1.0, "percentile": 0.995}),
    }
    rows = {"s = 1": unguided, name: plain, **remedies}
    wanted = ("excess", "contrast", "adherence", "diversity", "frechet")
    numbers = [score(row, each, told) for each in wanted if each in plain.quality for told, row in rows.items()]
    before = plain.quality["excess"].value
    tamed = sum(row.quality["excess"].value < 0.5 * before for row in remedies.values())
    nearest = min(row.quality["frechet"].value for row in remedies.values())
    return Evidence(
        FAILS if tamed == len(remedies) else CONDITION if tamed else HOLDS,
        f"At scale 10 the excess is at least halved by {tamed} of {len(remedies)} remedies: it comes with the "
        "mechanism, but it can be tuned. What no remedy brings back is the distance: the best of them is at "
        f"{nearest:.2g}, scale 1 at {unguided.quality['frechet'].value:.2g}.",
        numbers,
    )

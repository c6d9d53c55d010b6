"""The guidance scale on images: adherence, diversity, saturation, the best scale (C12, C21, C28, C29, C42)."""

from typing import Any

from claims.images import GUIDED, difference, excess, floor, missed, misses, rows, value
from claims.numbers import Number, Numbers
from claims.register import claim, measures
from claims.verdicts import (
    FAILS,
    HOLDS,
    PRODUCTS,
    UNDECIDED,
    WHERE,
    Rule,
    Verdict,
    above,
    all_of,
    always,
    any_of,
    below,
    by_case,
    side,
)
from diffusion_lessons.benchmark.plans import REMEDIED, REMEDIES
from diffusion_lessons.sampling import Settings


def at(scale: float, **more: Any) -> Settings:
    """Ten steps of DPM-Solver++(2M) at a scale, unclipped, so that saturation shows."""
    return Settings("dpm_solver_pp_2m", 10, **{"limit": None, "scale": scale, **more})


claim("C12a", "1 and 2, guidance", "A larger scale makes samples follow the condition more.")
claim("C12b", "1 and 2, guidance", "A larger scale makes samples less diverse.")
claim("C12c", "1 and 2, guidance", "Beyond a scale of 15 to 20 samples saturate.")


@measures(
    "C12a",
    "Share recognised as what was asked for: scale 2 minus scale 1, paired. Above that it can hardly rise.",
    above("recognised: s = 2 minus s = 1", 0.0),
    *GUIDED,
)
def adherence(network: str) -> list[Number]:
    """Adherence over the scale, with Wilson's intervals."""
    every = rows(network, *map(at, (1.0, 2.0, 5.0, 10.0, 20.0)))
    numbers = [difference("recognised: s = 2 minus s = 1", every[1], every[0], "adherence")]
    return (
        numbers
        + [value(f"s = {row.settings.scale:g}", row, "adherence") for row in every]
        + [floor(every[0], "adherence")]
    )


@measures(
    "C12b",
    "Diversity within a class, over that of real images: scale 3 minus scale 1, paired.",
    below("diversity: s = 3 minus s = 1", 0.0),
    *GUIDED,
)
def less_diverse(network: str) -> list[Number]:
    """Diversity over the scale."""
    every = rows(network, *map(at, (1.0, 2.0, 3.0, 5.0, 10.0, 20.0)))
    numbers = [difference("diversity: s = 3 minus s = 1", every[2], every[0], "diversity")]
    return numbers + [value(f"s = {row.settings.scale:g}", row, "diversity") for row in every]


GREY_LEVEL = 2 / 255  # of values from -1 to 1 in eight bits


def _saturation() -> Rule:
    """Saturated beyond 15; the condition where it is there at 7.5 already."""
    late, early = "excess: s = 20 minus s = 1", "excess: s = 7.5 minus s = 1"

    def judge(numbers: Numbers, level: float) -> Verdict:
        level /= 2  # two numbers
        at_20, at_7 = (side(numbers[name], GREY_LEVEL, level) for name in (late, early))
        if at_20 != 1 or at_7 == 0:
            return Verdict(FAILS if at_20 == -1 else UNDECIDED)
        return Verdict(WHERE, "from 7.5 on already") if at_7 == 1 else Verdict(HOLDS)

    words = (
        f"holds if *{late}* lies above {GREY_LEVEL:.4f} and *{early}* below; with a condition if both lie above; not "
        "if the first lies below"
    )
    return Rule(words, dict.fromkeys((late, early), (GREY_LEVEL,)), (HOLDS, WHERE, FAILS, UNDECIDED), judge, parts=2)


@measures(
    "C12c",
    "Mean excess of unclipped pixels beyond the range of the data, paired: scale 20 and scale 7.5, each minus scale 1. "
    "Saturated: by more than one grey level of 255 in the mean over all pixels, 0.0078 where values lie within -1 and "
    "1: to clip a picture that is stored in eight bits then costs more than to round it. (An earlier rule had no "
    "margin, and called any excess saturation.)",
    _saturation(),
    *GUIDED,
)
def saturation(network: str) -> list[Number]:
    """There is no threshold: it grows from small scales on."""
    every = rows(network, *map(at, (1.0, 2.0, 5.0, 7.5, 10.0, 15.0, 20.0)))
    numbers = [
        difference("excess: s = 20 minus s = 1", every[-1], every[0], "excess"),
        difference("excess: s = 7.5 minus s = 1", every[3], every[0], "excess"),
    ]
    return numbers + [value(f"s = {row.settings.scale:g}", row, "excess") for row in every]


claim("C21", "2, guidance", "Typical production scales are 5 to 10; 7.5 is the default of Stable Diffusion.")
FINE = (1.0, 1.15, 1.3, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)


@measures(
    "C21",
    "A statement about products, which these networks are not. Beside it, where distance and adherence of ours are "
    "best: of the scales that are tried, the one with the smallest distance, and from which one to which the distance "
    "is not told from the smallest, by the 95 % interval of the difference in pairs.",
    always(PRODUCTS, "our networks are no products"),
    *GUIDED,
)
def the_best_scale(network: str) -> list[Number]:
    """A fine grid of scales; ours need far less guidance than a text-to-image network."""
    every = rows(network, *map(at, FINE))
    distances = [value(f"s = {row.settings.scale:g}", row) for row in every]
    recognised = [value(f"s = {row.settings.scale:g}", row, "adherence") for row in every]
    best = min(range(len(FINE)), key=lambda k: distances[k].value)
    beyond = {s: difference(f"s = {s:g}: minus the best", row, every[best]) for s, row in zip(FINE, every, strict=True)}
    near = [s for s, number in beyond.items() if number.interval()[0] <= 0]
    return [
        Number("scale of the smallest distance", FINE[best]),
        Number("scales that are not told from it", len(near) - 1),
        Number("smallest scale that is not told from it", min(near)),
        Number("largest scale that is not told from it", max(near)),
        *(number for s, number in beyond.items() if s != FINE[best]),
        *distances,
        *recognised,
    ]


claim("C28", "1 and 2, guidance", "Plain conditioning, without guidance, follows its condition only weakly.")


@measures(
    "C28",
    "Share recognised at scale 1, beside that of real images. 'Weakly': more than one in ten of those that would be "
    "recognised are not, a loss above 0.1.",
    above("recognised less often than real images, by", 0.1),
    *GUIDED,
)
def plain_conditioning(network: str) -> list[Number]:
    """Ten classes are an easy condition; a sentence is not."""
    (row,) = rows(network, at(1.0))
    real, own = floor(row, "adherence"), value("s = 1", row, "adherence")
    numbers = [missed("recognised less often than real images, by", row), own, real]
    return numbers if real.value == 1 else [*numbers, misses(row)]


claim(
    "C29",
    "1, guidance",
    "The trade-off of high scales, naturalness for adherence, belongs to the mechanism and is not tuned away.",
)
TRIED = {f"{remedy}, s = {s:g}": at(s, **more) for remedy, more in REMEDIES.items() for s in REMEDIED}
CONTROLS = {f"no remedy, s = {s:g}": at(s) for s in (1.3, 1.5, 2.0)}
LOST = ("excess over s = 1", "diversity minus that at s = 1", "recognised, minus those at s = 10")


def _pays(setting: str) -> Rule:
    """With this setting of a remedy something is lost all the same: the distance, the diversity or the adherence."""
    excess, diversity, recognised = (f"{setting}: {words}" for words in LOST)
    return any_of(above(excess, 0.25), below(diversity, -0.05), below(recognised, -0.02))


@measures(
    "C29",
    f"Two remedies, rescaling by {REMEDIES['rescaled']['rescale']:g} and guidance within noise levels 0.2 to 3 only, "
    "each at four scales, paired. One of the eight removes the trade-off if it keeps the distance of scale 1 (excess "
    "below 25 %), its diversity within a class (loss below 0.05 of that of real images) and what scale 10 is wanted "
    "for, its share of recognised samples (loss below 0.02). The claim holds if none does. Clipping is judged by no "
    "rule: its excess is 0 by construction, and latents are not clipped; and small scales without a remedy stand "
    "beside the eight. Where samples at scale 1 vary more than real images do, or those at scale 10 are recognised "
    "more often, coming down towards real images is counted as a loss all the same, and need not be one of "
    "naturalness.",
    all_of(*map(_pays, TRIED)),
    *GUIDED,
)
def the_trade_off(network: str) -> list[Number]:
    """What each setting leaves of the price, and of what was paid for."""
    clipped = at(10.0, limit=1.0, percentile=0.995)
    settings = TRIED | CONTROLS
    plain, strong, clipping, *others = rows(network, at(1.0), at(10.0), clipped, *settings.values())
    numbers = []
    for name, row in zip(settings, others, strict=True):
        over, narrower, fewer = (f"{name}: {words}" for words in LOST)
        numbers.append(excess(over, row, plain))
        numbers.append(difference(narrower, row, plain, "diversity"))
        numbers.append(difference(fewer, row, strong, "adherence"))
    beside = {"s = 1": plain, "s = 10": strong}
    if network != "captions-diffusion":  # latents have no range, so that nothing clips them
        beside["s = 10, clipped dynamically"] = clipping
    return numbers + [
        value(name, row, metric)
        for metric in ("frechet", "diversity", "adherence", "excess")
        for name, row in beside.items()
    ]


claim("C42", "2, guidance", "Guidance gives higher quality.")
SOME = (1.15, 1.3, 1.5, 2.0)


@measures(
    "C42",
    "Fréchet distance at scales from 1 to 2 against scale 1, paired.",
    by_case({f"s = {scale:g}": below(f"s = {scale:g}: excess over s = 1", 0.0) for scale in SOME}),
    *GUIDED,
)
def higher_quality(network: str) -> list[Number]:
    """A little guidance moves samples away from between the classes; much of it takes diversity."""
    plain, *guided = rows(network, *map(at, (1.0, *SOME)))
    numbers = [excess(f"s = {row.settings.scale:g}: excess over s = 1", row, plain) for row in guided]
    return numbers + [value(f"s = {row.settings.scale:g}", row) for row in (plain, *guided)] + [floor(plain)]

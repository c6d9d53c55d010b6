"""Claims about speed at equal quality, read from the measured tables: C1, C8, C16, C20, C26, C31."""

import math

from claims.ledger import CONDITION, FAILS, HOLDS, NOT_MEASURABLE, NOT_RESOLVABLE, Evidence, Number, measures
from claims.on_curves import DDPM, floor, row, score
from diffusion_lessons.benchmark.rows import Measurement

CLOSE = 1.25  # a distance at most this many times another is "about as good"


def speed_up(fast: Measurement, slow: Measurement) -> Number:
    """How many times less time an image takes, from medians; the spread from the quartiles."""
    if not (fast.seconds_per_image and slow.seconds_per_image):
        raise LookupError("latency of both rows")
    ratio = slow.seconds_per_image / fast.seconds_per_image
    relative = math.hypot(_relative_spread(fast), _relative_spread(slow))
    names = [f"{m.configuration.sampler}@{m.configuration.steps}" for m in (fast, slow)]
    return Number(f"{names[0]}: times faster than {names[1]}", ratio, ratio * relative)


def _relative_spread(of: Measurement) -> float:
    """The interquartile range of the latency over its median."""
    if of.seconds_per_image is None or of.seconds_q1 is None or of.seconds_q3 is None:
        return 0.0
    return (of.seconds_q3 - of.seconds_q1) / of.seconds_per_image


def about_as_good(one: Number, other: Number) -> bool:
    """At most `CLOSE` times as far, or not to be told apart."""
    return one.value <= CLOSE * other.value or not (one - other).resolved


def hidden_difference(one: Number, other: Number) -> float:
    """The difference that two standard errors would hide, relative to the other."""
    return 2 * (one - other).spread / other.value  # type: ignore[operator]


def resolvable(told: str, ones: list[Number], other: Number) -> str:
    """This verdict, unless one is not told from the other by samples too few to see what "about as good" allows."""
    hidden = (not (one - other).resolved and hidden_difference(one, other) > CLOSE - 1 for one in ones)
    return NOT_RESOLVABLE if any(hidden) else told


@measures("C1", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def fifty_against_a_thousand() -> Evidence:
    """DDIM in 50 steps and DDPM in 1000, at one sample count, with the latencies of the same machine."""
    slow = row(*DDPM)
    fast = row("ddim", 50, slow.samples)
    ddim, ddpm, times = score(fast), score(slow), speed_up(fast, slow)
    good = about_as_good(ddim, ddpm)
    quick = 10 < times.value < 40
    hidden = hidden_difference(ddim, ddpm)
    told = HOLDS if good and quick else CONDITION if good or quick else FAILS
    return Evidence(
        resolvable(told, [ddim], ddpm),
        f"The two distances {'cannot be told apart' if not (ddim - ddpm).resolved else 'differ'}; with this many "
        f"samples a difference below {hidden:.0%} would not be seen. The evaluations are 20 times fewer by "
        "construction.",
        [ddim, ddpm, floor(slow), times, Number("times fewer evaluations", slow.nfe / fast.nfe)],
    )


@measures("C8", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def fast_solver_against_ddpm() -> Evidence:
    """DPM-Solver++(2M) in 10, 15 and 20 steps against DDPM in 1000."""
    slow = row(*DDPM)
    rivals = [row("dpm_solver_pp_2m", steps, slow.samples) for steps in (10, 15, 20)]
    scores = [score(each) for each in rivals]
    good = [about_as_good(each, score(slow)) for each in scores]
    times = [speed_up(each, slow) for each in rivals]
    told = HOLDS if all(good) else CONDITION if any(good) else FAILS
    hidden = max(hidden_difference(each, score(slow)) for each in scores)
    return Evidence(
        resolvable(told, scores, score(slow)),
        f"About as good as DDPM, or not to be told from it, in {sum(good)} of {len(good)} step counts; with this many "
        f"samples a difference below {hidden:.0%} would not be seen.",
        [*scores, score(slow), floor(slow), *times],
    )


@measures("C16", on="mnist-diffusion in bfloat16", needs=("mnist-diffusion.csv",))
def half_precision() -> Evidence:
    """The same samples in float32 and in bfloat16: distance and time."""
    half = row("dpm_solver_pp_2m", 10, precision="bfloat16")
    whole = row("dpm_solver_pp_2m", 10, half.samples)
    times = speed_up(half, whole)._replace(name="bfloat16: times faster than float32")
    same = not (score(half) - score(whole)).resolved
    return Evidence(
        CONDITION if same else FAILS,
        "What is measured here is bfloat16 on one device, the half precision that it computes in; the claim's FP16 "
        "and INT8 are hardware's as much as the network's. The distance "
        + ("does not change beyond its spread." if same else "changes beyond its spread."),
        [score(half, name="bfloat16"), score(whole, name="float32"), times],
    )


@measures("C20", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def one_table() -> Evidence:
    """The fewest evaluations at which each sampler cannot be told from DDPM in 1000 steps, or is better."""
    slow = row(*DDPM)
    numbers, factors = [score(slow), floor(slow)], {}
    compared: list[Number] = []
    for sampler, counts in (("ddim", (10, 20, 50)), ("dpm_solver_pp_2m", (10, 15, 20))):
        rows = [row(sampler, steps, slow.samples) for steps in counts]
        scores = [score(each) for each in rows]
        numbers, compared = numbers + scores, compared + scores
        good = [each for each in rows if about_as_good(score(each), score(slow))]
        if good:
            factors[sampler] = slow.nfe / good[0].nfe
            numbers += [Number(f"{sampler}: evaluations saved, times", factors[sampler]), speed_up(good[0], slow)]
    ordered = factors.get("dpm_solver_pp_2m", 0) >= factors.get("ddim", 0) > 1
    within = ordered and 10 <= factors["ddim"] <= 20 and 50 <= factors["dpm_solver_pp_2m"] <= 100
    told = HOLDS if within else CONDITION if ordered else FAILS
    return Evidence(
        resolvable(told, compared, score(slow)),
        "The fewest evaluations (of those measured) at which each is about as good as DDPM in 1000 steps on this data, "
        "or not to be told from it.",
        numbers,
    )


@measures("C26", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def absolute_latency() -> Evidence:
    """Our own seconds for a thousand steps, which are not those of the hardware that the claim has in mind."""
    slow = row(*DDPM)
    if slow.seconds_per_image is None:
        raise LookupError("latency of DDPM in 1000 steps")
    seconds = Number(f"seconds an image, 1000 steps, batch {slow.configuration.batch}", slow.seconds_per_image)
    return Evidence(
        NOT_MEASURABLE,
        f"A latency belongs to its network, batch and device. Ours: {slow.parameters:,} parameters on {slow.device}. "
        "The claim names none of the three. And guided DDPM costs twice its thousand evaluations.",
        [seconds],
    )


@measures("C31", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def who_is_best() -> Evidence:
    """DDPM in 1000 steps, DDIM in 50 and DPM-Solver++(2M) in 20 in one table."""
    slow = row(*DDPM)
    ddim, fast = row("ddim", 50, slow.samples), row("dpm_solver_pp_2m", 20, slow.samples)
    numbers = [score(each) for each in (slow, ddim, fast)]
    apart = [(a - b).resolved for a, b in ((numbers[0], numbers[2]), (numbers[1], numbers[2]))]
    return Evidence(
        CONDITION if any(apart) else NOT_RESOLVABLE,
        "DDPM in 1000 steps and DPM-Solver++ in 20 "
        + ("differ" if apart[0] else "cannot be told apart")
        + "; DDIM in 50 and DPM-Solver++ in 20 "
        + (
            "differ."
            if apart[1]
            else "cannot be told apart either, so the cheaper of the two is the better choice here."
        ),
        [*numbers, floor(slow), speed_up(fast, slow), speed_up(fast, ddim)],
    )

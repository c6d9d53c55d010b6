"""Claims about steps, quality and speed, read from the measured tables of the trained networks.

C1, C2, C4, C5, C7, C8, C10, C16, C20, C26, C31.
"""

import math
from typing import Any

from diffusion_lessons.evaluation import stored
from diffusion_lessons.evaluation.claims.ledger import (
    CONDITION,
    FAILS,
    HOLDS,
    NOT_MEASURABLE,
    NOT_RESOLVABLE,
    Evidence,
    Number,
    measures,
)
from diffusion_lessons.evaluation.measurement import Configuration, Measurement
from diffusion_lessons.evaluation.plans import CLIP

TABLE = "mnist-diffusion"
DDPM = ("ddpm", 1000)
CLOSE = 1.25  # a distance at most this many times another is "about as good"


def row(sampler: str, steps: int, samples: int | None = None, table: str = TABLE, **more: Any) -> Measurement:
    """A stored, clipped, unguided row; LookupError if it was not measured."""
    return stored.find(stored.rows(table), Configuration(sampler, steps, **{"clip": CLIP, **more}), samples)


def together(*wanted: tuple[str, int, dict[str, Any]], table: str = TABLE) -> list[Measurement]:
    """Rows (sampler, steps, more) at the largest sample count that was measured for all of them."""
    measured = stored.rows(table)
    configurations = [Configuration(name, steps, **{"clip": CLIP, **more}) for name, steps, more in wanted]
    counts = set.intersection(*({each.samples for each in stored.alike(measured, one)} for one in configurations))
    if not counts:
        raise LookupError(f"rows of {', '.join(f'{name}@{steps}' for name, steps, _ in wanted)} at one sample count")
    return [stored.find(measured, each, max(counts)) for each in configurations]


def score(of: Measurement, metric: str = "frechet", name: str = "") -> Number:
    """A stored score as a number of the ledger."""
    found = of.quality[metric]
    chosen = of.configuration
    words = [chosen.sampler, *(f"{key} = {value}" for key, value in chosen.options.items()), f"{chosen.steps} steps"]
    return Number(f"{name or ', '.join(words)}: {metric} (n = {of.samples})", found.value, found.spread)


def floor(of: Measurement, metric: str = "frechet") -> Number:
    """What real images score at this row's count."""
    found = of.quality[metric]
    return Number(f"real images: {metric} (n = {of.samples})", found.floor, found.floor_spread)


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


@measures("C1", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def fifty_against_a_thousand() -> Evidence:
    """DDIM in 50 steps and DDPM in 1000, at one sample count, with the latencies of the same machine."""
    slow = row(*DDPM)
    fast = row("ddim", 50, slow.samples)
    ddim, ddpm, times = score(fast), score(slow), speed_up(fast, slow)
    good = about_as_good(ddim, ddpm)
    quick = 10 < times.value < 40
    hidden = 2 * (ddim - ddpm).spread / ddpm.value  # type: ignore[operator]
    return Evidence(
        HOLDS if good and quick else CONDITION if good or quick else FAILS,
        f"The two distances {'cannot be told apart' if not (ddim - ddpm).resolved else 'differ'}; with this many "
        f"samples a difference below {hidden:.0%} would not be seen. The evaluations are 20 times fewer by "
        "construction.",
        [ddim, ddpm, floor(slow), times, Number("times fewer evaluations", slow.nfe / fast.nfe)],
    )


@measures("C2", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def ten_steps() -> Evidence:
    """DDIM in 10 and in 50 steps: distance, and share of samples that are the digit asked for."""
    ten, fifty = together(("ddim", 10, {}), ("ddim", 50, {}))
    worse = score(ten) - score(fifty)
    known, ceiling = score(ten, "adherence"), floor(ten, "adherence")
    falls, usable = worse.resolved and worse.value > 0, known.value > 0.95 * ceiling.value
    return Evidence(
        HOLDS if falls and usable else CONDITION if falls or usable else FAILS,
        f"From 50 to 10 steps the distance {'grows' if falls else 'does not grow'} beyond its spread; the classifier "
        f"recognises {known.value:.1%} of the ten-step samples as what was asked for, and {ceiling.value:.1%} of real "
        "images.",
        [score(ten), score(fifty), floor(ten), known, score(fifty, "adherence"), ceiling],
    )


@measures("C4", on="mnist-diffusion, clipped", needs=("mnist-diffusion.csv",))
def stochastic_in_ten_steps() -> Evidence:
    """eta = 0, eta = 1 and the large variance in 10 steps."""
    return _stochastic(10, CLIP)


@measures("C4", on="mnist-diffusion, unclipped", needs=("mnist-diffusion.csv",))
def stochastic_in_ten_steps_unclipped() -> Evidence:
    """The same without clipping."""
    return _stochastic(10, {})


@measures("C5", on="mnist-diffusion, clipped", needs=("mnist-diffusion.csv",))
def stochastic_in_fifty_steps() -> Evidence:
    """The same three in 50 steps."""
    return _stochastic(50, CLIP)


@measures("C5", on="mnist-diffusion, unclipped", needs=("mnist-diffusion.csv",))
def stochastic_in_fifty_steps_unclipped() -> Evidence:
    """And without clipping."""
    return _stochastic(50, {})


def _stochastic(steps: int, clip: dict[str, Any]) -> Evidence:
    ways: list[tuple[str, dict[str, Any]]] = [("ddim", {}), ("ddim", {"eta": 1.0}), ("ddpm", {"variance": "large"})]
    rows = together(*((name, steps, {"options": each, "clip": clip}) for name, each in ways))
    ode, small, large = (score(each) for each in rows)
    differ = [(each - ode).resolved for each in (small, large)]
    worse = [one and each.value > ode.value for one, each in zip(differ, (small, large), strict=True)]
    factors = [each.value / ode.value for each in (small, large)]
    return Evidence(
        HOLDS if all(worse) else CONDITION if any(worse) else FAILS if any(differ) else NOT_RESOLVABLE,
        f"{steps} steps of a trained network on the cosine path: with the small variance (eta = 1) the distance is "
        f"{factors[0]:.2g} times DDIM's, with the large one {factors[1]:.2g} times. Fresh noise costs accuracy in "
        "large steps; it can also wash out what the network got wrong before (Karras et al. 2022, section 4), and "
        "clipping takes away what it throws out of the data range.",
        [ode, small, large, floor(rows[0])],
    )


@measures("C7", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def diversity_of_both() -> Evidence:
    """Recall, coverage and diversity of DDIM in 50 steps and DDPM in 1000."""
    slow = row(*DDPM)
    fast = row("ddim", 50, slow.samples)
    pairs = [(score(fast, metric), score(slow, metric)) for metric in ("recall", "coverage", "diversity")]
    resolved = [(a - b) for a, b in pairs if (a - b).resolved]
    found = NOT_RESOLVABLE if not resolved else HOLDS if all(d.value < 0 for d in resolved) else CONDITION
    return Evidence(
        found,
        f"{len(resolved)} of {len(pairs)} figures of diversity differ by more than two standard errors.",
        [number for pair in pairs for number in pair] + [floor(slow, "recall"), floor(slow, "coverage")],
    )


@measures("C8", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def fast_solver_against_ddpm() -> Evidence:
    """DPM-Solver++(2M) in 10, 15 and 20 steps against DDPM in 1000."""
    slow = row(*DDPM)
    rivals = [row("dpm_solver_pp_2m", steps, slow.samples) for steps in (10, 15, 20)]
    good = [about_as_good(score(each), score(slow)) for each in rivals]
    times = [speed_up(each, slow) for each in rivals]
    return Evidence(
        HOLDS if all(good) else CONDITION if any(good) else FAILS,
        f"About as good as DDPM in {sum(good)} of {len(good)} step counts.",
        [*(score(each) for each in rivals), score(slow), floor(slow), *times],
    )


@measures("C10", on="mnist-flow and mnist-diffusion", needs=("mnist-flow.csv", "mnist-diffusion.csv"))
def flow_against_diffusion() -> Evidence:
    """Two networks of one size, data and training budget: first-order steps, 5, 10 and 50 of them."""
    numbers, better = [], []
    for steps in (5, 10, 50):
        straight = row("ddim", steps, table="mnist-flow")
        flow = score(straight, name=f"flow, {steps} steps")
        diffusion = score(row("ddim", steps, straight.samples), name=f"diffusion, {steps} steps")
        numbers += [flow, diffusion]
        better.append((diffusion - flow).resolved and flow.value < diffusion.value)
    best = score(row("dpm_solver_pp_2m", 10, straight.samples), name="diffusion, DPM-Solver++(2M), 10 steps")
    return Evidence(
        HOLDS if all(better) else CONDITION if any(better) else FAILS,
        f"The flow network is better at {sum(better)} of {len(better)} step counts with the same first-order sampler. "
        "Set beside it: what a second-order solver makes of the diffusion network in ten steps.",
        [*numbers, best, floor(straight)],
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
    for sampler, counts in (("ddim", (10, 20, 50)), ("dpm_solver_pp_2m", (10, 15, 20))):
        rows = [row(sampler, steps, slow.samples) for steps in counts]
        numbers += [score(each) for each in rows]
        good = [each for each in rows if about_as_good(score(each), score(slow))]
        if good:
            factors[sampler] = slow.nfe / good[0].nfe
            numbers += [Number(f"{sampler}: evaluations saved, times", factors[sampler]), speed_up(good[0], slow)]
    ordered = factors.get("dpm_solver_pp_2m", 0) >= factors.get("ddim", 0) > 1
    within = ordered and 10 <= factors["ddim"] <= 20 and 50 <= factors["dpm_solver_pp_2m"] <= 100
    return Evidence(
        HOLDS if within else CONDITION if ordered else FAILS,
        "The fewest evaluations (of those measured) at which each is about as good as DDPM in 1000 steps on this data.",
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

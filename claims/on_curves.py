"""Claims about steps and quality, read from the measured tables of the trained networks: C2, C4, C5, C7, C10."""

from typing import Any

from claims.ledger import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, Evidence, Number, measures
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.plans import CLIP
from diffusion_lessons.benchmark.rows import Configuration, Measurement

TABLE = "mnist-diffusion"
DDPM = ("ddpm", 1000)


def row(sampler: str, steps: int, samples: int | None = None, table: str = TABLE, **more: Any) -> Measurement:
    """A stored, clipped, unguided row; LookupError if it was not measured."""
    return shipped.find(shipped.rows(table), Configuration(sampler, steps, **{"clip": CLIP, **more}), samples)


def together(*wanted: tuple[str, int, dict[str, Any]], table: str = TABLE) -> list[Measurement]:
    """Rows (sampler, steps, more) at the largest sample count that was measured for all of them."""
    measured = shipped.rows(table)
    configurations = [Configuration(name, steps, **{"clip": CLIP, **more}) for name, steps, more in wanted]
    counts = set.intersection(
        *({each.samples for each in shipped.matching_rows(measured, one)} for one in configurations)
    )
    if not counts:
        raise LookupError(f"rows of {', '.join(f'{name}@{steps}' for name, steps, _ in wanted)} at one sample count")
    return [shipped.find(measured, each, max(counts)) for each in configurations]


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


@measures("C2", on="mnist-diffusion", needs=("mnist-diffusion.csv",))
def ten_steps() -> Evidence:
    """DDIM in 10 and in 50 steps: distance, and share of samples that are the digit asked for."""
    ten, fifty = together(("ddim", 10, {}), ("ddim", 50, {}))
    worse = score(ten) - score(fifty)
    known, ceiling = score(ten, "adherence"), floor(ten, "adherence")
    falls, usable = worse.value > 0, known.value > 0.95 * fifty.quality["adherence"].value
    return Evidence(
        NOT_RESOLVABLE if not worse.resolved else HOLDS if falls and usable else CONDITION,
        f"From 50 to 10 steps the distance changes by {worse.value:+.2g}, {'more' if worse.resolved else 'less'} than "
        f"two standard errors; the classifier recognises {known.value:.1%} of the ten-step samples as what was asked "
        f"for, and {ceiling.value:.1%} of real images.",
        [score(ten), score(fifty), floor(ten), known, score(fifty, "adherence"), ceiling],
    )


@measures("C4", on="mnist-diffusion, clipped", needs=("mnist-diffusion.csv",))
def stochastic_in_ten_steps() -> Evidence:
    """eta = 0, eta = 1 and the large variance in 10 steps."""
    return _stochastic(10, {"clip": CLIP})


@measures("C4", on="mnist-diffusion, unclipped, leading grid", needs=("mnist-diffusion.csv",))
def stochastic_in_ten_published_steps() -> Evidence:
    """The same as published: nothing clipped, and the last step taken from just above the data."""
    return _stochastic(10, {"clip": {}, "spacing": "leading"})


@measures("C5", on="mnist-diffusion, clipped", needs=("mnist-diffusion.csv",))
def stochastic_in_fifty_steps() -> Evidence:
    """The same three in 50 steps."""
    return _stochastic(50, {"clip": CLIP})


@measures("C5", on="mnist-diffusion, unclipped, leading grid", needs=("mnist-diffusion.csv",))
def stochastic_in_fifty_published_steps() -> Evidence:
    """And as published."""
    return _stochastic(50, {"clip": {}, "spacing": "leading"})


def _stochastic(steps: int, more: dict[str, Any]) -> Evidence:
    ways: list[tuple[str, dict[str, Any]]] = [("ddim", {}), ("ddim", {"eta": 1.0}), ("ddpm", {"variance": "large"})]
    rows = together(*((name, steps, {"options": each, **more}) for name, each in ways))
    ode, small, large = (score(each) for each in rows)
    differ = [(each - ode).resolved for each in (small, large)]
    worse = [one and each.value > ode.value for one, each in zip(differ, (small, large), strict=True)]
    factors = [each.value / ode.value for each in (small, large)]
    return Evidence(
        HOLDS if all(worse) else CONDITION if any(worse) else FAILS if any(differ) else NOT_RESOLVABLE,
        f"{steps} steps of a trained network on the cosine path: with the small variance (eta = 1) the distance is "
        f"{factors[0]:.2g} times DDIM's, with the large one {factors[1]:.2g} times. Fresh noise costs accuracy in "
        "large steps; it can also wash out what the network got wrong before (Karras et al. 2022, section 4).",
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


@measures("C10", on="mnist-flow and mnist-diffusion", needs=("mnist-flow.csv", "mnist-diffusion.csv"))
def flow_against_diffusion() -> Evidence:
    """Two networks of one size, data and training budget: first-order steps, 5, 10 and 50 of them."""
    numbers, better, apart = [], [], []
    for steps in (5, 10, 50):
        straight = row("ddim", steps, table="mnist-flow")
        flow = score(straight, name=f"flow, {steps} steps")
        diffusion = score(row("ddim", steps, straight.samples), name=f"diffusion, {steps} steps")
        numbers += [flow, diffusion]
        apart.append((diffusion - flow).resolved)
        better.append(apart[-1] and flow.value < diffusion.value)
    best = score(row("dpm_solver_pp_2m", 10, straight.samples), name="diffusion, DPM-Solver++(2M), 10 steps")
    return Evidence(
        HOLDS if all(better) else CONDITION if any(better) else FAILS if any(apart) else NOT_RESOLVABLE,
        f"The flow network is better beyond the spread at {sum(better)} of {len(better)} step counts with the same "
        "first-order sampler. Set beside it: what a second-order solver makes of the diffusion network in ten steps.",
        [*numbers, best, floor(straight)],
    )

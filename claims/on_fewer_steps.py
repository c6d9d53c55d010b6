"""Claims about fewer steps at equal quality, repeated where the samples can tell: C1, C2, C8, C20.

Images of a trained network lie near their floor from five steps on, and few samples resolve nothing there. A mixture
with its exact denoiser has no error but the sampler's, and numbers cost nothing: many seeds of many samples.
"""

from claims.distances import MIXTURES, distance, floor
from claims.ledger import CONDITION, FAILS, HOLDS, Evidence, Number, measures
from claims.on_speed import about_as_good, resolvable

SEEDS = 24
DDIM = (20, 50, 100, 200, 500)  # numbers of steps
SOLVER = (10, 15, 20, 30)
WHERE = "exact mixtures, linear path"


def chain(mixture: str) -> Number:
    """DDPM in all thousand steps."""
    return distance("ddpm", 1000, mixture, seeds=SEEDS)


def ddim(steps: int, mixture: str) -> Number:
    return distance("ddim", steps, mixture, seeds=SEEDS)


def solver(steps: int, mixture: str) -> Number:
    """DPM-Solver++(2M) on the grid of its paper, even in lambda."""
    return distance("dpm_solver_pp_2m", steps, mixture, spacing="logsnr", seeds=SEEDS)


@measures("C1", on=WHERE)
def fifty_against_a_thousand() -> Evidence:
    """DDIM in 50 steps and DDPM in 1000."""
    pairs = [(ddim(50, mixture), chain(mixture)) for mixture in MIXTURES]
    good = [about_as_good(one, other) for one, other in pairs]
    told = HOLDS if all(good) else CONDITION if any(good) else FAILS
    for one, other in pairs:
        told = resolvable(told, [one], other)
    factors = " and ".join(f"{one.value / other.value:.2g}" for one, other in pairs)
    return Evidence(
        told,
        f"With the exact denoiser DDIM in 50 steps ends {factors} times as far from the law as DDPM in 1000, with 20 "
        "times fewer evaluations. Of DDPM's distance most is that of any so many samples.",
        [*(number for pair in pairs for number in pair), *map(floor, MIXTURES)],
    )


@measures("C2", on=WHERE)
def ten_steps() -> Evidence:
    """DDIM in 10 steps and in 50."""
    pairs = [(ddim(10, mixture), ddim(50, mixture)) for mixture in MIXTURES]
    falls = all((ten - fifty).resolved and ten.value > fifty.value for ten, fifty in pairs)
    factors = " and ".join(f"{ten.value / fifty.value:.2g}" for ten, fifty in pairs)
    return Evidence(
        CONDITION if falls else FAILS,
        f"From 50 to 10 steps the distance to the law becomes {factors} times as large. Whether that is still usable "
        "is no question that numbers on a line can answer.",
        [*(number for pair in pairs for number in pair), *map(floor, MIXTURES)],
    )


@measures("C8", on=WHERE)
def fast_solver_against_ddpm() -> Evidence:
    """DPM-Solver++(2M) in 10, 15 and 20 steps against DDPM in 1000."""
    good, numbers = [], []
    for mixture in MIXTURES:
        rivals = [solver(steps, mixture) for steps in SOLVER if steps <= 20]
        good += [about_as_good(each, chain(mixture)) for each in rivals]
        numbers += [*rivals, chain(mixture), floor(mixture)]
    return Evidence(
        HOLDS if all(good) else CONDITION if any(good) else FAILS,
        f"About as good as DDPM in 1000 steps in {sum(good)} of {len(good)} cases, with 50 to 100 times fewer "
        "evaluations. No row can exceed it by much: DDPM in 1000 steps is near what exact samples score.",
        numbers,
    )


@measures("C20", on=WHERE)
def one_table() -> Evidence:
    """The fewest evaluations of each sampler that are about as good as DDPM in 1000 steps."""
    saved, numbers = [], []
    for mixture in MIXTURES:
        slow = chain(mixture)
        numbers.append(slow)
        for name, sampler, counts in (("ddim", ddim, DDIM), ("dpm_solver_pp_2m", solver, SOLVER)):
            steps, found = next(
                ((steps, found) for steps in counts if about_as_good(found := sampler(steps, mixture), slow)),
                (1000, slow),
            )
            saved.append(Number(f"{mixture}: {name} in {steps} steps: evaluations saved, times", 1000 / steps))
            numbers += [found, saved[-1]] if steps < 1000 else [saved[-1]]
    plain, fast = saved[::2], saved[1::2]
    within = all(10 <= each.value <= 20 for each in plain) and all(50 <= each.value <= 100 for each in fast)
    ordered = all(b.value > a.value > 1 for a, b in zip(plain, fast, strict=True))
    return Evidence(
        HOLDS if within else CONDITION if ordered else FAILS,
        "The fewest evaluations (of those tried) at which each is about as good as DDPM in 1000 steps: at most 1.25 "
        "times as far from the law, or not to be told from it.",
        numbers,
    )

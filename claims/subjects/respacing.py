"""Whether a chain can skip steps, and how many DDPM requires (C33, C40)."""

from claims import distances
from claims.distances import CLOSE, Run
from claims.images import DDPM, IMAGES, excess, floor, limit, rows, value
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.subjects.noise import LARGE, NUMBERS, RULED, SMALL
from claims.verdicts import above, all_of
from diffusion_lessons.sampling import Settings

claim("C33", "1, why slow", "A Markov chain, which sees only the step before, cannot skip steps.")
claim("C40", "2, DDPM", "DDPM requires 1000 steps for high quality.")
FEWER = (50, 100, 200)


@measures(
    "C33",
    "DDPM respaced to 50 steps, with either variance, against DDPM in 1000: it *can* skip if one of the two is "
    "equivalent, its excess below 25 %. The claim holds if neither is.",
    all_of(*(above(f"{name}, 50 steps: excess over 1000", 0.25) for name in RULED)),
    *IMAGES,
)
def respaced(network: str) -> list[Number]:
    """The chain on a coarser grid is a Markov chain as well."""
    chosen = [Settings("ddim", 50, options=SMALL), Settings("ddpm", 50, options=LARGE)]
    *fewer, full = rows(network, *chosen, DDPM)
    names = [f"{name}, 50 steps: excess over 1000" for name in RULED]
    return [
        *(excess(name, row, full) for name, row in zip(names, fewer, strict=True)),
        *(value(str(row.settings), row) for row in (*fewer, full)),
        floor(full),
        *limit(full),
    ]


@measures(
    "C40",
    "DDPM (small variance) in 50, 100 and 200 steps against 1000. Required: none of them is equivalent to 1000, all "
    f"end more than {CLOSE} farther from the law. {NUMBERS}",
    all_of(*(above(f"{steps} steps: excess over 1000", CLOSE) for steps in FEWER)),
    *(on(f"exact {name} mixture", explains=True, mixture=name) for name in ("broad", "narrow")),
    of={"seeds": distances.SEEDS},
)
def fewer_exact_steps(mixture: str) -> list[Number]:
    """The law is reached with far fewer."""
    runs = [Run("ddpm", steps, mixture) for steps in (*FEWER, 1000)]
    return [
        *(distances.excess(f"{run.steps} steps: excess over 1000", run, runs[-1]) for run in runs[:-1]),
        *map(distances.distance, runs),
        distances.floor(mixture),
    ]


@measures(
    "C40",
    "DDPM (small variance) in 20 and 50 steps against 1000. Required: none is equivalent, all have an excess above 25"
    " %.",
    all_of(*(above(f"{steps} steps: excess over 1000", 0.25) for steps in (20, 50))),
    *IMAGES,
)
def fewer_steps(network: str) -> list[Number]:
    """eta = 1 is DDPM with the small variance on any grid."""
    *fewer, full = rows(network, *(Settings("ddim", steps, options=SMALL) for steps in (20, 50)), DDPM)
    return [
        *(excess(f"{row.settings.steps} steps: excess over 1000", row, full) for row in fewer),
        *(value(str(row.settings), row) for row in (*fewer, full)),
        floor(full),
        *limit(full),
    ]


@measures(
    "C33",
    f"DDPM respaced to 50 and 100 steps against 1000, with the exact denoiser. {NUMBERS} It can skip if one excess "
    f"is below {CLOSE}.",
    all_of(*(above(f"{steps} steps: excess over 1000", CLOSE) for steps in (50, 100))),
    *(on(f"exact {name} mixture", explains=True, mixture=name) for name in ("broad", "narrow")),
    of={"seeds": distances.SEEDS},
)
def respaced_exactly(mixture: str) -> list[Number]:
    """The chain on a coarser grid."""
    runs = [Run("ddpm", steps, mixture) for steps in (50, 100, 1000)]
    return [
        *(distances.excess(f"{run.steps} steps: excess over 1000", run, runs[-1]) for run in runs[:-1]),
        *map(distances.distance, runs),
    ]

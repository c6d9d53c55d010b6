"""Whose quality is the highest: DDIM, DPM-Solver and DDPM's thousand steps (C1a, C8a, C31a, C31b, C36)."""

from claims import distances
from claims.distances import CLOSE, SAMPLES, SEEDS, Run
from claims.images import DDPM, IMAGES, excess, floor, limit, rows, value
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import above, all_of, below, by_case
from diffusion_lessons.sampling import Settings

SOLVER = "dpm_solver_pp_2m"
TOYS = tuple(on(f"exact {name} mixture", explains=True, mixture=name) for name in distances.MIXTURES)
NUMBERS = (
    f"With the exact denoiser, {SEEDS} seeds of {SAMPLES:,} numbers, in standard deviations of the data; the margin is "
    f"{CLOSE}."
)
OF = {"seeds": SEEDS}

claim(
    "C1a",
    "1, why large steps; remember",
    "On most benchmarks DDIM in 50 steps matches the quality of DDPM in 1000 steps.",
)


@measures(
    "C1a",
    "Equivalence: Fréchet distance of DDIM in 50 steps against DDPM in 1000, paired, as a share of DDPM's; margin 25 "
    "%.",
    below("excess of DDIM in 50", 0.25),
    *IMAGES,
)
def fifty_steps(network: str) -> list[Number]:
    """The verdict of each data set stands by itself; "most" is for the reader to count."""
    fast, slow = rows(network, Settings("ddim", 50), DDPM)
    return [
        excess("excess of DDIM in 50", fast, slow),
        value("DDIM in 50", fast),
        value("DDPM", slow),
        floor(slow),
        *limit(slow),
    ]


@measures(
    "C1a", f"DDIM in 50 steps against DDPM in 1000. {NUMBERS}", below("excess of DDIM in 50", CLOSE), *TOYS, of=OF
)
def fifty_exact_steps(mixture: str) -> list[Number]:
    """An exact denoiser leaves no error but the sampler's."""
    fast, slow = Run("ddim", 50, mixture), Run("ddpm", 1000, mixture)
    number = distances.excess("excess of DDIM in 50", fast, slow)
    return [number, *map(distances.distance, (fast, slow)), distances.floor(mixture)]


claim("C8a", "2, DPM-Solver", "DPM-Solver in 10 to 20 steps matches or exceeds DDPM.")
FAST = (10, 15, 20)


@measures(
    "C8a",
    "Equivalence: DPM-Solver++(2M) in 10, 15 and 20 steps against DDPM in 1000, as for DDIM; margin 25 %.",
    by_case({f"{steps} steps": below(f"{steps} steps: excess", 0.25) for steps in FAST}),
    *IMAGES,
)
def ten_to_twenty_steps(network: str) -> list[Number]:
    """The three step counts one by one."""
    *fast, slow = rows(network, *(Settings(SOLVER, steps) for steps in FAST), DDPM)
    return [
        *(excess(f"{row.settings.steps} steps: excess", row, slow) for row in fast),
        *(value(str(row.settings), row) for row in (*fast, slow)),
        floor(slow),
        *limit(slow),
    ]


@measures(
    "C8a",
    f"DPM-Solver++(2M), even in lambda, in 10, 15 and 20 steps against DDPM in 1000. {NUMBERS}",
    by_case({f"{steps} steps": below(f"{steps} steps: excess", CLOSE) for steps in FAST}),
    *TOYS,
    of=OF,
)
def ten_to_twenty_exact_steps(mixture: str) -> list[Number]:
    """The same with no error but the sampler's."""
    slow = Run("ddpm", 1000, mixture)
    fast = [Run(SOLVER, steps, mixture, spacing="logsnr") for steps in FAST]
    return [
        *(distances.excess(f"{run.steps} steps: excess", run, slow) for run in fast),
        *map(distances.distance, (*fast, slow)),
        distances.floor(mixture),
    ]


claim(
    "C31a",
    "2, against itself and text 1",
    "DDPM is of the highest quality; elsewhere fast samplers are said to match or exceed it.",
)


@measures(
    "C31a",
    "The first of the two: DDIM in 50 steps and DPM-Solver++ in 20 are both farther from the data than DDPM, by more "
    "than 25 %. If neither is, the other sentence is right; C1a and C8a say it with the same rows.",
    all_of(above("DDIM in 50: excess", 0.25), above("DPM in 20: excess", 0.25)),
    *IMAGES,
)
def the_highest_quality(network: str) -> list[Number]:
    """Both rivals against DDPM."""
    ode, solver, slow = rows(network, Settings("ddim", 50), Settings(SOLVER, 20), DDPM)
    return [
        excess("DDIM in 50: excess", ode, slow),
        excess("DPM in 20: excess", solver, slow),
        *(value(name, row) for name, row in (("DDIM in 50", ode), ("DPM in 20", solver), ("DDPM", slow))),
        floor(slow),
        *limit(slow),
    ]


claim("C31b", "1 against 2", "Fifty steps of DDIM are the sweet spot; in the other text it is 20 of DPM-Solver.")


@measures(
    "C31b",
    "Fifty DDIM steps are worth their cost if the 20 of DPM-Solver++ are more than 25 % farther from the data; if "
    "these are equivalent, fifty are not the better choice.",
    above("DPM in 20: excess over DDIM in 50", 0.25),
    *IMAGES,
)
def the_sweet_spot(network: str) -> list[Number]:
    """Twenty evaluations against fifty."""
    ode, solver = rows(network, Settings("ddim", 50), Settings(SOLVER, 20))
    return [
        excess("DPM in 20: excess over DDIM in 50", solver, ode),
        value("DDIM in 50", ode),
        value("DPM-Solver++ in 20", solver),
        floor(ode),
        *limit(ode),
    ]


claim("C36", "1, frontier", "A thousand steps of DDPM are the asymptote of quality.")


@measures(
    "C36",
    "Nothing is better: neither DDIM in 50 steps nor DPM-Solver++ in 10 or 20, nor DDIM with eta = 1 in 20, is nearer"
    " to the data by more than 25 % of DDPM's distance. One that is refutes it.",
    all_of(*(above(f"{name}: excess", -0.25) for name in ("DDIM in 50", "DPM in 10", "DPM in 20", "eta = 1 in 20"))),
    *IMAGES,
)
def the_asymptote(network: str) -> list[Number]:
    """The rivals that had come nearest in the tables when the rule was written."""
    settings = {
        "DDIM in 50": Settings("ddim", 50),
        "DPM in 10": Settings(SOLVER, 10),
        "DPM in 20": Settings(SOLVER, 20),
        "eta = 1 in 20": Settings("ddim", 20, options={"eta": 1.0}),
    }
    *rivals, slow = rows(network, *settings.values(), DDPM)
    numbers = [excess(f"{name}: excess", row, slow) for name, row in zip(settings, rivals, strict=True)]
    return [*numbers, *map(value, settings, rivals), value("DDPM", slow), floor(slow), *limit(slow)]


@measures(
    "C36",
    f"DDIM in 1000 steps and DPM-Solver++ in 100 against DDPM in 1000. {NUMBERS}",
    all_of(above("DDIM in 1000: excess", -CLOSE), above("DPM in 100: excess", -CLOSE)),
    *TOYS,
    of=OF,
)
def the_exact_asymptote(mixture: str) -> list[Number]:
    """All of them end near the floor, which nothing can pass."""
    slow = Run("ddpm", 1000, mixture)
    ode, solver = Run("ddim", 1000, mixture), Run(SOLVER, 100, mixture, spacing="logsnr")
    numbers = [
        distances.excess("DDIM in 1000: excess", ode, slow),
        distances.excess("DPM in 100: excess", solver, slow),
    ]
    return [*numbers, *map(distances.distance, (ode, solver, slow)), distances.floor(mixture)]

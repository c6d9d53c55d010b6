"""Solvers of high order: how fast their errors fall, and whether they can take larger steps (C9)."""

from collections.abc import Callable
from functools import cache

from claims.distances import COSINE
from claims.images import IMAGES, excess, rows, value
from claims.numbers import Number, ratio
from claims.register import Measurement, claim, measures, on
from claims.verdicts import all_of, below, between, by_case
from diffusion_lessons import samplers
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys import convergence

SOLVER = "dpm_solver_pp_2m"

claim("C9a", "2, DPM-Solver", "High-order solvers look ahead: their error falls with a higher power of the step.")


def _orders() -> dict[str, int]:
    """Every solver on a grid and the order that its paper promises: 3 for both third-order multistep solvers."""
    promised = {"dpm_solver_pp_3m": 3, "dpm_solver_pp_3m (corrected)": 3}
    return {name: promised.get(name) or samplers.ALL[name].info.order for name in convergence.solvers()}


@measures(
    "C9a",
    "Slope of log error against log steps, 128 to 512 steps, on the exact flow of a mixture: every solver of the "
    "library, none left out. As promised by its paper if within 0.25 of its order.",
    by_case({name: between(f"{name}: slope minus order", -0.25, 0.25) for name in _orders()}),
    on("the exact flow of a mixture"),
)
def orders() -> list[Number]:
    """The published third-order multistep solver takes a second divided difference for a second derivative."""
    slopes = convergence.slopes(convergence.errors(steps=(128, 256, 512)))
    return [
        number
        for name, order in _orders().items()
        for number in (
            Number(f"{name}: slope minus order", slopes[name] - order),
            Number(f"{name}: order", order),
        )
    ]


claim("C9b", "2, DPM-Solver", "High-order solvers can therefore take larger steps.")
BUDGETS = (6, 12, 24, 48)
KINDS = {"multistep": ("dpm_solver_pp_2m", "dpm_solver_pp_3m"), "single-step": ("dpm_solver_2", "dpm_solver_3")}
STARTS = 16  # sets of starts


def _larger_steps(kind: str) -> Callable[[Measurement], Measurement]:
    """Entered for each kind, as the rule reads its solvers."""
    rules = {
        f"{budget} evaluations": all_of(
            *(below(f"{budget} evaluations: {name} over DDIM", 1.0) for name in KINDS[kind])
        )
        for budget in BUDGETS
    }
    return measures(
        "C9b",
        f"Error of {kind} solvers over DDIM's at equal evaluations on the exact flow of a mixture: {STARTS} sets of 32 "
        "starts, the ratios paired by sets; both grids, for each solver the one that is better on other starts. Larger "
        "steps are possible where every solver of the kind has less error than DDIM. (An earlier test looked at one "
        "set of starts, without an interval.)",
        by_case(rules),
        on(f"{kind} solvers", kind=kind, explains=True, of={"sets of starts": STARTS}),
    )


@_larger_steps("single-step")
@_larger_steps("multistep")
def larger_exact_steps(kind: str) -> list[Number]:
    """The steps of a single-step solver cost two or three evaluations each."""
    return [
        ratio(
            f"{budget} evaluations: {name} over DDIM", _errors(name, budget), _errors("ddim", budget), "sets of starts"
        )
        for budget in BUDGETS
        for name in KINDS[kind]
    ]


@cache
def _errors(name: str, evaluations: int) -> list[float]:
    """The error from each set of starts, on the grid that is the better one from a set that is not among them."""
    steps = evaluations // {"dpm_solver_2": 2, "dpm_solver_3": 3}.get(name, 1)

    def error(grid: str, seed: int) -> float:
        run = {name: convergence.solvers()[name]}
        return convergence.errors(run, path=COSINE, steps=[steps], spacing=grid, t_min=1.0, seed=seed)[0].error

    grid = min(("trailing", "logsnr"), key=lambda grid: error(grid, 0))
    return [error(grid, seed) for seed in range(1, STARTS + 1)]


LARGE = {
    "2M@5": Settings(SOLVER, 5),
    "2M@10": Settings(SOLVER, 10),
    "3M@5": Settings("dpm_solver_pp_3m", 5),
    "3M@10": Settings("dpm_solver_pp_3m", 10),
    "Heun@9": Settings("heun", 5),
    "DPM-Solver-3@10": Settings("dpm_solver_3", 4),
}


@measures(
    "C9b",
    "Fréchet distance against DDIM's with as many evaluations, 5 or 10, paired: larger steps are possible where it is"
    " smaller.",
    by_case({name: below(f"{name}: excess over DDIM", 0.0) for name in LARGE}),
    *IMAGES,
)
def larger_steps(network: str) -> list[Number]:
    """Few evaluations are spent best on many simple steps or on a multistep solver."""
    numbers = []
    for name, settings in LARGE.items():
        solver, ode = rows(network, settings, Settings("ddim", 5 if name.endswith("@5") else 10))
        numbers += [excess(f"{name}: excess over DDIM", solver, ode), value(name, solver)]
    return numbers

"""Flow matching: are its paths straight, and is that why few steps are enough? (C10, C30)"""

from functools import cache

import torch
from uncertainties import UFloat

from claims import distances
from claims.distances import BROAD, EXACT, distance, over_seeds
from claims.evidence import CONDITION, FAILS, HOLDS, Evidence, by_cases, named, smaller
from claims.ledger import measures, on
from claims.tables import floor, on_tables, row, score
from diffusion_lessons import checkpoints, samplers, schedules
from diffusion_lessons.benchmark.plans import FEW
from diffusion_lessons.benchmark.students import NEAR, Family, difference, family
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.metrics.errors import resolved
from diffusion_lessons.samplers.base import State
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.straightness import excess_length, straightness

POINTS = 200
FLOW = schedules.flow()
IMAGES, STEPS, SEEDS = 16, 16, 4  # of a network's trajectories: images in a batch, Euler steps, batches
STRAIGHT = 0.01  # a flow whose straightness S is not above this is called straight
BOTH = ("mnist-flow", "mnist-reflow")


@measures("C10", on_tables("mnist-flow and mnist-diffusion", "mnist-flow", "mnist-diffusion"))
def flow_against_diffusion() -> Evidence:
    """Two networks of one size, data and training budget: first-order steps, 5, 10 and 50 of them."""
    numbers, better, apart = [], [], []
    for steps in (5, 10, 50):
        straight = row("ddim", steps, table="mnist-flow")
        flow = score(straight, name=f"flow, {steps} steps")
        diffusion = score(row("ddim", steps, straight.samples), name=f"diffusion, {steps} steps")
        numbers += [flow, diffusion]
        apart.append(resolved(diffusion - flow))
        better.append(smaller(flow, diffusion))
    best = score(row("dpm_solver_pp_2m", 10, straight.samples), name="diffusion, DPM-Solver++(2M), 10 steps")
    return Evidence(
        by_cases(better, apart),
        f"The flow network is better beyond the spread at {sum(better)} of {len(better)} step counts with the same "
        "first-order sampler. Set beside it: what a second-order solver makes of the diffusion network in ten steps.",
        [*numbers, best, floor(straight)],
    )


def exact_trajectories(points: int = POINTS, times: int = 21) -> list[State]:
    """The exact flow of the mixture from noise to data, as States."""
    x = FLOW.prior((points, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    grid = torch.linspace(1, 0, times, dtype=torch.float64).tolist()
    return exact_flow(convergence.MIXTURE.denoiser(FLOW), x, FLOW, grid, tolerance=1e-8)


@measures("C10", on("the exact flow of a mixture"))
def straight_before_reflow() -> Evidence:
    """Straightness of the exact flow, and Euler's error in 4 to 10 steps on the flow path and on the cosine path."""
    states = exact_trajectories()
    bend, longer = straightness(states), excess_length(states)
    numbers = [named("straightness S of the exact flow (0 is straight)", bend), named("excess length", longer)]
    numbers += _few_steps()
    return Evidence(
        FAILS if bend > 0.01 else HOLDS,
        "The exact flow from noise to a mixture is not straight: the straight lines are those between the pairs that "
        "training draws, and the flow is their average. Whether few steps are enough is a matter of the solver as "
        "much.",
        numbers,
    )


def _few_steps() -> list[UFloat]:
    """Error of four and ten first-order steps, relative to the size of the data."""
    numbers = []
    for name, path in (("flow", FLOW), ("cosine", schedules.cosine())):
        for steps in (4, 10):
            run = {"ddim": convergence.solvers()["ddim"]}
            (row,) = convergence.errors(run, path=path, steps=[steps], spacing="trailing", t_min=None, points=POINTS)
            numbers.append(named(f"{name} path, {steps} first-order steps: error", row.error))
    return numbers


@measures("C30", on("pairs of noise and data from an exact mixture"))
def straight_after_reflow_or_coupling() -> Evidence:
    """Straightness of one flow, of pairs coupled by optimal transport, and one Euler step on each kind of pair."""
    from scipy.optimize import linear_sum_assignment

    states = exact_trajectories()
    start, end = states[0].x, states[-1].x
    data = convergence.MIXTURE.sample(POINTS, torch.Generator().manual_seed(1), torch.float64)
    rows, columns = linear_sum_assignment(torch.cdist(start, data).square().numpy())
    lengths = {
        "independent pairs, as in training": (start - data).square().sum(1),
        "pairs of the exact flow, as in reflow": (start - end).square().sum(1),
        "pairs by optimal transport": (start[torch.from_numpy(rows)] - data[torch.from_numpy(columns)]).square().sum(1),
    }
    numbers = [named("straightness S of the first flow", straightness(states))]
    numbers += [
        named(f"{name}: mean squared length", float(squares.mean()), float(squares.std() / POINTS**0.5))
        for name, squares in lengths.items()
    ]
    x = samplers.sample(samplers.euler, convergence.MIXTURE.denoiser(FLOW), start, FLOW, FLOW.grid(1))
    one_step = float((x - end).square().mean().sqrt())
    spread = float(convergence.MIXTURE.sample(4000, torch.Generator().manual_seed(2)).std())
    numbers += [named("one Euler step of the first flow: error", one_step), named("std of the data", spread)]
    return Evidence(
        CONDITION,
        "The first flow is bent, and one step of it returns about the mean of the data: its error is their std. The "
        "pairs that it makes are much shorter than the random pairs of training, as short as those of optimal "
        "transport. So straightness is made, by reflow or by coupling; it does not come by itself. What published "
        "few-step models add to it, distillation, is not measured here.",
        numbers,
    )


@cache
def trajectory(name: str) -> dict[str, UFloat]:
    """The trajectories of a flow network from noise to images, labels in turn: how bent, how far apart their ends."""
    denoise = checkpoints.load(name)
    path, conditioned = denoise.path, condition_on(denoise, torch.arange(IMAGES) % (denoise.classes or 1))

    @cache
    def states(seed: int) -> list[samplers.State]:
        x = path.prior((IMAGES, *(denoise.shape or ())), torch.Generator().manual_seed(seed))
        return samplers.trace(samplers.euler, conditioned, x, path, path.grid(STEPS))

    def length(seed: int, shift: int) -> float:
        start, end = states(seed)[0].x, states(seed)[-1].x
        return float((start - end.roll(shift, 0)).square().sum((1, 2, 3)).mean())

    return {
        "bend": over_seeds(f"{name}: straightness S (0 is straight)", lambda seed: straightness(states(seed)), SEEDS),
        "own": over_seeds(f"{name}: mean squared length of its ways", lambda seed: length(seed, 0), SEEDS),
        "other": over_seeds(f"{name}: the same from noise to another's image", lambda seed: length(seed, 1), SEEDS),
    }


@measures("C10", on("the ways of mnist-flow and mnist-reflow", needs=BOTH))
def straight_on_images() -> Evidence:
    """Straightness of a flow network's trajectories, and of those of a network trained on the pairs that it makes."""
    first, second = map(trajectory, BOTH)
    return straight_without_reflow(first, second)


def straight_without_reflow(first: dict[str, UFloat], second: dict[str, UFloat]) -> Evidence:
    straighter = smaller(second["bend"], first["bend"])
    bent = first["bend"].n > STRAIGHT
    return Evidence(
        by_cases([not bent, not straighter]),
        f"A flow trained on noise and images drawn apart spends {first['bend'].n:.2%} of its way on bends"
        + (
            f", and {second['bend'].n:.2%} after it was trained again on its own pairs: straightness is made by "
            "reflow. It does not come with flow matching."
            if straighter
            else f"; after reflow it is {second['bend'].n:.2%}, no less beyond two standard errors."
        ),
        [first["bend"], second["bend"]],
    )


@measures("C30", on("mnist-flow and mnist-reflow", needs=[*BOTH, *(f"{name}.jsonl" for name in BOTH)]))
def few_steps_because_straight() -> Evidence:
    """Straightness and lengths before and after reflow, and how many Euler steps each flow needs."""
    first, second = map(trajectory, BOTH)
    return because_straight(first, second, family(*BOTH))


def because_straight(first: dict[str, UFloat], second: dict[str, UFloat], both: Family) -> Evidence:
    """Do straighter trajectories need fewer steps? `both` are the tables of the two flows."""
    straighter = smaller(second["bend"], first["bend"])
    before, after = (_needed(both, name) for name in (both.teacher, *both.students))
    fewer = after is not None and (before is None or after < before)
    counts = [f"{steps:g}" if steps is not None else f"more than {FEW[-1]}" for steps in (before, after)]
    shorter = smaller(first["own"], first["other"])
    return Evidence(
        by_cases([straighter, fewer]),
        f"To come within {NEAR:g} times the asymptote of {both.teacher}, Euler needs {counts[0]} steps on the first "
        f"flow and {counts[1]} on the second, whose ways are {'' if straighter else 'not '}straighter beyond two "
        f"standard errors. The pairs that a flow makes are {'' if shorter else 'not '}nearer to one another than noise "
        "and the image of other noise.",
        [*first.values(), *second.values()]
        + [named(f"{name}: steps needed", n) for name, n in zip(BOTH, (before, after), strict=True) if n is not None],
    )


def _needed(flows: Family, name: str) -> float | None:
    """The fewest evaluations with which DDIM, Euler on a flow, is not beyond `NEAR` times the teacher's asymptote."""
    rows = [row for row in flows.rows if row.checkpoint == name and row.settings.sampler == "ddim"]
    gaps = {row.nfe: difference(row, flows.asymptote, NEAR) for row in rows}
    return min((nfe for nfe, gap in gaps.items() if gap.n <= 0 or not resolved(gap)), default=None)


@measures("C30", on("the exact second flow of a mixture of numbers"))
def one_step_after_an_exact_reflow() -> Evidence:
    """Straightness of the first and of the second flow, and what Euler makes of each in 1 to 8 steps."""
    x = FLOW.prior((200, 1), torch.Generator().manual_seed(0), dtype=torch.float64)
    times = torch.linspace(1, 0, 21, dtype=torch.float64).tolist()
    first = straightness(exact_flow(BROAD.denoiser(FLOW), x, FLOW, times, tolerance=1e-8))
    second = straightness(samplers.trace(samplers.euler, EXACT["second flow"](BROAD, FLOW), x, FLOW, times))
    before = [distance("euler", steps, "broad", FLOW) for steps in FEW]
    after, exact = distance("euler", 1, "broad", FLOW, exact="second flow"), distances.floor("broad")
    arrived = not resolved(after - exact) or after.n < 1.5 * exact.n
    return Evidence(
        HOLDS if second < 1e-6 < first and arrived else FAILS,
        "After one exact reflow the ways are straight lines, in one dimension also the shortest ones, and one Euler "
        "step is as near to the law as exact samples are. The first flow's are neither.",
        [
            named("first flow: straightness S (0 is straight)", first),
            named("second flow: straightness S", second),
            *before,
            after,
            exact,
        ],
    )

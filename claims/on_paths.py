"""How straight are straight paths? C10 and C30 on the exact flow of a mixture."""

import torch

from claims.ledger import CONDITION, FAILS, HOLDS, Evidence, Number, measures
from diffusion_lessons import samplers, schedules
from diffusion_lessons.samplers import State
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.straightness import excess_length, straightness

POINTS = 200
FLOW = schedules.flow()


def exact_trajectories(points: int = POINTS, times: int = 21) -> list[State]:
    """The exact flow of the mixture from noise to data, as States."""
    x = FLOW.prior((points, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    grid = torch.linspace(1, 0, times, dtype=torch.float64).tolist()
    return exact_flow(convergence.MIXTURE.denoiser(FLOW), x, FLOW, grid, tolerance=1e-8)


@measures("C10", on="the exact flow of a mixture")
def straight_before_reflow() -> Evidence:
    """Straightness of the exact flow, and Euler's error in 4 to 10 steps on the flow path and on the cosine path."""
    states = exact_trajectories()
    bend, longer = straightness(states), excess_length(states)
    numbers = [Number("straightness S of the exact flow (0 is straight)", bend), Number("excess length", longer)]
    numbers += _few_steps()
    return Evidence(
        FAILS if bend > 0.01 else HOLDS,
        "The exact flow from noise to a mixture is not straight: the straight lines are those between the pairs that "
        "training draws, and the flow is their average. Whether few steps are enough is a matter of the solver as "
        "much.",
        numbers,
    )


def _few_steps() -> list[Number]:
    """Error of four and ten first-order steps, relative to the size of the data."""
    numbers = []
    for name, path in (("flow", FLOW), ("cosine", schedules.cosine())):
        for steps in (4, 10):
            run = {"ddim": convergence.solvers()["ddim"]}
            (row,) = convergence.errors(run, path=path, steps=[steps], spacing="trailing", t_min=None, points=POINTS)
            numbers.append(Number(f"{name} path, {steps} first-order steps: error", row.error))
    return numbers


@measures("C30", on="pairs of noise and data from an exact mixture")
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
    numbers = [Number("straightness S of the first flow", straightness(states))]
    numbers += [
        Number(f"{name}: mean squared length", float(each.mean()), float(each.std() / POINTS**0.5))
        for name, each in lengths.items()
    ]
    x = samplers.sample(samplers.euler, convergence.MIXTURE.denoiser(FLOW), start, FLOW, FLOW.grid(1))
    one_step = float((x - end).square().mean().sqrt())
    spread = float(convergence.MIXTURE.sample(4000, torch.Generator().manual_seed(2)).std())
    numbers += [Number("one Euler step of the first flow: error", one_step), Number("std of the data", spread)]
    return Evidence(
        CONDITION,
        "The first flow is bent, and one step of it returns about the mean of the data: its error is their std. The "
        "pairs that it makes are much shorter than the random pairs of training, as short as those of optimal "
        "transport. So straightness is made, by reflow or by coupling; it does not come by itself. What published "
        "few-step models add to it, distillation, is not measured here.",
        numbers,
    )

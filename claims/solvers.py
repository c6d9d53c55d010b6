"""Solvers of high order: order, speed at equal quality, where steps belong, and Runge-Kutta (C8, C9, C17, C20, C31)."""

import numpy as np
import torch
from uncertainties import UFloat

from claims import distances
from claims.distances import LINEAR, MIXTURES, ON_BOTH, ddim, ddpm_in_full, dpm_solver
from claims.evidence import (
    CONDITION,
    FAILS,
    HOLDS,
    NOT_RESOLVABLE,
    Evidence,
    about_as_good,
    by_cases,
    hidden_difference,
    if_resolvable,
    named,
)
from claims.ledger import measures, on
from claims.tables import DDPM, floor, on_tables, row, score, speed_up
from diffusion_lessons import samplers, schedules
from diffusion_lessons.metrics.errors import resolved
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.mixtures import GaussianMixture

DDIM_STEPS = (20, 50, 100, 200, 500)
SOLVER_STEPS = (10, 15, 20, 30)
TEXTBOOK = {"euler": 1, "heun": 2, "midpoint": 2, "rk4": 4}  # evaluations of a step
EXPONENTIAL = {"ddim": 1, "dpm_solver_pp_2m": 1, "dpm_solver_pp_3m": 1, "dpm_solver_2": 2, "dpm_solver_3": 3}
NARROW = GaussianMixture(convergence.MIXTURE.means, stds=0.02, weights=convergence.MIXTURE.weights)


@measures("C8", on_tables("mnist-diffusion"))
def ten_to_twenty_steps_on_mnist() -> Evidence:
    """DPM-Solver++(2M) in 10, 15 and 20 steps against DDPM in 1000."""
    slow = row(*DDPM)
    rivals = [row("dpm_solver_pp_2m", steps, slow.samples) for steps in (10, 15, 20)]
    scores = [score(rival) for rival in rivals]
    good = [about_as_good(one, score(slow)) for one in scores]
    times = [speed_up(rival, slow) for rival in rivals]
    hidden = max(hidden_difference(one, score(slow)) for one in scores)
    return Evidence(
        if_resolvable(by_cases(good), scores, score(slow)),
        f"About as good as DDPM, or not to be told from it, in {sum(good)} of {len(good)} step counts; with this many "
        f"samples a difference below {hidden:.0%} would not be seen.",
        [*scores, score(slow), floor(slow), *times],
    )


@measures("C8", on(ON_BOTH))
def ten_to_twenty_exact_steps() -> Evidence:
    """DPM-Solver++(2M) in 10, 15 and 20 steps against DDPM in 1000."""
    good, numbers = [], []
    for mixture in MIXTURES:
        slow, rivals = ddpm_in_full(mixture), [dpm_solver(steps, mixture) for steps in SOLVER_STEPS if steps <= 20]
        good += [about_as_good(rival, slow) for rival in rivals]
        numbers += [*rivals, slow, distances.floor(mixture)]
    return Evidence(
        by_cases(good),
        f"About as good as DDPM in 1000 steps in {sum(good)} of {len(good)} cases, with 50 to 100 times fewer "
        "evaluations. No row can exceed it by much: DDPM in 1000 steps is near what exact samples score.",
        numbers,
    )


@measures("C9", on("the exact flow of a mixture"))
def higher_orders() -> Evidence:
    """Slopes of error against steps, and the errors at 20 evaluations."""
    names = ("ddim", "dpm_solver_2", "dpm_solver_pp_2m", "dpm_solver_3")
    runs = {name: convergence.solvers()[name] for name in names}
    rows = convergence.errors(runs, steps=(10, 20, 128, 256))
    slopes = convergence.slopes(rows)
    expected = {name: samplers.ALL[name].info.order for name in names}
    as_promised = all(abs(slopes[name] - expected[name]) < 0.25 for name in names)
    errors = {row.name: row.error for row in rows if round(row.nfe / 20) == 1}
    numbers = [named(f"{name}: slope (order {expected[name]})", slopes[name]) for name in names]
    numbers += [named(f"{name}: error at 20 evaluations", error) for name, error in errors.items()]
    better = all(errors[name] < errors["ddim"] for name in errors if name != "ddim")
    return Evidence(
        HOLDS if as_promised and better else CONDITION if as_promised else FAILS,
        "Each solver has the slope that its paper promises, and at equal evaluations every one of higher order is "
        "nearer to the exact solution than DDIM.",
        numbers,
    )


@measures("C17", on("the exact flow of a mixture"))
def where_steps_belong() -> Evidence:
    """Ten DDIM steps placed t = T (k/N)^p: p < 1 crowds them where noise is high, p > 1 where it is low."""
    path = schedules.cosine()
    denoise = convergence.MIXTURE.denoiser(path)
    x = path.prior((64, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    end = 1.0
    exact = exact_flow(denoise, x, path, (path.T, end))[-1].x
    numbers = []
    for place, p in (("more where noise is high", 0.5), ("even", 1.0), ("more where noise is low", 2.0)):
        for sampler in (samplers.ddim, samplers.dpm_solver_pp_2m):
            share = (np.arange(10, -1, -1) / 10) ** p
            times = (end + (path.T - end) * share).tolist()
            error = (samplers.sample(sampler, denoise, x, path, times) - exact).norm(dim=1)
            spread = float(error.std() / len(error) ** 0.5)
            numbers.append(named(f"{sampler.info.name}, {place}: mean error", float(error.mean()), spread))
    high, even, late = numbers[0:2], numbers[2:4], numbers[4:6]
    wins = [h.n < min(e.n, l.n) for h, e, l in zip(high, even, late, strict=True)]
    return Evidence(
        by_cases(wins),
        f"Ten steps in time t on the cosine path: crowding them where noise is high is best for {sum(wins)} of 2 "
        "solvers. A statement about where steps belong must say in which clock they are counted: steps that are even "
        "in lambda are crowded in t.",
        numbers,
    )


@measures("C20", on_tables("mnist-diffusion"))
def evaluations_saved_on_mnist() -> Evidence:
    """The fewest evaluations at which each sampler is not resolved from DDPM in 1000 steps, or is better."""
    slow = row(*DDPM)
    numbers, factors = [score(slow), floor(slow)], dict[str, float]()
    compared: list[UFloat] = []
    for sampler, counts in (("ddim", (10, 20, 50)), ("dpm_solver_pp_2m", (10, 15, 20))):
        rows = [row(sampler, steps, slow.samples) for steps in counts]
        scores = [score(one) for one in rows]
        numbers, compared = numbers + scores, compared + scores
        good = [one for one in rows if about_as_good(score(one), score(slow))]
        if good:
            factors[sampler] = slow.nfe / good[0].nfe
            numbers += [named(f"{sampler}: evaluations saved, times", factors[sampler]), speed_up(good[0], slow)]
    verdict = _as_claimed([factors.get("ddim", 1.0)], [factors.get("dpm_solver_pp_2m", 1.0)])
    return Evidence(
        if_resolvable(verdict, compared, score(slow)),
        "The fewest evaluations (of those measured) at which each is about as good as DDPM in 1000 steps on this data, "
        "or not to be told from it.",
        numbers,
    )


@measures("C20", on(ON_BOTH))
def exact_evaluations_saved() -> Evidence:
    """The fewest evaluations of each sampler that are about as good as DDPM in 1000 steps."""
    saved, numbers = [], []
    for mixture in MIXTURES:
        slow = ddpm_in_full(mixture)
        numbers.append(slow)
        for name, rival, counts in (("ddim", ddim, DDIM_STEPS), ("dpm_solver_pp_2m", dpm_solver, SOLVER_STEPS)):
            steps = next((count for count in counts if about_as_good(rival(count, mixture), slow)), 1000)
            saved.append(named(f"{mixture}: {name} in {steps} steps: evaluations saved, times", 1000 / steps))
            numbers += [rival(steps, mixture), saved[-1]] if steps < 1000 else [saved[-1]]
    return Evidence(
        _as_claimed([one.n for one in saved[::2]], [one.n for one in saved[1::2]]),
        "The fewest evaluations (of those tried) at which each is about as good as DDPM in 1000 steps: at most 1.25 "
        "times as far from the law, or not to be told from it.",
        numbers,
    )


def _as_claimed(plain: list[float], fast: list[float]) -> str:
    """Whether DDIM saves evaluations 10 to 20 times and DPM-Solver 50 to 100 times, or at least no less than DDIM."""
    within = all(10 <= factor <= 20 for factor in plain) and all(50 <= factor <= 100 for factor in fast)
    ordered = all(b >= a > 1 for a, b in zip(plain, fast, strict=True))
    return HOLDS if within else CONDITION if ordered else FAILS


@measures("C31", on_tables("mnist-diffusion"))
def who_is_best() -> Evidence:
    """DDPM in 1000 steps, DDIM in 50 and DPM-Solver++(2M) in 20 in one table."""
    slow = row(*DDPM)
    plain, fast = row("ddim", 50, slow.samples), row("dpm_solver_pp_2m", 20, slow.samples)
    numbers = [score(one) for one in (slow, plain, fast)]
    apart = [resolved(a - b) for a, b in ((numbers[0], numbers[2]), (numbers[1], numbers[2]))]
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
        [*numbers, floor(slow), speed_up(fast, slow), speed_up(fast, plain)],
    )


@measures("C31", on("the exact flow of two mixtures"))
def runge_kutta_or_exponential() -> Evidence:
    """Textbook Runge-Kutta in t against the exponential integrators, at equal evaluations, each on its better grid."""
    numbers, wins = [], []
    for width, mixture in (("broad", convergence.MIXTURE), ("narrow", NARROW)):
        pairs = [(_errors(names, mixture), names) for names in (TEXTBOOK, EXPONENTIAL)]
        for nfe in (12, 24):
            best = [min((errors[nfe, name], name) for name in names) for errors, names in pairs]
            numbers += [named(f"{width}, {nfe} evaluations: {name}", error) for error, name in best]
            wins.append(best[1][0] < best[0][0])
    return Evidence(
        by_cases([not win for win in wins]),  # of the claim that they use Runge-Kutta
        "'Uses Runge-Kutta' is half true: DPM-Solver borrows inner looks from Runge-Kutta, but solves the linear part "
        "of the equation exactly (an exponential integrator). Of each family the best member is listed, each on its "
        f"better grid. The exponential one is ahead in {sum(wins)} of {len(wins)} cases, and most where the data are "
        "thin in their space, as images are. Which text is right about quality and steps is a matter of the networks.",
        numbers,
    )


def _errors(stages: dict[str, int], mixture: GaussianMixture) -> dict[tuple[int, str], float]:
    """The error of each sampler at 12 and 24 evaluations, on the better of two grids of the linear path."""
    errors: dict[tuple[int, str], float] = {}
    for count in set(stages.values()):
        runs = {name: convergence.solvers()[name] for name, stage in stages.items() if stage == count}
        for spacing in ("trailing", "logsnr"):
            results = convergence.errors(
                runs, path=LINEAR, steps=[12 // count, 24 // count], spacing=spacing, t_min=1.0, mixture=mixture
            )
            for result in results:
                key = result.steps * count, result.name
                errors[key] = min(errors.get(key, result.error), result.error)
    return errors

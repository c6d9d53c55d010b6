"""Claims about solvers that the exact flow of a mixture settles: C9, C17, C31."""

import numpy as np
import torch

from claims.ledger import CONDITION, FAILS, HOLDS, Evidence, Number, measures
from diffusion_lessons import samplers, schedules
from diffusion_lessons.toys import GaussianMixture, convergence
from diffusion_lessons.toys.exact_ode import exact_flow

COSINE, LINEAR = schedules.cosine(), schedules.ddpm_linear()


@measures("C9", on="the exact flow of a mixture")
def higher_orders() -> Evidence:
    """Slopes of error against steps, and the errors at 20 evaluations."""
    names = ("ddim", "dpm_solver_2", "dpm_solver_pp_2m", "dpm_solver_3")
    runs = {name: convergence.solvers()[name] for name in names}
    rows = convergence.errors(runs, steps=(10, 20, 128, 256))
    slopes = convergence.slopes(rows)
    expected = {name: samplers.ALL[name].info.order for name in names}
    as_promised = all(abs(slopes[name] - expected[name]) < 0.25 for name in names)
    errors = {row.name: row.error for row in rows if round(row.nfe / 20) == 1}
    numbers = [Number(f"{name}: slope (order {expected[name]})", slopes[name]) for name in names]
    numbers += [Number(f"{name}: error at 20 evaluations", error) for name, error in errors.items()]
    better = all(errors[name] < errors["ddim"] for name in errors if name != "ddim")
    return Evidence(
        HOLDS if as_promised and better else CONDITION if as_promised else FAILS,
        "Each solver has the slope that its paper promises, and at equal evaluations every one of higher order is "
        "nearer to the exact solution than DDIM.",
        numbers,
    )


@measures("C17", on="the exact flow of a mixture")
def where_steps_belong() -> Evidence:
    """Ten DDIM steps placed t = T (k/N)^p: p < 1 crowds them where noise is high, p > 1 where it is low."""
    path = COSINE
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
            numbers.append(Number(f"{sampler.info.name}, {place}: mean error", float(error.mean()), spread))
    high, even, late = numbers[0:2], numbers[2:4], numbers[4:6]
    wins = [h.value < min(e.value, l.value) for h, e, l in zip(high, even, late, strict=True)]
    return Evidence(
        HOLDS if all(wins) else FAILS if not any(wins) else CONDITION,
        f"Ten steps in time t on the cosine path: crowding them where noise is high is best for {sum(wins)} of 2 "
        "solvers. A statement about where steps belong must say in which clock they are counted: steps that are even "
        "in lambda are crowded in t.",
        numbers,
    )


TEXTBOOK = {"euler": 1, "heun": 2, "midpoint": 2, "rk4": 4}  # evaluations of a step
EXPONENTIAL = {"ddim": 1, "dpm_solver_pp_2m": 1, "dpm_solver_pp_3m": 1, "dpm_solver_2": 2, "dpm_solver_3": 3}
NARROW = GaussianMixture(convergence.MIXTURE.means, stds=0.02, weights=convergence.MIXTURE.weights)


@measures("C31", on="the exact flow of two mixtures")
def runge_kutta_or_exponential() -> Evidence:
    """Textbook Runge-Kutta in t against the exponential integrators, at equal evaluations, each on its better grid."""
    numbers, wins = [], []
    for width, mixture in (("broad", convergence.MIXTURE), ("narrow", NARROW)):
        pairs = [(_errors(names, mixture), names) for names in (TEXTBOOK, EXPONENTIAL)]
        for nfe in (12, 24):
            best = [min((errors[nfe, name], name) for name in names) for errors, names in pairs]
            numbers += [Number(f"{width}, {nfe} evaluations: {name}", error) for error, name in best]
            wins.append(best[1][0] < best[0][0])
    return Evidence(
        FAILS if all(wins) else CONDITION if any(wins) else HOLDS,
        "'Uses Runge-Kutta' is half true: DPM-Solver borrows inner looks from Runge-Kutta, but solves the linear part "
        "of the equation exactly (an exponential integrator). Of each family the best member is listed, each on its "
        f"better grid. The exponential one is ahead in {sum(wins)} of {len(wins)} cases, and most where the data are "
        "thin in their space, as images are. Which text is right about quality and steps is a matter of the networks.",
        numbers,
    )


def _errors(stages: dict[str, int], mixture: GaussianMixture) -> dict[tuple[int, str], float]:
    """The error of each sampler at 12 and 24 evaluations, on the better of two grids of the linear path."""
    found: dict[tuple[int, str], float] = {}
    for count in set(stages.values()):
        runs = {name: convergence.solvers()[name] for name, each in stages.items() if each == count}
        for spacing in ("trailing", "logsnr"):
            rows = convergence.errors(
                runs, path=LINEAR, steps=[12 // count, 24 // count], spacing=spacing, t_min=1.0, mixture=mixture
            )
            for row in rows:
                key = row.steps * count, row.name
                found[key] = min(found.get(key, row.error), row.error)
    return found

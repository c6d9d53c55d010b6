"""Measured slopes are the orders that the samplers declare."""

import math

import numpy as np
import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.convergence import Row, Run
from diffusion_lessons.toys.exact_ode import exact_flow

ONE_D = toys.GaussianMixture([[-1.0], [0.7]], stds=[0.2, 0.4], weights=[1, 2])
# Sampler (with options), order, numbers of steps: high orders meet rounding early and need fewer steps to show.
EXPECTED = {
    "ddim": (1.0, (64, 128)),
    "dpm_solver_1": (1.0, (64, 128)),
    "dpm_solver_2": (2.0, (128, 256)),
    "dpm_solver_3": (3.0, (128, 256)),
    "dpm_solver_fast": (2.0, (256, 512)),
    "dpm_solver_pp_2s": (2.0, (128, 256)),
    "dpm_solver_pp_2m": (2.0, (128, 256)),
    "dpm_solver_pp_3m": (2.0, (256, 512)),
    "dpm_solver_pp_3m (corrected)": (3.0, (256, 512)),
    "euler": (1.0, (64, 128)),
    "heun": (2.0, (128, 256)),
    "midpoint": (2.0, (128, 256)),
    "rk4": (4.0, (64, 128)),
}
IN_TIME = ("heun", "midpoint", "rk4")  # of high order, and they step in t rather than in lambda


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("mixture", [convergence.MIXTURE, ONE_D], ids=["2-D", "1-D"])
def test_slopes_on_the_flow_path(name, mixture):
    order, steps = EXPECTED[name]
    rows = convergence.errors({name: convergence.solvers()[name]}, steps=steps, mixture=mixture, points=8)
    assert convergence.slopes(rows, at_least=64)[name] == pytest.approx(order, abs=0.16)


@pytest.mark.parametrize("name", [n for n in EXPECTED if n.startswith(("ddim", "dpm"))])
def test_slopes_in_lambda_on_the_ddpm_path(name):
    order, steps = EXPECTED[name]
    rows = convergence.errors(
        {name: convergence.solvers()[name]}, path=schedules.ddpm_linear(), t_min=10.0, steps=steps, points=8
    )
    assert convergence.slopes(rows, at_least=64)[name] == pytest.approx(order, abs=0.16)


@pytest.mark.parametrize("name", IN_TIME)
@pytest.mark.parametrize(
    ("path", "spacing"),
    [(schedules.ddpm_linear(), "logsnr"), (schedules.ddpm_linear(), "trailing"), (schedules.cosine(), "logsnr")],
    ids=["ddpm_linear-logsnr", "ddpm_linear-trailing", "cosine-logsnr"],
)
def test_slopes_in_t_on_paths_that_are_tables(name, path, spacing):
    """Smooth between whole times, so that a solver in t keeps its order down to the last whole time."""
    runs = {name: convergence.solvers()[name]}
    rows = convergence.errors(runs, path=path, spacing=spacing, t_min=1.0, steps=(64, 128, 256))
    assert convergence.slopes(rows, at_least=64)[name] == pytest.approx(EXPECTED[name][0], abs=0.2)


def error_on_an_even_grid(name: str, start: float, steps: int) -> float:
    """The error of a solver from `start` to 1 on the cosine path, in steps of one length in t."""
    path = schedules.cosine()
    denoise = convergence.MIXTURE.denoiser(path)
    x = path.prior((8, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    times = np.linspace(start, 1.0, steps + 1).tolist()
    exact = exact_flow(denoise, x, path, (start, 1.0))[-1].x
    return (samplers.sample(samplers.get(name), denoise, x, path, times) - exact).square().mean().sqrt().item()


@pytest.mark.parametrize("name", IN_TIME)
def test_the_steep_end_of_the_cosine_table_costs_even_grids_their_order(name):
    """As `VariancePreserving` says: grids that start ten whole times below T are spared the error of those from T."""
    from_T, from_below = (error_on_an_even_grid(name, start, 256) for start in (1000.0, 990.0))
    assert 3e-4 < from_T < 1e-3 and from_below < {"rk4": 2e-7}.get(name, 5e-5)
    assert math.log2(error_on_an_even_grid(name, 1000.0, 128) / from_T) < 1.2


def test_every_deterministic_sampler_is_measured_and_declares_its_order():
    assert set(EXPECTED) == set(convergence.solvers())
    for name, run in convergence.solvers().items():
        assert EXPECTED[name][0] == run.sampler.info.order + bool(run.options)  # corrected: one more


def test_the_fit_of_a_slope():
    rows = [Row("a", "ddim", N, N, 3.0 / N**2) for N in (8, 128, 256)] + [Row("b", "ddim", 128, 128, 0.1)]
    assert convergence.slopes(rows) == {"a": pytest.approx(2.0)}
    assert convergence.slopes([Row("c", "dpm_solver_adaptive", N, N, 1 / N) for N in (128, 256)]) == {}


def test_rows_count_evaluations():
    rows = convergence.errors({"dpm_solver_2": Run(samplers.dpm_solver_2)}, steps=(4,), points=2)
    assert [(row.steps, row.nfe) for row in rows] == [(4, 8)]
    rows = convergence.errors({"dpm_solver_2": Run(samplers.dpm_solver_2)}, steps=(4,), t_min=None, points=2)
    assert [(row.steps, row.nfe) for row in rows] == [(4, 7)]


def test_the_adaptive_sampler_buys_accuracy_with_evaluations():
    loose, tight = convergence.adaptive_errors(tolerances=(1e-1, 1e-3), points=8)
    assert loose.nfe < tight.nfe and loose.error > 10 * tight.error

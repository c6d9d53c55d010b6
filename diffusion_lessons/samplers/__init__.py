"""Samplers: one readable function for each algorithm, all called alike.

    x = sample(samplers.ddim, denoise, path.prior((16, 1, 28, 28)), path, path.grid(50))

`ALL` is the one list from which benchmarks, panels and the command line draw their choices.
"""

from diffusion_lessons.machine.fields import check_name
from diffusion_lessons.samplers.base import Info, Sampler, State, sample, trace
from diffusion_lessons.samplers.checks import StartWarning
from diffusion_lessons.samplers.consistency import consistency
from diffusion_lessons.samplers.ddim import ddim, ddim_inversion, x0_landing
from diffusion_lessons.samplers.ddpm import ddpm
from diffusion_lessons.samplers.dpm_solver import (
    dpm_solver_1,
    dpm_solver_2,
    dpm_solver_3,
    dpm_solver_fast,
    dpm_solver_fast_plan,
)
from diffusion_lessons.samplers.dpm_solver_adaptive import dpm_solver_adaptive
from diffusion_lessons.samplers.dpm_solver_pp import (
    dpm_solver_pp_2m,
    dpm_solver_pp_2m_sde,
    dpm_solver_pp_2s,
    dpm_solver_pp_3m,
)
from diffusion_lessons.samplers.edm import edm_stochastic
from diffusion_lessons.samplers.ode import euler, heun, midpoint, ode_field, rk4
from diffusion_lessons.samplers.reverse_sde import euler_maruyama, exponential_sde, forward_sde, reverse_drift

ALL: dict[str, Sampler] = {
    sampler.info.name: sampler
    for sampler in (
        *(ddpm, ddim),
        *(dpm_solver_1, dpm_solver_2, dpm_solver_3, dpm_solver_fast, dpm_solver_adaptive),
        *(dpm_solver_pp_2s, dpm_solver_pp_2m, dpm_solver_pp_3m, dpm_solver_pp_2m_sde),
        *(euler, heun, midpoint, rk4),
        *(euler_maruyama, exponential_sde, edm_stochastic),
        consistency,
    )
}


def get(name: str) -> Sampler:
    """The sampler of this name."""
    check_name("sampler", name, ALL)
    return ALL[name]


__all__ = [
    "ALL",
    "Info",
    "Sampler",
    "StartWarning",
    "State",
    "consistency",
    "ddim",
    "ddim_inversion",
    "ddpm",
    "dpm_solver_1",
    "dpm_solver_2",
    "dpm_solver_3",
    "dpm_solver_adaptive",
    "dpm_solver_fast",
    "dpm_solver_fast_plan",
    "dpm_solver_pp_2m",
    "dpm_solver_pp_2m_sde",
    "dpm_solver_pp_2s",
    "dpm_solver_pp_3m",
    "edm_stochastic",
    "euler",
    "euler_maruyama",
    "exponential_sde",
    "forward_sde",
    "get",
    "heun",
    "midpoint",
    "ode_field",
    "reverse_drift",
    "rk4",
    "sample",
    "trace",
    "x0_landing",
]

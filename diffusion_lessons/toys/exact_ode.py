"""The exact solution of the probability-flow ODE, by a general solver of high order: the reference for samplers."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State
from diffusion_lessons.samplers.checks import check_start
from diffusion_lessons.samplers.ode import flow_time, time_of_flow


def exact_flow(
    denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float], tolerance: float = 1e-12
) -> list[State]:
    """x [B, ...] at times[0] carried along the ODE to each later time; States in double precision, as from `trace`.

    Every path is a rescaled flow path: z = x / (alpha + sigma) moves at dz/du = eps_hat - x0_hat in the flow's time
    u = sigma / (alpha + sigma), which is finite and smooth at both ends, for any path. SciPy's DOP853 solves that.
    The denoiser must be defined at every time on the way; down to 0 this needs data with a density.
    """
    check_start(denoise, x, path)

    def estimate(z: np.ndarray, u: float) -> Estimate:
        t = time_of_flow(path, u)
        scale = path.alpha(t) + path.sigma(t)
        return denoise(scale * torch.from_numpy(z).reshape(x.shape), t)

    def velocity(u: float, z: np.ndarray) -> np.ndarray:
        x0, eps = estimate(z, u)
        return (eps - x0).numpy().ravel()

    states = [State(float(times[0]), x.double(), None)]
    with torch.no_grad():
        for t, s in pairwise(times):
            z = (states[-1].x / (path.alpha(t) + path.sigma(t))).numpy().ravel()
            span = (flow_time(path, t), flow_time(path, s))
            solution = solve_ivp(velocity, span, z, method="DOP853", rtol=tolerance, atol=tolerance)
            if not solution.success:
                raise RuntimeError(f"the exact flow from t = {t:g} to {s:g} could not be computed: {solution.message}")
            x_s = (path.alpha(s) + path.sigma(s)) * torch.from_numpy(solution.y[:, -1].copy()).reshape(x.shape)
            states.append(State(float(s), x_s, estimate(solution.y[:, -1], span[1]).x0))
    return states

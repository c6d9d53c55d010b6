"""The probability-flow ODE of a Gaussian path, and the textbook solvers of ODEs on it, in t.

    dx_t/dt = alpha'(t) x0_hat(x_t, t) + sigma'(t) eps_hat(x_t, t)

Follow x_t = alpha x_0 + sigma eps as if the x_0 and eps that the denoiser estimates were fixed, and let them change on
the way (Song et al. 2021, "Score-Based Generative Modeling through SDEs", eq. 13, written in x_0 and eps). On a flow
path the right-hand side is the velocity, so these are flow matching's samplers, and Euler there is DDIM.

sigma' is infinite at t = 0 of DDPM's linear path and x_0 says nothing about eps there, so nothing is evaluated
at sigma = 0: Heun, midpoint and Runge-Kutta take the step to it with one evaluation, as DDIM does. (On paths with
straight lines, flow and variance exploding, that is an Euler step, and so it is EDM's rule.) Euler is left as it is, to
show what an ODE solver does that does not know the shape of its path.

The orders are those on smooth paths. A DDPM path is a table, joined smoothly between its whole times. Where the table
itself has a kink between two of them, as in the last step of the cosine path, whose beta is capped, the orders show
once a step is shorter than that. Solvers in lambda never differentiate alpha and do not notice.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, check_denoiser
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Numbers, Path
from diffusion_lessons.samplers.base import State, sampler
from diffusion_lessons.samplers.ddim import ddim_step


def slope(estimate: Estimate, path: Path, t: float) -> Tensor:
    """dx/dt = alpha'(t) x0_hat + sigma'(t) eps_hat, like x."""
    return path.d_alpha(t) * estimate.x0 + path.d_sigma(t) * estimate.eps


def flow_time(path: Path, t: Numbers) -> Numbers:
    """u = sigma / (alpha + sigma): the clock in which z = x / (alpha + sigma) moves at dz/du = eps_hat - x0_hat.

    Every path is a rescaled flow path, and in this clock and scale it is one. u is finite and smooth at both ends.
    """
    sigma = path.sigma(t)
    return sigma / (path.alpha(t) + sigma)


def time_of_flow(path: Path, u: float) -> float:
    """The t whose `flow_time` is u; the path's ends for what lies beyond them."""
    if u <= 0:
        return 0.0
    return path.T if u >= flow_time(path, path.T) else path.t_of_lam(math.log1p(-u) - math.log(u))


def ode_field(denoise: DenoiserLike, path: Path, shape: Sequence[int] | None = None) -> Callable:
    """The ODE as `field(t, x)` -> dx/dt, in the form that general solvers call.

    With a tensor x [B, ...] it returns a tensor (torchdiffeq); with a flat numpy array, as from scipy, it returns one,
    and x is understood to be of `shape`, by default [-1, *denoise.shape]:

        field = ode_field(denoise, path)
        solution = scipy.integrate.solve_ivp(field, (path.T, 1e-3), x.flatten(), rtol=1e-8, atol=1e-8)
    """
    check_denoiser(denoise)
    check_value("path", path, Path)
    rows = tuple(shape) if shape is not None else (-1, *(getattr(denoise, "shape", None) or ()))

    def field(t, x):
        if isinstance(x, Tensor):
            return slope(denoise(x, float(t)), path, float(t))
        with torch.no_grad():
            start = torch.from_numpy(np.asarray(x, dtype=np.float64)).reshape(rows)
            device = getattr(denoise, "device", None)
            if device is not None and device.type != "cpu":  # double precision stays here: MPS has none
                start = start.float().to(device)
            return slope(denoise(start, float(t)), path, float(t)).flatten().cpu().double().numpy()

    return field


@sampler(order=1, citation="Euler 1768; Song et al. 2021, section 4.3")
def euler(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """Go straight on in the direction seen at the start of the step.

        x_s = x_t + (s - t) f(x_t, t),   f = alpha' x0_hat + sigma' eps_hat

    x is [B, ...]; one evaluation a step; order 1.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        x = x + (s - t) * slope(estimate, path, t)
        yield State(s, x, estimate.x0)


@sampler(order=2, stages=2, citation="Heun 1900; Karras et al. 2022, algorithm 1")
def heun(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """Go to the end of the step, look there too, and take the mean of both directions from the start.

        u   = x_t + (s - t) f(x_t, t)
        x_s = x_t + (s - t) (f(x_t, t) + f(u, s)) / 2

    x is [B, ...]; two evaluations a step, one on a step to sigma = 0, so 2N - 1 for N steps to the data; order 2.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        if path.sigma(s) == 0:
            x = ddim_step(estimate, path, s)
        else:
            d = slope(estimate, path, t)
            u = x + (s - t) * d
            x = x + (s - t) / 2 * (d + slope(denoise(u, s), path, s))
        yield State(s, x, estimate.x0)


@sampler(order=2, stages=2, citation="Runge 1895")
def midpoint(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """Go half of the step, look there, and use that direction for all of it.

        m   = (t + s) / 2,   u = x_t + (m - t) f(x_t, t)
        x_s = x_t + (s - t) f(u, m)

    x is [B, ...]; two evaluations a step, one on a step to sigma = 0; order 2.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        if path.sigma(s) == 0:
            x = ddim_step(estimate, path, s)
        else:
            m = (t + s) / 2
            u = x + (m - t) * slope(estimate, path, t)
            x = x + (s - t) * slope(denoise(u, m), path, m)
        yield State(s, x, estimate.x0)


@sampler(order=4, stages=4, citation="Kutta 1901")
def rk4(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """The classical Runge-Kutta method: one look at the start, two in the middle, one at the end.

        k1 = f(x_t, t),   k2 = f(x_t + (m - t) k1, m),   k3 = f(x_t + (m - t) k2, m),   k4 = f(x_t + (s - t) k3, s)
        x_s = x_t + (s - t) (k1 + 2 k2 + 2 k3 + k4) / 6,   m = (t + s) / 2

    x is [B, ...]; four evaluations a step, one on a step to sigma = 0; order 4.
    """
    field = ode_field(denoise, path)
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        if path.sigma(s) == 0:
            x = ddim_step(estimate, path, s)
        else:
            m = (t + s) / 2
            k1 = slope(estimate, path, t)
            k2 = field(m, x + (m - t) * k1)
            k3 = field(m, x + (m - t) * k2)
            k4 = field(s, x + (s - t) * k3)
            x = x + (s - t) / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        yield State(s, x, estimate.x0)

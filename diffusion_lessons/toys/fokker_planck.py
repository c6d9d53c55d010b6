"""Whether a process keeps the distribution of a path, without a sample: the residual of its Fokker-Planck equation.

The reverse process dx = b dt + k g dw, dt < 0, of `samplers.reverse_sde` has the density p_t at every time if

    dp/dt + d(b p)/dx + k^2 g^2 / 2  d^2 p/dx^2 = 0,   b = f x - (1 + k^2) / 2 g^2 score

In words: at each place, what drifts in and what spreads in is what the density gains. For k = 0 it is the continuity
equation of the ODE.
"""

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.reverse_sde import forward_sde, reverse_drift
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import integration_grid

TIME_STEP = 0.5  # of the difference in time, in units of the time to the nearer end, over the number of points


def fokker_planck_residual(
    mixture: GaussianMixture,
    path: Path,
    t: float,
    noise: float = 1.0,
    *,
    denoise: DenoiserLike | None = None,
    n: int = 400,
) -> float:
    """int |dp/dt + d(b p)/dx + k^2 g^2 / 2 d^2p/dx^2| dx as a share of int |dp/dt| dx, for a mixture of numbers.

    p_t is the mixture's own, and b follows from `denoise`, by default the exact one; `noise` is k. All derivatives are
    central differences on n points, and the time step shrinks with their distance: the residual of the exact denoiser
    is theirs, and falls with n^-2. Any other drift leaves a residual that does not. 0 < t < T.
    """
    x, _ = integration_grid(mixture, path, t, n)
    estimate = (denoise or mixture.denoiser(path))(x, t)
    density, dx = mixture.log_prob(x, path, t).exp(), float(x[1] - x[0])
    flux = reverse_drift(estimate, path, t, noise) * density
    spread = noise**2 * forward_sde(path, t)[1] / 2 * (density[2:] - 2 * density[1:-1] + density[:-2]) / dx**2
    dt = TIME_STEP * min(t, path.T - t) / n
    later, earlier = (mixture.log_prob(x, path, time).exp() for time in (t + dt, t - dt))
    gained = (later - earlier)[1:-1] / (2 * dt)
    residual = gained + (flux[2:] - flux[:-2]) / (2 * dx) + spread
    return float(residual.abs().sum() / gained.abs().sum())

"""How good a network's answers are against the best that there can be, on a mixture of numbers.

The network is asked for the noise eps in x_t and never told x_0. The best answer is the posterior mean eps_hat, and
even that is wrong: by the spread of the noises that may stand behind one x_t. For any network f,

    E |eps - f(x_t)|^2  =  E |eps - eps_hat(x_t)|^2  +  E |f(x_t) - eps_hat(x_t)|^2
    what training sees  =  the least possible loss   +  the excess

Both terms are integrals over x_t, done here on a fine grid: no samples, no luck.
"""

from collections.abc import Callable

from torch import Tensor

from diffusion_lessons.estimates import error_in_eps
from diffusion_lessons.path import Path
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import integration_grid


def bayes_loss(mixture: GaussianMixture, path: Path, t: float, predicts: str = "eps") -> float:
    """The loss at time t of the best possible network, E |eps - eps_hat|^2 = 1 - E eps_hat^2, or that of x0 or v."""
    x, p = integration_grid(mixture, path, t)
    eps_error = 1 - float(p @ mixture.estimate(x, path, t).eps ** 2)
    return eps_error / float(error_in_eps(predicts, path, t))


def excess_loss(answer: Callable[[Tensor, float], Tensor], mixture: GaussianMixture, path: Path, t: float) -> float:
    """E |answer(x_t, t) - eps_hat(x_t)|^2 for a predictor of noise; x_t is handed over as [n], double precision."""
    x, p = integration_grid(mixture, path, t)
    return float(p @ (answer(x, t).double() - mixture.estimate(x, path, t).eps) ** 2)

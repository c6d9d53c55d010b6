"""How close a network's predictions come to the best possible ones, on a mixture of numbers.

The network predicts the noise eps in x_t without knowing x_0. The best prediction is the posterior mean eps_hat, and
even that is wrong, by the spread of all the noises from which one x_t may have come. For any network f,

    E |eps - f(x_t)|^2  =  E |eps - eps_hat(x_t)|^2  +  E |f(x_t) - eps_hat(x_t)|^2
    the training loss   =  the least possible loss   +  the excess

Both terms are integrals over x_t, computed here on a fine grid, free of sampling error.
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


def excess_loss(predict: Callable[[Tensor, float], Tensor], mixture: GaussianMixture, path: Path, t: float) -> float:
    """E |predict(x_t, t) - eps_hat(x_t)|^2 for a predictor of noise, which is given x_t as [n] in double precision."""
    x, p = integration_grid(mixture, path, t)
    return float(p @ (predict(x, t).double() - mixture.estimate(x, path, t).eps) ** 2)

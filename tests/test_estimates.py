"""Four ways to say what is seen in x_t, and their errors in one unit."""

import pytest
import torch

from diffusion_lessons import toys
from diffusion_lessons.estimates import ESTIMATES, error_in_eps, score, target
from tests.paths import PATHS

CASES = [(p, k) for p, path in PATHS.items() for k in ESTIMATES if k != "velocity" or path.card["path"] == "flow"]
every_case = pytest.mark.parametrize(("path", "predicts"), [(PATHS[p], k) for p, k in CASES], ids=map("-".join, CASES))
x0, eps = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@every_case
@pytest.mark.parametrize("batched", [False, True])
def test_an_estimate_is_what_its_prediction_was_made_of(path, predicts, batched):
    t = torch.linspace(0.1, 0.7, 5, dtype=torch.float64) * path.T if batched else 0.4 * path.T
    seen = ESTIMATES[predicts](path.add_noise(x0, eps, t), target(predicts, x0, eps, path, t), path, t)
    torch.testing.assert_close(seen.x0, x0, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(seen.eps, eps, rtol=1e-9, atol=1e-9)


@every_case
def test_an_error_is_carried_over_to_eps(path, predicts):
    """A prediction that is off by 1: the noise that follows from it at one x is off by the root of the ratio."""
    for t in (0.1 * path.T, 0.7 * path.T):
        x, answer = path.add_noise(x0, eps, t), target(predicts, x0, eps, path, t)
        off = ESTIMATES[predicts](x, answer + 1, path, t).eps - eps
        ratio = torch.full_like(off, float(error_in_eps(predicts, path, t)))
        torch.testing.assert_close(off**2, ratio, rtol=1e-6, atol=1e-9)
        rows = error_in_eps(predicts, path, torch.full((5,), t, dtype=torch.float64))
        torch.testing.assert_close(torch.as_tensor(rows, dtype=torch.float64).expand(5), ratio[:, 0])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_the_score_is_the_gradient_of_the_log_density(path):
    """By automatic differentiation of the mixture's log p_t, at one time and at a time for each sample."""
    mixture = toys.GaussianMixture([[-1.0, 0.3], [0.8, -0.5]], stds=[0.3, 0.5], weights=[0.3, 0.7])
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    for t in (0.5 * path.T, torch.linspace(0.2, 0.7, 5, dtype=torch.float64) * path.T):
        (gradient,) = torch.autograd.grad(mixture.log_prob(x, path, t).sum(), x)
        found = score(mixture.denoiser(path)(x.detach(), t), path, t)
        torch.testing.assert_close(found, gradient, rtol=1e-8, atol=1e-10)

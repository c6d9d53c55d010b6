"""The exact consistency function and second flow: closed forms, one end along each way, and one step that arrives."""

import math

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.flow_map import ConsistencyFunction, ReflowedFlow, flow_map
from diffusion_lessons.toys.one_dimension import gaussian_quantiles, wasserstein_1
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, noise, rms

FLOW = schedules.flow()
NUMBERS = toys.GaussianMixture([-1.0, 0.3, 1.4], stds=[0.25, 0.4, 0.15], weights=[3, 5, 2])
GAUSSIAN = toys.GaussianMixture([[0.7]], stds=0.3)
SLANTED = toys.GaussianMixture([[0.5, -1.0]], covariances=[[[0.5, 0.3], [0.3, 0.4]]])
every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


@every_path
def test_the_function_of_a_gaussian_is_the_closed_form(path):
    """f(x, t) = m + s (x - alpha m) / sqrt(alpha^2 s^2 + sigma^2)."""
    x, m, s = noise(path, shape=(1,)), 0.7, 0.3
    for t in (path.T, 0.4 * path.T):
        alpha, sigma = path.alpha(t), path.sigma(t)
        expected = m + s * (x - alpha * m) / math.sqrt(alpha**2 * s**2 + sigma**2)
        torch.testing.assert_close(ConsistencyFunction(GAUSSIAN, path)(x, t).x0, expected, rtol=0, atol=1e-12)


def test_the_function_of_a_slanted_gaussian_is_that_of_its_axes():
    x = noise(FLOW)
    ends = exact_flow(SLANTED.denoiser(FLOW), x, FLOW, (1.0, 0.5, 0.0))
    torch.testing.assert_close(ConsistencyFunction(SLANTED, FLOW)(x, 1.0).x0, ends[-1].x, rtol=0, atol=1e-9)
    torch.testing.assert_close(flow_map(SLANTED, FLOW, x, 1.0, 0.5), ends[1].x, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["flow", "cosine", "variance_exploding"])
def test_ranks_kept_is_what_the_ode_does(name):
    """An independent way to the same points: the ODE with the exact denoiser, by SciPy."""
    path = PATHS[name]
    x = path.prior_std * torch.linspace(-2.5, 2.5, 11, dtype=torch.float64)
    ends = exact_flow(NUMBERS.denoiser(path), x, path, (path.T, 0.5 * path.T, 0.0))
    f = ConsistencyFunction(NUMBERS, path)
    torch.testing.assert_close(f(x, path.T).x0, ends[-1].x, rtol=0, atol=1e-7)
    torch.testing.assert_close(f(ends[1].x, 0.5 * path.T).x0, ends[-1].x, rtol=0, atol=1e-7)


@pytest.mark.parametrize("mixture", [NUMBERS, GAUSSIAN], ids=["mixture", "Gaussian"])
@every_path
def test_it_is_the_same_along_a_way_and_nothing_at_its_end(path, mixture):
    f, x = ConsistencyFunction(mixture, path), noise(path, shape=mixture.shape)
    end = f(x, path.T).x0
    for share in (0.7, 0.3, 0.05):
        on_the_way = flow_map(mixture, path, x, path.T, share * path.T)
        torch.testing.assert_close(f(on_the_way, share * path.T).x0, end, rtol=0, atol=1e-9)
    data = x / path.prior_std
    torch.testing.assert_close(f(data, 0.0).x0, data, rtol=0, atol=1e-12)
    back = flow_map(mixture, path, end, 0.0, path.T)
    torch.testing.assert_close(back, x, rtol=1e-7, atol=1e-7)


@every_path
def test_its_noise_agrees_with_x_and_ends_at_0(path):
    f, x = ConsistencyFunction(NUMBERS, path), noise(path, shape=())
    t = 0.4 * path.T
    x0, eps = f(x, t)
    torch.testing.assert_close(path.alpha(t) * x0 + path.sigma(t) * eps, x, rtol=0, atol=1e-12)
    assert torch.equal(f(x, 0.0).eps, torch.zeros_like(x))
    near = torch.linspace(-1.5, 1.5, 7, dtype=torch.float64)
    assert f(near, path.t_of_lam(math.log(1e4))).eps.abs().max() < 0.01


def test_times_for_every_row_and_the_callers_dtype():
    f, x = ConsistencyFunction(NUMBERS, FLOW), noise(FLOW, batch=3, shape=()).float()
    t = torch.tensor([0.0, 0.5, 1.0])
    together = f(x, t)
    assert together.x0.dtype == together.eps.dtype == torch.float32
    for i in range(3):
        alone = f(x[i : i + 1], float(t[i]))
        torch.testing.assert_close(together.x0[i : i + 1], alone.x0)
        torch.testing.assert_close(together.eps[i : i + 1], alone.eps)


def test_one_jump_has_the_law_of_the_data_where_one_euler_step_has_its_mean():
    z, f = gaussian_quantiles(2000), ConsistencyFunction(NUMBERS, FLOW)
    once = samplers.sample(samplers.consistency, f, z, FLOW, (1.0, 0.0))
    assert wasserstein_1(once, NUMBERS) < 1e-3
    mean = samplers.sample(samplers.euler, NUMBERS.denoiser(FLOW), z, FLOW, (1.0, 0.0))
    torch.testing.assert_close(mean, (NUMBERS.weights @ NUMBERS.means).expand(2000), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mixture", [NUMBERS, GAUSSIAN, SLANTED], ids=["mixture", "Gaussian", "slanted"])
@pytest.mark.parametrize("steps", [1, 3])
def test_after_a_reflow_euler_is_exact_in_any_number_of_steps(mixture, steps):
    z, second = noise(FLOW, shape=mixture.shape), ReflowedFlow(mixture)
    x = samplers.sample(samplers.euler, second, z, FLOW, FLOW.grid(steps))
    torch.testing.assert_close(x, second.coupling(z), rtol=0, atol=1e-9)
    torch.testing.assert_close(x, flow_map(mixture, FLOW, z, 1.0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mixture", [NUMBERS, GAUSSIAN, SLANTED], ids=["mixture", "Gaussian", "slanted"])
def test_a_point_of_the_second_flow_tells_both_ends(mixture):
    z, second = noise(FLOW, shape=mixture.shape), ReflowedFlow(mixture)
    for t in (0.0, 0.3, 0.8, torch.linspace(0, 1, len(z), dtype=torch.float64)):
        x0, eps = second(FLOW.add_noise(second.coupling(z), z, t), t)
        torch.testing.assert_close(x0, second.coupling(z), rtol=0, atol=1e-8)
        torch.testing.assert_close(eps, z, rtol=0, atol=1e-6)


def test_the_first_flow_of_a_mixture_is_far_from_there_in_one_step():
    z = noise(FLOW, shape=())
    one = samplers.sample(samplers.euler, NUMBERS.denoiser(FLOW), z, FLOW, (1.0, 0.0))
    assert rms(one - ReflowedFlow(NUMBERS).coupling(z)) > 0.5


def test_points_far_out_keep_their_rank():
    x = torch.tensor([-30.0, -8.0, 8.0, 30.0], dtype=torch.float64)
    y = flow_map(NUMBERS, FLOW, x, 1.0)
    assert y.isfinite().all() and (y.diff() > 0).all()
    torch.testing.assert_close(flow_map(NUMBERS, FLOW, y, 0.0, 1.0), x, rtol=1e-9, atol=0)


def test_what_has_no_such_form_is_refused():
    with pytest.raises(ValueError, match="3 components in 2 dimensions.*exact_flow"):
        ConsistencyFunction(MIXTURE, FLOW)
    with pytest.raises(ValueError, match="stds above 0"):
        ReflowedFlow(toys.GaussianMixture([-1.0, 1.0], stds=0.0))
    with pytest.raises(ValueError, match=r"samples of shape \(\); x holds \(2,\)"):
        flow_map(NUMBERS, FLOW, torch.zeros(3, 2), 1.0)
    with pytest.raises(ValueError, match="takes no condition"):
        ConsistencyFunction(NUMBERS, FLOW)(torch.zeros(3), 0.5, torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize("make", [lambda m, p: toys.ConsistencyFunction(m, p), lambda m, p: toys.ReflowedFlow(m)])
def test_a_time_may_be_a_number_in_every_form_and_no_other_shape(make):
    path = schedules.flow()
    denoise, x = make(toys.GaussianMixture([-1.0, 1.0], stds=0.5), path), torch.tensor([-0.3, 0.1, 2.0]).double()
    expected = denoise(x, 0.5).x0
    for t in (torch.tensor(0.5), torch.tensor([0.5]), torch.tensor([0.5] * 3)):
        torch.testing.assert_close(denoise(x, t).x0, expected, rtol=1e-9, atol=1e-9)
    for wrong in (torch.full((3, 1), 0.5), torch.full((2,), 0.5)):
        with pytest.raises(ValueError, match="for a batch of 3"):
            denoise(x, wrong)


@pytest.mark.parametrize("make", [lambda: ReflowedFlow(GAUSSIAN), lambda: ConsistencyFunction(GAUSSIAN, FLOW)])
def test_what_is_no_batch_is_told(make):
    with pytest.raises(ValueError, match="x must be a floating-point tensor"):
        make()([[0.1]], 0.5)

"""The probability-flow ODE in t: against general solvers, public flow-matching samplers, and DDIM."""

import math

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler
from scipy.integrate import solve_ivp

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.samplers.ode import flow_time, time_of_flow
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, noise, rms

FLOW = schedules.flow()


@pytest.mark.parametrize("name", ["flow", "variance_exploding"])
def test_euler_on_a_straight_path_is_ddim(name):
    path = PATHS[name]
    x, times = noise(path), path.grid(9)
    euler, ddim = (samplers.sample(s, MIXTURE.denoiser(path), x, path, times) for s in (samplers.euler, samplers.ddim))
    torch.testing.assert_close(euler, ddim, rtol=0, atol=1e-11 * path.T)


def test_euler_on_a_bent_path_is_not_ddim():
    path = schedules.ddpm_linear()
    x, times = noise(path), path.grid(9)
    euler, ddim = (samplers.sample(s, MIXTURE.denoiser(path), x, path, times) for s in (samplers.euler, samplers.ddim))
    assert rms(euler - ddim) > 0.05


def test_three_uniform_euler_steps_miss_a_point_that_ddim_hits():
    path, x = schedules.ddpm_linear(), torch.full((1, 1), 1.5, dtype=torch.float64)
    denoise = toys.GaussianMixture([[1.0]], stds=0.0).denoiser(path)
    times = path.grid(3)
    assert samplers.sample(samplers.ddim, denoise, x, path, times).item() == pytest.approx(1.0, abs=1e-12)
    assert abs(samplers.sample(samplers.euler, denoise, x, path, times).item() - 1.0) > 0.1


@pytest.mark.parametrize(
    "path, rtol, far",
    [
        (FLOW, 1e-7, 2e-6),
        (schedules.variance_exploding(20.0), 1e-7, 2e-5),
        (schedules.ddpm_linear(), 1e-7, 2e-6),
    ],
)
def test_the_field_is_dx_dt_and_scipy_solves_it(path, rtol, far):
    """solve_ivp on `ode_field`, in t, against a third-order sampler that works in lambda."""
    x, start, end = noise(path, batch=3), 0.9 * path.t_max, 0.05 * path.t_max
    field = samplers.ode_field(MIXTURE.denoiser(path), path)
    solution = solve_ivp(field, (start, end), x.flatten().numpy(), rtol=rtol, atol=rtol)
    assert solution.success
    times = np.exp(np.linspace(np.log(start), np.log(end), 150))
    times[[0, -1]] = start, end
    sampled = samplers.sample(samplers.dpm_solver_3, MIXTURE.denoiser(path), x, path, times)
    assert rms(torch.from_numpy(solution.y[:, -1]).view(3, 2) - sampled) < far


class Straight(torch.nn.Module):
    """A network with weights: the velocity -x, whose solution is x_s = x_t exp(t - s)."""

    def __init__(self, dtype):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(-1.0, dtype=dtype))

    def forward(self, x, t):
        assert x.dtype == self.weight.dtype
        return self.weight * x


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_scipy_solves_a_network_of_any_precision(dtype):
    """SciPy hands over double precision, which a network of single precision does not take."""
    denoise = Denoiser(Straight(dtype), FLOW, "velocity", shape=(1, 2, 2))
    solution = solve_ivp(samplers.ode_field(denoise, FLOW), (1.0, 0.0), np.ones(8), rtol=1e-2, atol=1e-2)
    assert solution.success
    np.testing.assert_allclose(solution.y[:, -1], math.e, rtol=0.02)


def test_the_field_of_a_tensor_is_a_tensor():
    """As torchdiffeq calls it: t a tensor of one number, gradients flowing if the caller wants them."""
    field = samplers.ode_field(MIXTURE.denoiser(FLOW), FLOW)
    x = noise(FLOW).requires_grad_()
    dx = field(torch.tensor(0.5), x)
    x0, eps = MIXTURE.denoiser(FLOW)(x, 0.5)
    torch.testing.assert_close(dx, eps - x0)  # the velocity
    assert dx.requires_grad and dx.shape == x.shape
    flat = samplers.ode_field(MIXTURE.denoiser(FLOW), FLOW, shape=(8, 2))(0.5, x.detach().numpy().ravel())
    assert isinstance(flat, np.ndarray)
    np.testing.assert_allclose(flat, dx.detach().numpy().ravel())


def test_nothing_is_evaluated_at_sigma_0():
    for path in PATHS.values():
        asked = []
        exact = MIXTURE.denoiser(path)

        def denoise(x, t, asked=asked, exact=exact):
            asked.append(t)
            return exact(x, t)

        for sampler in samplers.ALL.values():
            times = (path.T, 0.0) if sampler.info.stages is None else path.grid(3)
            samplers.sample(sampler, denoise, noise(path, batch=2), path, times)
        assert min(asked) > 0


def test_euler_agrees_with_diffusers_flow_matching():
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(12)
    x = theirs = noise(FLOW)
    field = samplers.ode_field(MIXTURE.denoiser(FLOW), FLOW)
    for i, t in enumerate(scheduler.timesteps):
        theirs = scheduler.step(field(scheduler.sigmas[i], theirs), t, theirs).prev_sample
    ours = samplers.sample(samplers.euler, MIXTURE.denoiser(FLOW), x, FLOW, scheduler.sigmas)
    torch.testing.assert_close(ours, theirs.double(), rtol=0, atol=1e-5)


def test_heun_agrees_with_diffusers_flow_matching():
    """Their list repeats each inner time: once as the end of a step, once as the start of the next."""
    scheduler = FlowMatchHeunDiscreteScheduler()
    scheduler.set_timesteps(12)
    x = theirs = noise(FLOW)
    field = samplers.ode_field(MIXTURE.denoiser(FLOW), FLOW)
    for i, t in enumerate(scheduler.timesteps):
        theirs = scheduler.step(field(scheduler.sigmas[i], theirs), t, theirs).prev_sample
    times = sorted({float(sigma) for sigma in scheduler.sigmas}, reverse=True)
    assert len(scheduler.timesteps) == samplers.heun.info.nfe(times, FLOW) == 2 * (len(times) - 1) - 1
    ours = samplers.sample(samplers.heun, MIXTURE.denoiser(FLOW), x, FLOW, times)
    torch.testing.assert_close(ours, theirs.double(), rtol=0, atol=1e-5)


def test_first_flow_s_single_step_is_the_mean_of_the_data():
    """From pure noise x0_hat knows nothing but the mean, and one Euler step goes straight there."""
    x = noise(FLOW)
    out = samplers.sample(samplers.euler, MIXTURE.denoiser(FLOW), x, FLOW, (1.0, 0.0))
    mean = (MIXTURE.weights[:, None] * MIXTURE.means).sum(0)
    torch.testing.assert_close(out, mean.expand_as(out), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PATHS)
def test_every_path_has_the_clock_of_a_flow_path(name):
    """u = t on the flow path itself; on any path it rises with t, and leads back to it."""
    path = PATHS[name]
    assert flow_time(FLOW, 0.3) == pytest.approx(0.3)
    times = [path.T * share for share in (0.1, 0.4, 0.7)]
    clock = [flow_time(path, t) for t in times]
    assert clock == sorted(clock) and clock[0] > 0 and clock[-1] < flow_time(path, path.T)
    assert [time_of_flow(path, u) for u in clock] == pytest.approx(times, rel=1e-6)
    assert (time_of_flow(path, 0.0), time_of_flow(path, 1.0)) == (0.0, path.T)
    torch.testing.assert_close(flow_time(path, torch.tensor(times).double()), torch.tensor(clock).double())

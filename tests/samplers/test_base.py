"""What every sampler keeps: checks at the call, gradients, dtypes, batches, promised evaluations, finite ends."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.estimates import Estimate
from tests.paths import PATHS
from tests.samplers.problems import GRIDDED, MIXTURE, ODE, POINT, head, noise, rms, seeded

LINEAR = schedules.ddpm_linear()
every_sampler = pytest.mark.parametrize("sampler", GRIDDED.values(), ids=GRIDDED)
every_ode_sampler = pytest.mark.parametrize("sampler", ODE.values(), ids=ODE)
every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


@st.composite
def grids(draw):
    """A path and any grid on it that ends at 0 or above."""
    path = draw(st.sampled_from(list(PATHS.values())))
    spacing = draw(st.sampled_from(["trailing", "leading", "linspace", "quadratic", "logsnr", "karras"]))
    most = int(path.T) if path.whole_times and spacing not in ("logsnr", "karras") else 40
    steps = draw(st.integers(1, min(40, most)))
    times = path.grid(steps, spacing)
    return path, times[:-1] if len(times) > 2 and draw(st.booleans()) else times


def test_bad_types_and_options_raise_at_the_call():
    denoise, x, times = MIXTURE.denoiser(LINEAR), torch.zeros(2, 2), LINEAR.grid(3)
    with pytest.raises(TypeError, match="path must be a path"):
        samplers.ddim(denoise, x, "ddpm_linear", times)
    with pytest.raises(TypeError, match="callable"):
        samplers.ddim(None, x, LINEAR, times)
    with pytest.raises(TypeError, match="etta"):
        samplers.ddim(denoise, x, LINEAR, times, etta=1.0)
    for eta in (-0.1, 1.1, float("nan"), "hello", None):
        with pytest.raises(ValueError, match="eta must be between 0 and 1"):
            samplers.ddim(denoise, x, LINEAR, times, eta=eta)
    with pytest.raises(ValueError, match='"small" or "large"'):
        samplers.ddpm(denoise, x, LINEAR, times, variance="medium")


@every_sampler
def test_gradients_are_off_inside_and_on_outside(sampler):
    exact, inside = MIXTURE.denoiser(LINEAR), []

    def denoise(x, t):
        inside.append(torch.is_grad_enabled())
        return exact(x, t)

    states = sampler(denoise, noise(LINEAR).requires_grad_(), LINEAR, LINEAR.grid(3), **seeded())
    state = next(states)
    assert torch.is_grad_enabled() and not any(inside) and not state.x.requires_grad  # half consumed
    with torch.no_grad():
        next(states)
        assert not torch.is_grad_enabled()
    next(states)
    assert torch.is_grad_enabled()


@every_sampler
def test_trace_begins_with_the_noise_and_ends_where_sample_does(sampler):
    denoise, x, times = MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR.grid(4)
    states = samplers.trace(sampler, denoise, x, LINEAR, times, progress=True, **seeded())
    assert tuple(state.t for state in states) == times
    assert states[0].x is x and states[0].x0 is None and all(state.x0.shape == x.shape for state in states[1:])
    assert torch.equal(states[-1].x, samplers.sample(sampler, denoise, x, LINEAR, times, **seeded()))


@settings(max_examples=60)
@given(grid=grids(), name=st.sampled_from(list(GRIDDED)))
def test_evaluations_counted_are_those_promised(grid, name):
    (path, times), sampler = grid, GRIDDED[name]
    denoise = count_calls(MIXTURE.denoiser(path))
    x = samplers.sample(sampler, denoise, noise(path, batch=2), path, times)
    assert denoise.nfe == sampler.info.nfe(times, path)
    assert x.isfinite().all()


@every_sampler
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 20])
def test_evaluations_promised_for_a_number_of_steps(sampler, steps):
    denoise = count_calls(MIXTURE.denoiser(LINEAR))
    samplers.sample(sampler, denoise, noise(LINEAR, batch=2), LINEAR, LINEAR.grid(steps))
    assert denoise.nfe == sampler.info.nfe(steps)


def test_evaluations_in_figures():
    promised = {name: sampler.info.nfe(10) for name, sampler in samplers.ALL.items()}
    assert promised["ddim"] == promised["dpm_solver_pp_3m"] == promised["euler"] == promised["consistency"] == 10
    assert promised["heun"] == promised["dpm_solver_2"] == promised["dpm_solver_pp_2s"] == 19
    assert promised["dpm_solver_3"] == 28 and promised["rk4"] == 37 and promised["dpm_solver_fast"] == 27
    assert promised["dpm_solver_adaptive"] is None
    with pytest.raises(ValueError, match="depend on the path"):
        samplers.heun.info.nfe((1.0, 0.0))


@every_ode_sampler
@every_path
def test_a_batch_gives_what_single_samples_give(sampler, path):
    denoise, x, times = MIXTURE.denoiser(path), noise(path, batch=3), path.grid(3)
    together = samplers.sample(sampler, denoise, x, path, times)
    for i in range(3):
        alone = samplers.sample(sampler, denoise, x[i : i + 1], path, times)
        torch.testing.assert_close(alone, together[i : i + 1], rtol=0, atol=1e-12)


@every_sampler
@pytest.mark.parametrize("dtype, atol", [(torch.float32, 1e-4), (torch.bfloat16, 0.2)], ids=["float32", "bfloat16"])
def test_dtypes_are_kept(sampler, dtype, atol):
    denoise, x, times = MIXTURE.denoiser(LINEAR), noise(LINEAR).to(dtype), LINEAR.grid(10)
    out = samplers.sample(sampler, denoise, x, LINEAR, times, **seeded())
    assert out.dtype == dtype and out.shape == x.shape and out.isfinite().all()
    if sampler.info.deterministic:
        exact = samplers.sample(sampler, denoise, x.double(), LINEAR, times)
        assert rms(out.double() - exact) < atol


@every_sampler
@every_path
def test_one_step_to_the_data_is_the_estimate(sampler, path):
    x, t = noise(path), path.T
    out = samplers.sample(sampler, MIXTURE.denoiser(path), x, path, (t, 0.0), **seeded())
    if sampler is not samplers.euler:  # which goes on straight in t, wherever that leads
        torch.testing.assert_close(out, MIXTURE.denoiser(path)(x, t).x0, rtol=0, atol=1e-12)
    assert out.isfinite().all()


@every_sampler
@every_path
def test_point_mass_data_are_hit_exactly(sampler, path):
    out = samplers.sample(sampler, POINT.denoiser(path), noise(path), path, path.grid(3), **seeded())
    error = (out - POINT.means).abs().max().item()
    straight = path.card["path"] in ("flow", "variance_exploding")
    if sampler is samplers.euler and not straight:
        assert error > 0.1  # a general ODE solver does not know how its path bends
    else:
        assert error < 1e-9


@every_ode_sampler
@every_path
def test_prediction_types_give_the_same_samples(sampler, path):
    x, times = noise(path), path.grid(3)
    exact = samplers.sample(sampler, MIXTURE.denoiser(path), x, path, times)
    for predicts in ("eps", "x0", "v", "velocity"):
        if predicts == "velocity" and path.card["path"] != "flow":
            continue
        if predicts == "eps" and path.alpha(path.T) == 0:
            with pytest.raises(ValueError, match="predicts x0, v"):
                samplers.sample(sampler, head(path, predicts), x, path, times)
            continue
        out = samplers.sample(sampler, head(path, predicts), x, path, times)
        torch.testing.assert_close(out, exact, rtol=0, atol=1e-7)


@every_ode_sampler
def test_deterministic_samplers_draw_nothing_from_the_generator_that_all_take(sampler):
    generator, before = torch.Generator().manual_seed(3), torch.get_rng_state()
    x = samplers.sample(sampler, MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, LINEAR.grid(3), generator=generator)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(3).get_state())
    assert torch.equal(x, samplers.sample(sampler, MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, LINEAR.grid(3)))


@pytest.mark.parametrize("sampler", [*samplers.ALL.values(), samplers.ddim_inversion], ids=lambda s: s.info.name)
def test_every_signature_says_generator_and_info_the_rest(sampler):
    named = list(inspect.signature(sampler).parameters)
    assert named == ["denoise", "x", "path", "times", *sampler.info.options, "generator"]


def test_options_are_the_samplers_own():
    assert samplers.ddim.info.options == ("eta",) and samplers.ddpm.info.options == ("variance",)
    assert samplers.heun.info.options == ()


def test_options_are_checked_without_a_run():
    samplers.ddim.info.check({"eta": 0.5})
    samplers.heun.info.check({})
    with pytest.raises(ValueError, match="ddim: eta must be between 0 and 1; got 5"):
        samplers.ddim.info.check({"eta": 5})


@pytest.mark.parametrize("name", ["ddpm", "dpm_solver_pp_2m_sde", "consistency", "euler_maruyama", "exponential_sde"])
def test_stochastic_samplers_repeat_under_a_seed(name):
    sampler = GRIDDED[name]
    run = lambda seed: samplers.sample(  # noqa: E731
        sampler, MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, LINEAR.grid(5), **seeded(seed)
    )
    assert torch.equal(run(1), run(1)) and not torch.equal(run(1), run(2))


def test_times_of_one_s_own():
    """Any decreasing sequence of numbers is a grid."""
    times = torch.tensor([900.0, 333.3, 12.5, 0.0])
    states = samplers.trace(samplers.dpm_solver_2, MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, times)
    assert len(states) == 4 and isinstance(states[1].t, float)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@every_sampler
def test_on_a_gpu(sampler):
    x, times = noise(LINEAR, dtype=torch.float32), LINEAR.grid(5)
    denoise = MIXTURE.denoiser(LINEAR)
    there = samplers.sample(sampler, denoise, x.cuda(), LINEAR, times, **seeded())
    assert there.is_cuda
    torch.testing.assert_close(
        there.cpu(), samplers.sample(sampler, denoise, x, LINEAR, times, **seeded()), rtol=0, atol=1e-4
    )


def test_an_estimate_that_was_clipped_alone_is_taken_as_it_is():
    """DDIM's update needs only x0 and eps, so the two need not agree with x_t."""

    def denoise(x, t):
        return Estimate(torch.ones_like(x), torch.full_like(x, 2.0))

    out = samplers.sample(samplers.ddim, denoise, torch.zeros(1, 2), LINEAR, (1000.0, 500.0))
    assert torch.allclose(out, torch.tensor(LINEAR.alpha(500.0) + 2 * LINEAR.sigma(500.0), dtype=torch.float32))


@every_sampler
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_that_of_the_states_and_not_of_the_steps(sampler, dtype):
    """In 1000 steps an x in half precision would stand still; the states are those of single precision, rounded."""
    path = schedules.cosine()
    denoise, x, times = MIXTURE.denoiser(path), noise(path).to(dtype), path.grid(300, "logsnr")
    half = samplers.trace(sampler, denoise, x, path, times, **seeded())
    single = samplers.trace(sampler, denoise, x.float(), path, times, **seeded())
    for one, other in zip(half, single, strict=True):
        assert one.x.dtype == dtype and torch.equal(one.x, other.x.to(dtype))
        assert one.x0 is None or torch.equal(one.x0, other.x0.to(dtype))


def test_evaluations_are_counted_for_whole_numbers_of_any_kind():
    assert samplers.heun.info.nfe(np.int64(5)) == samplers.heun.info.nfe(5) == 9
    for steps in (0, -3):
        with pytest.raises(ValueError, match=f"at least 1; got {steps}"):
            samplers.ddim.info.nfe(steps)


def test_options_of_a_wrong_kind_are_said_in_words():
    for sampler, options, message in (
        (samplers.dpm_solver_pp_3m, {"corrected": "no"}, "corrected must be True or False; got 'no'"),
        (samplers.dpm_solver_fast, {"orders": 1}, "orders must be numbers out of 1, 2, 3"),
        (samplers.dpm_solver_adaptive, {"rtol": "abc"}, "rtol must be a number above 0; got 'abc'"),
        (samplers.dpm_solver_adaptive, {"atol": float("inf")}, "atol must be a number above 0"),
        (samplers.ddim, {"eta": True}, "eta must be between 0 and 1; got True"),
    ):
        with pytest.raises(ValueError, match=message):
            sampler.info.check(options)

"""A denoiser on another path: exact where the answer is known, and a trained flow network as a diffusion network."""

import pytest
import torch

from diffusion_lessons import load, samplers, schedules, toys
from diffusion_lessons.denoisers import clip, condition_on, count_calls, on_path
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, head, noise, seeded

FLOW, COSINE, LINEAR = schedules.flow(), schedules.cosine(), schedules.ddpm_linear()
EDM = schedules.variance_exploding()


@pytest.mark.parametrize("other", [FLOW, COSINE, EDM], ids=["flow", "cosine", "edm"])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_it_sees_what_the_exact_denoiser_of_that_path_sees(path, other):
    moved = on_path(MIXTURE.denoiser(other), path)
    x = noise(path)
    for t in (0.9 * path.t_max, 0.4 * path.t_max, torch.linspace(0.1, 0.8, 8, dtype=torch.float64) * path.t_max):
        for found, exact in zip(moved(x, t), MIXTURE.denoiser(path)(x, t), strict=True):
            torch.testing.assert_close(found, exact, rtol=1e-7, atol=1e-7)
    assert moved.path is path and moved.shape == (2,)


def test_there_and_back_again_is_the_denoiser_itself():
    x, back = noise(FLOW), on_path(on_path(head(FLOW, "velocity"), COSINE), FLOW)
    for found, own in zip(back(x, 0.3), head(FLOW, "velocity")(x, 0.3), strict=True):
        torch.testing.assert_close(found, own, rtol=0, atol=1e-8)


def test_at_a_level_that_its_own_path_never_reaches_it_is_asked_at_its_end():
    """The cosine path keeps half a per cent of the data at T; the straight path keeps none at t = 1."""
    asked = []

    def network(x, t):
        asked.append(t.tolist())
        return head(COSINE, "v").network(x, t)

    denoise = head(COSINE, "v")
    denoise.network = network
    x = noise(FLOW)
    found = on_path(denoise, FLOW)(x, 1.0)
    assert asked == [[1000.0] * 8]
    torch.testing.assert_close(found.eps, x, rtol=0, atol=1e-12)
    mean = MIXTURE.weights @ MIXTURE.means
    torch.testing.assert_close(found.x0, mean.expand(8, 2), rtol=0, atol=0.02)


@pytest.mark.parametrize("sampler", [samplers.ddim, samplers.dpm_solver_pp_2m], ids=lambda s: s.info.name)
def test_solvers_in_lambda_end_in_the_same_places_on_both_paths(sampler):
    """The same levels, and starts that are scaled alike: nothing but the names of the times differs."""
    times = FLOW.grid(9, "logsnr")
    others = (*(COSINE.t_of_lam(FLOW.lam(t)) for t in times[:-1]), 0.0)
    x = noise(FLOW)
    scale = (COSINE.alpha(others[0]) + COSINE.sigma(others[0])) / (FLOW.alpha(times[0]) + FLOW.sigma(times[0]))
    flow = MIXTURE.denoiser(FLOW)
    own = samplers.sample(sampler, flow, x, FLOW, times)
    moved = samplers.sample(sampler, on_path(flow, COSINE), scale * x, COSINE, others)
    torch.testing.assert_close(moved, own, rtol=0, atol=1e-7)


def test_a_flow_network_samples_as_a_diffusion_network_and_back():
    """Euler's steps of `digits-flow` on its own path, and DDIM's on the cosine path: the same digits."""
    network, labels = load("digits-flow"), torch.arange(6)
    denoise = condition_on(network, labels)
    times = FLOW.grid(6)
    x = FLOW.prior((6, 1, 8, 8), torch.Generator().manual_seed(0))
    own = samplers.sample(samplers.euler, denoise, x, FLOW, times)
    moved = on_path(denoise, COSINE)
    levels = [COSINE.t_of_lam(FLOW.lam(t)) for t in times[1:-1]]
    at_cosine = samplers.sample(samplers.ddim, moved, x, COSINE, (COSINE.T, *levels, 0.0))
    assert (at_cosine - own).square().mean().sqrt() < 0.02  # its first level, alpha = 0.005, is not quite noise
    back = samplers.sample(samplers.euler, on_path(moved, FLOW), x, FLOW, times)
    torch.testing.assert_close(back, own, rtol=0, atol=0.02)
    counted = count_calls(clip(moved, 1.0))
    drawn = samplers.sample(samplers.ddpm, counted, x, COSINE, COSINE.grid(20), **seeded())
    assert counted.nfe == 20 and drawn.abs().max() <= 1.0001


def test_what_cannot_be_moved_is_refused():
    with pytest.raises(ValueError, match="a student"):
        on_path(load("mnist-progressive-4"), LINEAR)
    with pytest.raises(ValueError, match=r"denoise\.path must be"):
        on_path(lambda x, t: None, LINEAR)
    with pytest.raises(ValueError, match="path must be"):
        on_path(toys.GaussianMixture([0.0], stds=1.0).denoiser(FLOW), "cosine")

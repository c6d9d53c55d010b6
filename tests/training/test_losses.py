"""Losses: targets, times and weights against their formulas."""

import math

import pytest
import torch

from diffusion_lessons import schedules
from diffusion_lessons.training.losses import loss, sample_times, weights

VP, FLOW = schedules.cosine(), schedules.flow()
CASES = [(VP, "eps"), (VP, "x0"), (VP, "v"), (FLOW, "eps"), (FLOW, "x0"), (FLOW, "v"), (FLOW, "velocity")]


def in_terms_of(predicts, x0, eps, alpha, sigma):
    return {"eps": eps, "x0": x0, "v": alpha * eps - sigma * x0, "velocity": eps - x0}[predicts]


@pytest.mark.parametrize(("path", "predicts"), CASES)
def test_loss_is_zero_at_the_target_and_the_square_of_a_constant_error(path, predicts):
    x0, eps = torch.randn(6, 1, 4, 4).double(), torch.randn(6, 1, 4, 4).double()
    t = path.T * torch.linspace(0.05, 0.95, 6).double()
    alpha, sigma = (f(t).view(-1, 1, 1, 1) for f in (path.alpha, path.sigma))
    answer = in_terms_of(predicts, x0, eps, alpha, sigma)

    def network(x, time):
        torch.testing.assert_close(x, alpha * x0 + sigma * eps)
        assert torch.equal(time, t)
        return answer

    assert loss(network, x0, eps, t, path, predicts).item() < 1e-12
    assert loss(lambda x, _: network(x, t) + 3.0, x0, eps, t, path, predicts).item() == pytest.approx(9.0, rel=1e-5)


@pytest.mark.parametrize(("path", "predicts"), CASES)
def test_min_snr_weighs_the_error_of_x0_alike_for_every_prediction(path, predicts):
    """The same wrong x_0, expressed in any prediction type, costs min(SNR, 5) times its square."""
    x0, eps = torch.randn(5, 2).double(), torch.randn(5, 2).double()
    t = path.T * torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9]).double()
    alpha, sigma = path.alpha(t)[:, None], path.sigma(t)[:, None]
    x = alpha * x0 + sigma * eps
    wrong = x0 + 0.1
    answer = in_terms_of(predicts, wrong, (x - alpha * wrong) / sigma, alpha, sigma)  # consistent with x_t
    expected = ((alpha / sigma).square().clamp(max=5) * 0.01).mean().item()
    got = loss(lambda *_: answer, x0, eps, t, path, predicts, weighting="min_snr").item()
    assert got == pytest.approx(expected, rel=1e-4)


def test_weights_are_one_without_weighting():
    assert torch.equal(weights(torch.tensor([1.0, 9.0]), VP, "v"), torch.ones(2))


@pytest.mark.parametrize(("predicts", "expected"), [("eps", 1.0), ("x0", 0.0), ("v", 0.0), ("velocity", 0.0)])
def test_min_snr_at_the_noisy_end_where_alpha_is_zero(predicts, expected):
    assert weights(torch.ones(1), FLOW, predicts, "min_snr").item() == expected


def test_condition_reaches_the_network():
    seen = []
    x0 = torch.zeros(2, 1, 2, 2)
    loss(lambda x, t, c: (seen.append(c), x)[1], x0, x0, torch.ones(2), VP, "eps", torch.tensor([3, 10]))
    assert seen[0].tolist() == [3, 10]


def test_uniform_times_cover_the_path_and_never_reach_zero():
    u = 1 - torch.arange(100) / 100
    t = sample_times(u, VP)
    assert t.max() == 1000 and t.min() > 0
    torch.testing.assert_close(t, 1000 * u)


def test_logit_normal_times_have_the_logistic_of_a_normal():
    u = (torch.arange(20_000) + 0.5) / 20_000
    z = torch.logit(sample_times(u, FLOW, "logit_normal").double())
    assert z.mean().abs() < 1e-3 and z.std() == pytest.approx(1.0, abs=2e-3)


def test_log_normal_times_follow_edm():
    path = schedules.variance_exploding()
    z = sample_times((torch.arange(20_000) + 0.5) / 20_000, path, "log_normal").double().log()
    assert z.median() == pytest.approx(-1.2, abs=2e-3) and z.std() == pytest.approx(1.2, abs=5e-3)
    assert sample_times(torch.tensor([1.0]), path, "log_normal").item() <= math.exp(1.2 * 4.5)


@pytest.mark.parametrize("options", [{"times": "beta"}])
def test_unknown_times(options):
    with pytest.raises(ValueError, match="logit_normal"):
        sample_times(torch.ones(1), VP, **options)


def test_unknown_weighting():
    with pytest.raises(ValueError, match="min_snr"):
        weights(torch.ones(1), VP, "v", "max_snr")


def test_velocity_on_a_diffusion_path_is_refused():
    x = torch.zeros(1, 2)
    with pytest.raises(ValueError, match="flow paths"):
        loss(lambda x, t: x, x, x, torch.ones(1), VP, "velocity")

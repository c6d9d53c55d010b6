"""Each fault does what it says, and leaves the denoiser that it was made from as it is."""

import pytest
import torch

from diffusion_lessons import load, schedules
from diffusion_lessons.clinic import network_faults
from diffusion_lessons.denoisers import Denoiser

X = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([1, 2, 3, 4])


@pytest.fixture(scope="module")
def good():
    return load("digits-diffusion", "cpu")


@pytest.fixture(autouse=True)
def stays_as_it_is(good):
    before = good(X, 500.0, LABELS).x0
    yield
    assert torch.equal(good(X, 500.0, LABELS).x0, before) and good.predicts == "v"


def test_times_are_handed_over_as_said(good):
    seen = []

    def network(x, t):
        seen.append(t.tolist())
        return x

    class Plain(torch.nn.Module):
        forward = staticmethod(network)

    for path, t, expected in ((schedules.cosine(), 937.0, 0.937), (schedules.flow(), 0.5, 500.0)):
        network_faults.time_in_other_units(Denoiser(Plain(), path, "v"))(X, t)
        assert seen.pop() == pytest.approx([expected] * 4)
    network_faults.time_in_half_precision(Denoiser(Plain(), schedules.cosine(), "v"))(X, 937.0)
    assert seen.pop() == [936.0] * 4


def test_labels_mean_nothing_and_the_null_is_strange(good):
    null = torch.full_like(LABELS, good.classes)
    deaf = network_faults.labels_without_meaning(good)
    assert torch.equal(deaf(X, 500.0, LABELS).x0, good(X, 500.0, null).x0)
    strange = network_faults.null_never_trained(good)
    assert torch.equal(strange(X, 500.0, LABELS).x0, good(X, 500.0, LABELS).x0)
    assert not torch.allclose(strange(X, 500.0, null).x0, good(X, 500.0, null).x0, atol=0.05)


def test_in_train_mode_dropout_draws(good):
    awake = network_faults.left_in_train_mode(good)
    assert not torch.equal(awake(X, 500.0, LABELS).x0, awake(X, 500.0, LABELS).x0)


def test_noise_is_read_where_v_is_said(good):
    v = good.network(X, torch.full((4,), 500.0), LABELS)
    assert torch.equal(network_faults.read_as_noise(good)(X, 500.0, LABELS).eps, v)


def test_a_plain_function_is_refused():
    with pytest.raises(ValueError, match="a network is changed inside"):
        network_faults.left_in_train_mode(Denoiser(lambda x, t: x, schedules.cosine(), "v"))

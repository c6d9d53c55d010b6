"""Denoisers: four prediction types of one truth, and the wrappers."""

import numpy as np
import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import Denoiser, clip, condition_on
from diffusion_lessons.estimates import target
from diffusion_lessons.guidance import classifier_free
from tests.denoisers.heads import MIXTURE, head
from tests.paths import PATHS


def types_on(path):
    return ("eps", "x0", "v", "velocity") if path.card["path"] == "flow" else ("eps", "x0", "v")


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_prediction_types_agree(path):
    x = torch.randn(5, 2, dtype=torch.float64)
    t = 0.6 * path.T
    exact = MIXTURE.denoiser(path)(x, t)
    for predicts in types_on(path):
        estimate = head(path, predicts)(x, t)
        torch.testing.assert_close(estimate.x0, exact.x0, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(estimate.eps, exact.eps, rtol=1e-9, atol=1e-9)
        rebuilt = path.alpha(t) * estimate.x0 + path.sigma(t) * estimate.eps
        torch.testing.assert_close(rebuilt, x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", [PATHS["cosine"], PATHS["flow"]], ids=["cosine", "flow"])
def test_prediction_types_give_one_trajectory(path):
    x_T = path.prior((4, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    times = path.grid(7, "logsnr")
    ends = [samplers.sample(samplers.ddim, head(path, p), x_T, path, times) for p in types_on(path)]
    for end in ends[1:]:
        torch.testing.assert_close(end, ends[0], rtol=1e-8, atol=1e-8)


def test_v_uses_the_norm_on_paths_that_do_not_preserve_variance():
    path = schedules.flow()
    x0, eps = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    v = target("v", x0, eps, path, 0.3)
    estimate = Denoiser(lambda x, t: v, path, "v")(path.add_noise(x0, eps, 0.3), 0.3)
    torch.testing.assert_close(estimate.x0, x0)
    torch.testing.assert_close(estimate.eps, eps)


def test_times_may_differ_within_a_batch():
    path = schedules.cosine()
    x, t = torch.randn(3, 2, dtype=torch.float64), torch.tensor([10.0, 500.0, 900.0], dtype=torch.float64)
    together = head(path, "v")(x, t)
    for i in range(3):
        alone = head(path, "v")(x[i : i + 1], float(t[i]))
        torch.testing.assert_close(together.x0[i : i + 1], alone.x0)


def test_a_network_is_handed_times_in_the_paths_units_one_for_each_sample():
    seen = []

    def network(x, t):
        seen.append(t)
        return x

    Denoiser(network, schedules.ddpm_linear())(torch.zeros(3, 2, dtype=torch.bfloat16), 999.0)
    assert seen[0].tolist() == [999.0] * 3 and seen[0].dtype == torch.float32


class Seen(torch.nn.Module):
    """A network with a weight that remembers in which types it was asked."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.3))

    def forward(self, x, t):
        self.asked = x.dtype, t.dtype
        return self.weight * x


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_half_precision_is_the_networks_alone(half):
    denoise, x = Denoiser(Seen().to(half), schedules.cosine(), "v"), torch.randn(4, 2)
    x0, eps = denoise(x, 999.0)
    assert denoise.network.asked == (half, torch.float32) and denoise.dtype == half
    assert x0.dtype == eps.dtype == torch.float32
    path = denoise.path
    back = path.alpha(999.0) * x0 + path.sigma(999.0) * eps
    torch.testing.assert_close(back, x)  # the two agree with x_t in x's digits, not in the network's


def test_no_condition_is_the_null_label():
    seen = []

    def network(x, t, condition):
        seen.append(condition.tolist())
        return x

    denoise = Denoiser(network, schedules.cosine(), classes=10)
    denoise(torch.zeros(2, 3), 5.0)
    condition_on(denoise, [3, 4])(torch.zeros(2, 3), 5.0)
    condition_on(denoise, 7)(torch.zeros(2, 3), 5.0)
    assert seen == [[10, 10], [3, 4], [7, 7]]


def test_errors_say_what_to_do():
    path = schedules.flow()
    x = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=r"alpha is 0.*predicts x0, v"):
        Denoiser(lambda x, t: x, path, "eps")(x, 1.0)
    with pytest.raises(ValueError, match=r'predicts="velocity" is for flow paths'):
        Denoiser(lambda x, t: x, schedules.cosine(), "velocity")
    with pytest.raises(ValueError, match="unknown prediction type 'noise'; the types are eps"):
        Denoiser(lambda x, t: x, path, "noise")
    with pytest.raises(ValueError, match=r"returned \(2, 1\) for x of shape \(2, 3\)"):
        Denoiser(lambda x, t: x[:, :1], path, "x0")(x, 0.5)
    denoise = Denoiser(lambda x, t, c: x, path, "x0", classes=10)
    for labels, message in ((11, r"0..9, or be 10"), (-1, r"0..9"), (torch.tensor([0.5]), "whole numbers")):
        with pytest.raises(ValueError, match=message):
            condition_on(denoise, labels)
    with pytest.raises(ValueError, match="3 labels for a batch of 2"):
        condition_on(denoise, [1, 2, 3])(x, 0.5)
    with pytest.raises(ValueError, match="already bound"):
        condition_on(denoise, 1)(x, 0.5, torch.tensor([1, 1]))
    with pytest.raises(ValueError, match="takes no condition"):
        condition_on(head(path, "x0"), 1)


@pytest.mark.parametrize("kind", ["network", "exact", "guided", "clipped"])
def test_a_time_may_be_a_number_in_every_form_and_no_other_shape(kind):
    path = schedules.cosine()
    classes = toys.ConditionalMixture([MIXTURE, MIXTURE])
    denoise = {
        "network": head(path, "v"),
        "exact": MIXTURE.denoiser(path),
        "guided": classifier_free(classes.denoiser(path), 1, 3.0),
        "clipped": clip(head(path, "v"), 5.0),
    }[kind]
    x = torch.randn(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = denoise(x, 300.0)
    forms = (300, torch.tensor(300.0), torch.tensor(300), torch.tensor([300]), torch.tensor([300.0] * 4), np.int64(300))
    for t in (*forms, torch.tensor([300] * 4), torch.tensor([300.0] * 4, dtype=torch.float64)):
        torch.testing.assert_close(denoise(x, t).x0, expected.x0, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(denoise(x, t).eps, expected.eps, rtol=1e-12, atol=1e-12)
    for wrong in (torch.full((4, 1), 300.0), torch.full((2,), 300.0), torch.full((1, 4), 300.0)):
        with pytest.raises(ValueError, match="for a batch of 4: give a single number, or a tensor"):
            denoise(x, wrong)
    for outside in (-1.0, 1001.0, torch.tensor([1.0, 1.0, 1.0, 1001.0]), float("nan")):
        with pytest.raises(ValueError, match=r"t must lie in \[0, T\]"):
            denoise(x, outside)


def test_times_of_a_tensor_are_looked_at_as_well():
    x = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="at t = 1 alpha is 0"):
        Denoiser(lambda x, t: x, schedules.flow(), "eps")(x, torch.tensor([0.5, 1.0]))
    with pytest.raises(ValueError, match="at t = 0 sigma is 0"):
        Denoiser(lambda x, t: x, schedules.flow(), "x0")(x, torch.tensor([0.5, 0.0]))
    student = Denoiser(lambda x, t: x, schedules.flow(), "velocity", times=(1.0, 0.5))
    student(x, torch.tensor([0.5, 1.0]))
    with pytest.raises(ValueError, match=r"t = 0.25 is a time for which this network was not trained"):
        student(x, torch.tensor([0.5, 0.25]))


@pytest.mark.parametrize("labels", [[1, 99], [1, -1], [1.0, 2.0], [True, False]])
def test_labels_of_a_tensor_are_looked_at_before_the_network_sees_them(labels):
    """A GPU would end the whole process at an embedding's row that there is not."""
    network = torch.nn.Embedding(4, 1)
    denoise = Denoiser(lambda x, t, label: network(label), schedules.flow(), "velocity", classes=3)
    assert denoise(torch.zeros(2, 1), 0.5, torch.tensor([0, 3])).x0.shape == (2, 1)
    with pytest.raises(ValueError, match="labels must "):
        denoise(torch.zeros(2, 1), 0.5, torch.tensor(labels))

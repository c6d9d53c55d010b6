"""Guidance against its identities: at s = 0 and 1, in its parts, with every sampler on every path."""

import warnings

import numpy as np
import pytest
import torch

from diffusion_lessons import guidance, samplers, toys
from diffusion_lessons.denoisers import clip, condition_on, count_calls
from diffusion_lessons.guidance import classifier_free, compose
from tests.denoisers.heads import told
from tests.guidance.problems import CLASSES, FLOW, NULL, assert_close, assert_equal, conditional, noise
from tests.paths import PATHS


@pytest.mark.parametrize("make", [conditional, CLASSES.denoiser], ids=["network", "exact"])
@pytest.mark.parametrize("t", [0.4, torch.tensor([0.2, 0.4, 0.9, 1.0], dtype=torch.float64)], ids=["float", "tensor"])
def test_scales_0_and_1_are_the_network_itself(make, t):
    denoise, x = make(FLOW), noise()
    for one in (1, 1.0, torch.ones(4), [1.0] * 4, lambda level: 1.0):
        assert_equal(classifier_free(denoise, 1, one)(x, t), condition_on(denoise, 1)(x, t))
    for zero in (0, 0.0, torch.zeros(4), lambda level: 0.0):
        assert_equal(classifier_free(denoise, 1, zero)(x, t), denoise(x, t))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert_equal(classifier_free(denoise, 1, zero, negative=2)(x, t), condition_on(denoise, 2)(x, t))


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("batched", [True, False])
def test_the_formula(path, batched):
    denoise, x, s = CLASSES.denoiser(path), noise(), 4.0
    for t in (0.3 * path.T, path.T):  # alpha is 0 at T on two of the paths
        guided = classifier_free(denoise, 0, s, batched=batched)(x, t)
        u, c = denoise(x, t), denoise(x, t, 0)
        torch.testing.assert_close(guided.eps, u.eps + s * (c.eps - u.eps), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(guided.x0, u.x0 + s * (c.x0 - u.x0), rtol=1e-12, atol=1e-12)
        rebuilt = path.alpha(t) * guided.x0 + path.sigma(t) * guided.eps
        torch.testing.assert_close(rebuilt, x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("batch", [2, 3])
def test_a_batch_is_its_samples_one_by_one(batch):
    denoise, x, labels = conditional(), noise(batch), torch.arange(batch)
    together = classifier_free(denoise, labels, 5.0, negative=labels.roll(1))(x, 0.7)
    for i in range(batch):
        alone = classifier_free(denoise, int(labels[i]), 5.0, negative=int(labels.roll(1)[i]))(x[i : i + 1], 0.7)
        torch.testing.assert_close(together.x0[i : i + 1], alone.x0, rtol=1e-12, atol=1e-12)


def test_conditions_may_be_a_number_a_list_or_a_tensor():
    denoise, x = conditional(), noise()
    expected = classifier_free(denoise, torch.tensor([1, 1, 1, 1]), 3.0)(x, 0.5)
    for condition in (1, [1], [1, 1, 1, 1], torch.tensor(1), torch.tensor([1])):
        assert_close(classifier_free(denoise, condition, 3.0)(x, 0.5), expected)
        assert_equal(condition_on(denoise, condition)(x, 0.5), condition_on(denoise, [1, 1, 1, 1])(x, 0.5))


def test_per_sample_scales_are_separate_runs():
    denoise, x, scales = conditional(), noise(), [0.0, 1.0, 3.0, 7.5]
    times = FLOW.grid(6)
    together = samplers.sample(samplers.ddim, classifier_free(denoise, 1, torch.tensor(scales)), x, FLOW, times)
    for i, scale in enumerate(scales):
        alone = samplers.sample(samplers.ddim, classifier_free(denoise, 1, scale), x[i : i + 1], FLOW, times)
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-10, atol=1e-10)


def test_a_scale_may_follow_the_noise_level():
    denoise, x = conditional(), noise()
    rising = classifier_free(denoise, 1, lambda level: 1 + level)
    t = torch.tensor([0.2, 0.5, 0.8, 0.9], dtype=torch.float64)
    for each in (0.2, 0.8):
        assert_close(rising(x, each), classifier_free(denoise, 1, 1 + each / (1 - each))(x, each))  # sigma/alpha
    assert_close(rising(x, t), classifier_free(denoise, 1, 1 + t / (1 - t))(x, t))


def test_a_negative_takes_the_unconditionals_place():
    denoise, x, s = conditional(), noise(), 3.0
    n, c = denoise(x, 0.5, torch.full((4,), 2)), denoise(x, 0.5, torch.full((4,), 1))
    guided = classifier_free(denoise, 1, s, negative=2)(x, 0.5)
    torch.testing.assert_close(guided.eps, n.eps + s * (c.eps - n.eps))
    assert_equal(classifier_free(denoise, 1, s, negative=NULL)(x, 0.5), classifier_free(denoise, 1, s)(x, 0.5))


@pytest.mark.parametrize("batched", [True, False])
def test_evaluations_are_counted(batched):
    x = noise()

    def nfe(t=0.5, **options):
        counted = count_calls(clip(classifier_free(conditional(), 1, batched=batched, **options), 1.0))
        counted(x, t)
        return counted.nfe

    assert nfe(scale=3.0) == nfe(scale=torch.tensor([1.0, 1.0, 2.0, 1.0])) == nfe(scale=3.0, negative=2) == 2
    assert nfe(scale=1.0) == nfe(scale=0.0) == nfe(scale=torch.ones(4)) == 1
    inside, outside = {"interval": (0.9, 1.0)}, {"interval": (1.0, 2.0)}  # at t = 0.5 the noise level is 1
    assert nfe(scale=3.0, **inside) == 2 and nfe(scale=3.0, **outside) == 1
    mixed = torch.tensor([0.1, 0.5, 0.5, 0.9], dtype=torch.float64)
    assert nfe(mixed, scale=3.0, **inside) == 2 and nfe(mixed, scale=3.0, interval=(100.0, 200.0)) == 1


def test_a_run_pays_twice_inside_the_interval_only():
    times = FLOW.grid(10)  # noise levels inf, 9, 4, 7/3, 1.5, 1, 2/3, ...
    counted = count_calls(classifier_free(conditional(), 1, 3.0, interval=(0.5, 2.0)))
    samplers.sample(samplers.ddim, counted, noise(), FLOW, times)
    assert counted.nfe == 10 + 3


def test_outside_the_interval_the_estimate_is_plain_conditional():
    denoise, x = conditional(), noise()
    guided = classifier_free(denoise, 1, 3.0, interval=(0.5, 2.0))
    assert_equal(guided(x, 0.9), condition_on(denoise, 1)(x, 0.9))
    assert_equal(guided(x, 1.0), condition_on(denoise, 1)(x, 1.0))  # an infinite noise level
    assert_equal(guided(x, 0.5), classifier_free(denoise, 1, 3.0)(x, 0.5))
    t = torch.tensor([0.9, 0.5, 0.1, 0.5], dtype=torch.float64)
    expected = classifier_free(denoise, 1, torch.tensor([1.0, 3.0, 1.0, 3.0]))(x, t)
    assert_close(guided(x, t), expected)


@pytest.mark.parametrize("scale", [3.1, lambda level: 1 + level / 3], ids=["number", "function"])
@pytest.mark.parametrize("t", [0.9, 0.5, 1.0, torch.tensor([0.9, 0.5, 0.1, 0.5], dtype=torch.float64)])
def test_an_interval_is_a_scale_that_is_1_outside_bit_for_bit(scale, t):
    denoise, x = conditional(), noise()
    by_interval = classifier_free(denoise, 1, scale, interval=(0.5, 2.0))(x, t)
    assert_equal(by_interval, classifier_free(denoise, 1, guidance.within(scale, 0.5, 2.0))(x, t))

    level = guidance.noise_level(FLOW, t)
    by_hand = [(scale(one) if callable(scale) else scale) if 0.5 < one <= 2.0 else 1.0 for one in np.ravel(level)]
    numbers = torch.tensor(by_hand, dtype=torch.float64).expand(len(x))
    assert_equal(by_interval, classifier_free(denoise, 1, numbers)(x, t))


def test_rescaling_brings_back_the_spread():
    denoise, x, path = CLASSES.denoiser(FLOW), 3 * noise(), FLOW
    plain, wanted = classifier_free(denoise, 0, 8.0)(x, 0.5), denoise(x, 0.5, 0)
    std = [each.std(dim=1, correction=0) for each in (plain.x0, wanted.x0)]
    for share in (0.0, 0.7, 1.0):
        x0, eps = classifier_free(denoise, 0, 8.0, rescale=share)(x, 0.5)
        torch.testing.assert_close(x0.std(dim=1, correction=0), share * std[1] + (1 - share) * std[0])
        torch.testing.assert_close(path.alpha(0.5) * x0 + path.sigma(0.5) * eps, x)


def test_rescaling_leaves_samples_without_spread_alone():
    line = toys.ConditionalMixture([toys.GaussianMixture([1.0], stds=0.5), toys.GaussianMixture([-1.0], stds=0.5)])
    denoise, x = line.denoiser(FLOW), noise()[:, 0]  # one number a sample: its standard deviation is 0
    assert_close(classifier_free(denoise, 0, 4.0, rescale=1.0)(x, 0.5), classifier_free(denoise, 0, 4.0)(x, 0.5))
    assert torch.equal(guidance.rescaled(torch.ones(2, 3), torch.randn(2, 3), 1.0), torch.ones(2, 3))


@pytest.mark.parametrize("name", samplers.ALL)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_guidance_with_every_sampler_on_every_path(path, name):
    """For Gaussians of equal spread the guided field is that of N(m_u + s (m_c - m_u), S^2), so the runs agree too."""
    sampler, s = samplers.ALL[name], 3.0
    pair = toys.ConditionalMixture([toys.GaussianMixture([[m, 0.5]], stds=0.6) for m in (-1.0, 0.5)])
    guided = classifier_free(pair.denoiser(path), 1, s, negative=0)
    aimed = toys.GaussianMixture([[-1.0 + s * 1.5, 0.5]], stds=0.6).denoiser(path)
    times = path.grid(4) if sampler.info.stages is not None else (path.T, 0.0)  # adaptive ones choose
    x = path.prior((3, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    ends = []
    for denoise in (guided, aimed):
        generator = torch.Generator().manual_seed(1)
        ends.append(samplers.sample(sampler, denoise, x, path, times, generator=generator))
    assert ends[0].isfinite().all()
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_dtypes_are_kept(dtype):
    x = noise().to(dtype)
    options = {"scale": torch.tensor([1.0, 2.0, 3.0, 4.0]), "rescale": 0.5}
    guided = classifier_free(CLASSES.denoiser(FLOW), 0, **options)(x, 0.5)
    assert guided.x0.dtype == guided.eps.dtype == dtype and guided.x0.isfinite().all()


def test_errors_say_what_to_do():
    denoise, x = conditional(), noise()
    cases = {
        "labels must lie in 0..2": lambda: classifier_free(denoise, 4, 3.0),
        "labels must lie": lambda: classifier_free(denoise, 1, 3.0, negative=-1),
        "2 labels for a batch of 4": lambda: classifier_free(denoise, [0, 1], 3.0)(x, 0.5),
        "scale of shape": lambda: classifier_free(denoise, 1, torch.tensor([2.0, 3.0]))(x, 0.5),
        "finite": lambda: classifier_free(denoise, 1, float("nan")),
        "low < high": lambda: classifier_free(denoise, 1, 3.0, interval=(2.0, 0.5)),
        "between 0 and 1": lambda: classifier_free(denoise, 1, 3.0, rescale=7.0),
        "Clip the guided one": lambda: classifier_free(clip(denoise, 1.0), 1, 3.0),
        "clips x0": lambda: compose(count_calls(clip(denoise, 1.0)), [1], [3.0]),
        "already bound": lambda: classifier_free(condition_on(denoise, 1), 1, 3.0),
        "bound to its conditions": lambda: classifier_free(denoise, 1, 3.0)(x, 0.5, 1),
        "guide the one": lambda: classifier_free(classifier_free(denoise, 1, 3.0), 1, 3.0),
        "takes no condition": lambda: classifier_free(toys.GaussianMixture([[0.0]], stds=1.0).denoiser(FLOW), 0, 2.0),
        "2 conditions and 1 weights": lambda: compose(denoise, [0, 1], [1.0]),
    }
    for message, case in cases.items():
        with pytest.raises(ValueError, match=message):
            case()


def test_a_network_without_condition_dropout_is_not_guided():
    denoise = conditional(card={"recipe": {"condition_dropout": 0.0}})
    for refused in (
        lambda: classifier_free(denoise, 1, 3.0),
        lambda: classifier_free(denoise, 1, lambda level: 3.0),
        lambda: compose(denoise, [0, 1], [1.0, 1.0]),
    ):
        with pytest.raises(ValueError, match="condition_dropout"):
            refused()
    classifier_free(denoise, 1, 1.0)  # the null is not asked for
    classifier_free(denoise, 1, 3.0, negative=2)
    compose(denoise, [1, 2], [3.0, -2.0])
    classifier_free(conditional(card={"recipe": {"condition_dropout": 0.1}}), 1, 3.0)


def test_a_negative_without_a_scale_above_1_warns():
    for scale in (1.0, 0.5, 0.0, torch.tensor([0.5, 1.0])):
        with pytest.warns(UserWarning, match="negative condition with scale"):
            classifier_free(conditional(), 1, scale, negative=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier_free(conditional(), 1, 3.0, negative=2)
        classifier_free(conditional(), 1, 1.0)


@pytest.mark.parametrize("condition", [2, [1, 2, 1, 1]])
def test_a_negative_that_equals_the_condition_warns(condition):
    with pytest.warns(UserWarning, match="the negative equals the condition"):
        classifier_free(conditional(), condition, 3.0, negative=2)
    with pytest.warns(UserWarning, match="the negative equals the condition"):
        classifier_free(told(), [[1, 2, 0], [3, 4, 0]], 3.0, negative=[3, 4, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier_free(told(), [[1, 2, 0], [3, 4, 0]], 3.0, negative=[3, 2, 0])

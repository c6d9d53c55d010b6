"""Settings say how a network is sampled, and one function does it."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import Denoiser, clip, condition_on, count_calls, label_number
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.sampling import Settings, device_of, generate, in_precision, states
from tests.denoisers.heads import told

PATH = schedules.cosine()
NAMES = ["cat", "7", "1"]  # a name may look like another class's number


def network(x, t, condition):
    return torch.tanh(x + condition.view(-1, 1, 1, 1))


DENOISE = Denoiser(network, PATH, "v", classes=3, shape=(1, 4, 4), card={"classes": NAMES})


def test_it_is_guidance_clipping_and_a_sampler():
    states = generate(
        DENOISE, 3, labels=["cat", "7"], scale=3.0, negative="1", sampler="dpm_solver_pp_2m", steps=5, seed=4
    )
    x = PATH.prior((3, 1, 4, 4), torch.Generator().manual_seed(4))
    guided = clip(classifier_free(DENOISE, [0, 1, 0], 3.0, negative=2))
    assert torch.equal(states[-1].x, samplers.sample(samplers.dpm_solver_pp_2m, guided, x, PATH, PATH.grid(5)))
    assert len(states) == 6 and states[0].x0 is None


@pytest.mark.parametrize("name", samplers.ALL)
def test_one_seed_one_result_with_every_sampler(name):
    one, again, other = (generate(DENOISE, 2, sampler=name, steps=4, seed=seed)[-1].x for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_clipping_may_be_left_out_and_options_reach_the_sampler():
    wide = Denoiser(lambda x, t: 5 * torch.ones_like(x), PATH, "x0", shape=(1, 2, 2))
    assert generate(wide, 1, steps=2)[-1].x.max() <= 1.0
    assert generate(wide, 1, steps=2, limit=None)[-1].x.min() == 5.0
    plain, noisy = (generate(DENOISE, 2, steps=4, eta=eta)[-1].x for eta in (0.0, 1.0))
    assert not torch.equal(plain, noisy)


def test_no_labels_are_no_condition():
    counted = count_calls(DENOISE)
    states = generate(counted, 2, steps=4, scale=3.0)
    assert counted.nfe == 4 and states[-1].x.shape == (2, 1, 4, 4)


def test_labels_by_name_or_number():
    assert [label_number(DENOISE, each) for each in ("cat", "CAT", "7", "1", "0", 0)] == [0, 0, 1, 2, 0, 0]
    assert [label_number(DENOISE, each) for each in (0, 1, 2, np.int64(1))] == [0, 1, 2, 1], "a number is no name"
    for wrong in ("dog", 7.9, None, True, "-1", "1.0"):
        with pytest.raises(ValueError, match="classes are cat, 7, 1"):
            label_number(DENOISE, wrong)


def test_a_network_of_another_condition_is_given_what_it_reads():
    denoise, path = told(reads=True), schedules.cosine()
    x = path.prior((3, 2), torch.Generator().manual_seed(0), torch.float64)
    plain = {"steps": 4, "limit": None, "precision": "float64"}
    run = generate(denoise, x, labels=["ab", "c"], scale=3.0, negative="d", **plain)
    guided = classifier_free(denoise, ["ab", "c", "ab"], 3.0, "d")
    assert torch.equal(run[-1].x, samplers.sample(samplers.ddim, guided, x, path, path.grid(4)))
    numbers = generate(told(), x, labels=[[1, 2, 0], [3, 0, 0]], scale=3.0, negative=[4, 0, 0], **plain)
    assert torch.equal(numbers[-1].x, run[-1].x)
    with pytest.raises(ValueError, match="a text of the letters abcd"):
        generate(denoise, x, labels=["ab"], negative="seven", scale=2.0)


def test_adaptive_samplers_get_the_ends():
    assert Settings("dpm_solver_adaptive").times(PATH) == (1000.0, 0.0)
    assert Settings("ddim", 10, "quadratic").times(PATH) == PATH.grid(10, "quadratic")


def test_settings_and_keywords_are_the_same():
    named = generate(DENOISE, 2, labels=[1], scale=2.0, sampler="ddpm", steps=3, variance="large", seed=5)[-1].x
    settings = Settings("ddpm", 3, scale=2.0, options={"variance": "large"})
    assert torch.equal(generate(DENOISE, 2, settings, labels=[1], seed=5)[-1].x, named)
    half = Settings("ddpm", 3, scale=2.0)
    assert torch.equal(generate(DENOISE, 2, half, labels=[1], seed=5, variance="large")[-1].x, named)


def test_a_given_start_is_where_it_begins():
    x = torch.randn(3, 1, 4, 4)
    run = generate(DENOISE, x, Settings(steps=4), labels=["cat"])
    assert run[0].x is x and len(run) == 5
    bound = clip(condition_on(DENOISE, 0))
    assert torch.equal(run[-1].x, samplers.sample(samplers.ddim, bound, x, PATH, PATH.grid(4)))
    (*_, last) = states(DENOISE, x, Settings(steps=4), torch.zeros(3, dtype=torch.long))
    assert torch.equal(run[-1].x, last.x)


def test_settings_are_equal_by_value_and_survive_json():
    one = Settings("ddim", 10, scale=2, interval=[0.2, 3.0], options={"eta": 1})
    same = Settings("ddim", 10, scale=2.0, interval=(0.2, 3.0), options={"eta": 1.0})
    assert one == same and hash(one) == hash(same) and len({one, same}) == 1
    assert Settings(**json.loads(json.dumps(asdict(one)))) == one
    assert one != one.changed(batch=7) and one.changed(eta=0.5).options == {"eta": 0.5}
    assert one.changed(sampler="heun", options={}) == Settings("heun", 10, scale=2, interval=(0.2, 3.0))


def test_its_text_is_what_differs_from_the_defaults():
    assert str(Settings()) == "ddim@20"
    assert str(Settings("ddim", 5, scale=3.0, limit=None, options={"eta": 1.0}, batch=3)) == (
        "ddim@5, scale 3.0, limit None, eta 1.0"
    )


class Exact(torch.nn.Module):
    """The exact answer for a mixture, through a linear layer, which rounds it to the layer's precision."""

    def __init__(self, mixture):
        super().__init__()
        self.mixture, self.layer = mixture, torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.ones_(self.layer.weight)

    def forward(self, x, t):
        assert x.dtype == torch.float32
        x0, eps = self.mixture.denoiser(PATH)(x, t)
        alpha, sigma = PATH.alpha(t)[:, None], PATH.sigma(t)[:, None]
        out = self.layer(alpha * eps - sigma * x0)
        self.answered = out.dtype
        return out


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_half_network_in_a_thousand_steps_stays_near_the_whole_one(precision):
    """x kept in bfloat16 would stand still: a step moves it by less than the last digit of it."""
    mixture = toys.GaussianMixture([[-1.0], [1.0]], stds=0.2)
    denoise = Denoiser(Exact(mixture), PATH, "v", shape=(1,))
    x = torch.linspace(-2, 2, 41)[:, None]
    whole, half = (
        generate(denoise, x, Settings(steps=1000, limit=None, precision=each))[-1].x for each in ("float32", precision)
    )
    assert half.dtype == torch.float32 and denoise.dtype == torch.float32
    assert denoise.network.layer.weight.dtype == torch.float32 and not torch.equal(half, whole)
    assert (half - whole).square().mean().sqrt() < 0.01


def test_counting_reaches_a_network_in_another_precision():
    mixture = toys.GaussianMixture([[-1.0], [1.0]], stds=0.2)
    denoise = Denoiser(Exact(mixture), PATH, "v", shape=(1,))
    counted = count_calls(in_precision(clip(denoise), "bfloat16"))
    assert counted.dtype == torch.bfloat16 and denoise.dtype == torch.float32
    generate(counted, 2, Settings(steps=3, precision="bfloat16"))
    assert counted.nfe == 3


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_is_autocast_and_may_be_left_again(precision):
    denoise = Denoiser(Exact(toys.GaussianMixture([[-1.0], [1.0]], stds=0.2)), PATH, "v", shape=(1,))
    half = in_precision(denoise, precision)
    assert half.dtype == getattr(torch, precision) and in_precision(half, precision) is half
    x = torch.linspace(-2, 2, 5)[:, None]
    half(x, 500.0)
    assert half.network.network.answered == half.dtype
    for other, answered in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        back = in_precision(half, other)
        back(x, 500.0)
        assert back.dtype == answered and getattr(back.network, "network", back.network).answered == answered


def test_x_stands_where_the_network_does():
    assert device_of(DENOISE) == torch.device("cpu")  # no parameters
    far = Denoiser(torch.nn.Linear(4, 4, device="meta"), PATH, "v", shape=(1, 4, 4))
    assert device_of(clip(far)) == torch.device("meta")


def test_errors_say_what_to_do():
    cases = {
        "unknown sampler": {"sampler": "nope"},
        "needs a label": {"negative": 1},
        "unknown spacing": {"spacing": "nope"},
        "unknown precision 'int3'; the precisions are float32": {"precision": "int3"},
        "steps must be a whole number of at least 1 and at most 1,000,000; got 0": {"steps": 0},
        r"ddim has no option etta \(its options: eta\)$": {"etta": 1.0},
        r"heun has no option eta \(it has none\)$": {"sampler": "heun", "eta": 1.0},
        "0..2": {"labels": [9]},
        "labels are empty: give at least one, or None": {"labels": []},
        "labels are a list of classes by number or name, such as .7.; got 7": {"labels": 7},
        "labels are a list .* got 'cat'": {"labels": "cat"},
        "no class 7.9": {"labels": [7.9]},
    }
    for message, options in cases.items():
        with pytest.raises(ValueError, match=message):
            generate(DENOISE, 1, **options)
    with pytest.raises(ValueError, match="start is how many samples, a whole number from 1 to .*; got 0"):
        generate(DENOISE, 0)
    with pytest.raises(ValueError, match="shape of one sample"):
        generate(Denoiser(network, PATH, "v", classes=3), 1)
    with pytest.raises(ValueError, match="nothing to guide"):
        generate(Denoiser(lambda x, t: x, PATH, "v", shape=(2,)), 1, scale=2.0)


@pytest.mark.parametrize(
    "name, instead",
    [
        ("seed", "give --seed"),
        ("scale", "give --scale"),
        ("labels", "give --label"),
        ("steps", "give --steps"),
        ("limit", "give --no-clip"),
        ("batch", "give --batch, which benchmark and evaluate take"),
        ("percentile", r"no command takes it: in Python, Settings\(percentile=...\)"),
    ],
)
def test_what_is_no_option_of_a_sampler_is_sent_to_its_own(name, instead):
    with pytest.raises(ValueError, match=rf"^ddim has no option {name} \(its options: eta\); {instead}$"):
        Settings(options={name: 1})


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"options": {"eta": 5}}, "ddim: eta must be between 0 and 1; got 5"),
        ({"options": {"eta": "hello"}}, "ddim: eta must be between 0 and 1; got 'hello'"),
        ({"sampler": "ddpm", "options": {"variance": "x"}}, 'ddpm: variance must be "small" or "large"; got \'x\''),
        ({"rescale": 4}, "rescale is a share between 0 and 1; got 4"),
        ({"rescale": "much"}, "rescale is a share between 0 and 1; got 'much'"),
        ({"interval": (3, 1)}, r"0 <= low < high; got \(3, 1\)"),
        ({"interval": (1,)}, r"0 <= low < high; got \(1,\)"),
        ({"interval": 3}, r"interval must be \(low, high\) in noise level, .*; got 3"),
        ({"interval": ("a", "b")}, r"interval must be .*; got \('a', 'b'\)"),
        ({"limit": -1}, "limit must be a number above 0; got -1"),
        ({"limit": "x"}, "limit must be a number above 0; got 'x'"),
        ({"percentile": 2}, "percentile is a share in .*; got 2"),
        ({"percentile": "x"}, "percentile is a share in .*; got 'x'"),
        ({"scale": "3"}, "scale must be a finite number, .*; got '3'"),
        ({"scale": None}, "scale must be a finite number, .*; got None"),
        ({"scale": float("nan")}, "scale must be a finite number, .*; got nan"),
        ({"steps": "10"}, "steps must be a whole number of at least 1 and at most 1,000,000; got '10'"),
        ({"batch": 2.5}, "batch must be a whole number of at least 1 and at most 1,000,000; got 2.5"),
    ],
)
def test_what_no_network_could_be_sampled_with_is_refused_at_once(fields, message):
    with pytest.raises(ValueError, match=message):
        Settings(**fields)


def test_a_scale_for_each_sample_compares_and_prints():
    one, same, other = (Settings(scale=torch.tensor(scale)) for scale in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0]))
    assert one == same and hash(one) == hash(same) and one != other and one != Settings() and one != "ddim@20"
    assert str(one) == "ddim@20, scale [1.0, 2.0]"


def test_double_precision_where_there_is_none_is_refused():
    class Elsewhere:
        dtype, device = torch.float32, torch.device("mps")

    with pytest.raises(ValueError, match="MPS has no double precision"):
        in_precision(Elsewhere(), "float64")


def test_the_grid_is_made_once(monkeypatch):
    made, grid = [], type(PATH).grid
    monkeypatch.setattr(type(PATH), "grid", lambda *arguments: made.append(1) or grid(*arguments))
    generate(DENOISE, 2, steps=4, labels=[0])
    assert len(made) == 1


@pytest.mark.parametrize("seed", [2**70, 1.5, None, "7", True])
def test_a_seed_that_no_generator_takes_is_refused_in_words(seed):
    with pytest.raises(ValueError, match="seed must be a whole number of at most 63 bits"):
        generate(DENOISE, 1, seed=seed)


@pytest.mark.parametrize("start", [0, -2, 1.5, "many", None])
def test_how_many_samples_is_a_whole_number(start):
    with pytest.raises(ValueError, match="start is how many samples"):
        generate(DENOISE, start)

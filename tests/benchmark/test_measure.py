"""A measurement names everything that a latency claim needs; settings share their noise; floors are there."""

import json

import pytest
import torch
from torch import nn

from diffusion_lessons import schedules, toys
from diffusion_lessons.benchmark.measure import measure, timed_samples
from diffusion_lessons.benchmark.rows import Measurement, frame
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.machine.devices import tf32
from diffusion_lessons.sampling import Settings
from tests.made import of_points

MIXTURE = toys.GaussianMixture([[-2.0, 0.0], [1.0, 1.0]], stds=[0.4, 0.6])
PATH = schedules.cosine()
TWO = toys.ConditionalMixture([toys.GaussianMixture([[-1.0]], stds=0.5), toys.GaussianMixture([[1.0]], stds=0.5)])


@pytest.fixture(scope="module")
def evaluator():
    generator = torch.Generator().manual_seed(1)
    return of_points(MIXTURE.sample(800, generator), MIXTURE.sample(800, generator))


class Half(nn.Module):
    """A network with a parameter, so that it has a dtype: predicts eps = w x."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(0.5))

    def forward(self, x, t):
        return self.w * x


def test_a_row_names_everything(evaluator):
    row = measure(
        MIXTURE.denoiser(PATH), Settings("heun", 5, batch=100, limit=None), evaluator=evaluator, samples=300, repeats=2
    )
    flat = frame([row]).to_dict("records")[0]
    assert flat["nfe"] == 9 and flat["samples"] == 300 and flat["checkpoint_sha256"].startswith("exact-")
    for name in (
        "sampler",
        "steps",
        "scale",
        "network",
        "parameters",
        "precision",
        "batch",
        "device",
        "threads",
        "load",
    ):
        assert flat[name] is not None
    assert flat["seconds_q1"] <= flat["seconds_per_image"] <= flat["seconds_q3"] and flat["repeats"] == 3
    for name in ("frechet", "recall"):
        assert {f"{name}_value", f"{name}_spread", f"{name}_floor", f"{name}_floor_spread"} <= set(flat)
    assert flat["settings"] == row.settings and flat["options"] == {}
    assert Measurement.from_json(json.loads(json.dumps(row.to_json()))) == row


def test_an_exact_denoiser_reaches_the_floor_and_few_steps_do_not(evaluator):
    exact = MIXTURE.denoiser(PATH)
    options = {"evaluator": evaluator, "metrics": ["frechet"], "samples": 800, "repeats": 0}
    good = measure(exact, Settings("ddim", 50, limit=None), **options).quality["frechet"]
    bad = measure(exact, Settings("ddim", 2, limit=None), **options).quality["frechet"]
    assert good.value < good.floor + 4 * good.floor_spread + 4 * good.spread < bad.value
    assert bad.floor == good.floor


def test_settings_share_noise_and_labels_whatever_else_is_asked():
    denoise = TWO.denoiser(PATH)
    one = timed_samples(denoise, Settings("ddim", 3, batch=7, limit=None), 20)
    assert timed_samples(denoise, Settings("ddim", 3, batch=20, limit=None), 20, repeats=4, warm_up=2).x.equal(one.x)
    assert timed_samples(denoise, Settings("ddim", 3, batch=20, limit=None), 20, seed=1).x.equal(one.x) is False
    noisy = Settings("ddpm", 3, batch=7, limit=None)
    assert timed_samples(denoise, noisy, 20).x.equal(timed_samples(denoise, noisy, 20, repeats=5).x)
    assert one.labels.tolist() == [0, 1] * 10


def test_guidance_and_clipping_are_counted_and_applied():
    denoise = TWO.denoiser(PATH)
    assert timed_samples(denoise, Settings("ddim", 4, scale=3.0, limit=None), 10).nfe == 8
    assert timed_samples(denoise, Settings("ddim", 4, scale=1.0, limit=None), 10).nfe == 4
    clipped = timed_samples(denoise, Settings("ddim", 4, scale=3.0, limit=0.5), 10)
    assert clipped.x.abs().max() <= 0.5


def test_precision_is_that_of_the_network_and_not_of_x():
    denoise = Denoiser(Half(), PATH, shape=(2,))
    assert timed_samples(denoise, Settings("ddim", 3, precision="bfloat16"), 4).x.dtype == torch.float32
    assert denoise.dtype == torch.float32  # the one that was given is left alone


def test_a_student_of_its_own_times_is_warmed_up_on_them():
    denoise = Denoiser(Half(), PATH, "v", shape=(2,), times=PATH.grid(4)[:-1])
    assert len(timed_samples(denoise, Settings("ddim", 4, batch=2), 2, repeats=2, warm_up=1).seconds) == 2


def test_latency_alone_needs_no_evaluator():
    row = measure(MIXTURE.denoiser(PATH), Settings("ddim", 2, batch=8, limit=None), repeats=3)
    assert row.samples == 0 and row.quality == {} and row.repeats == 3 and row.seconds_per_image > 0


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"sampler": "plms"}, {}, "unknown sampler 'plms'"),
        ({"precision": "int3"}, {}, "unknown precision"),
        ({"scale": 2.0}, {}, "takes no condition"),
        ({}, {"repeats": 0}, "nothing to measure"),
    ],
)
def test_wrong_choices_are_refused(change, options, message):
    with pytest.raises(ValueError, match=message):
        measure(MIXTURE.denoiser(PATH), Settings(**{"sampler": "ddim", "steps": 2, **change}), **options)


def test_an_unknown_metric_and_nan_samples_are_refused(evaluator):
    exact = MIXTURE.denoiser(PATH)
    with pytest.raises(ValueError, match="unknown metric 'fid'"):
        measure(exact, Settings("ddim", 2, limit=None), evaluator=evaluator, metrics=["fid"], samples=20)
    spoiled = Denoiser(lambda x, t: x / 0, PATH, shape=(2,))
    with pytest.raises(ValueError, match="20 of 20 samples hold NaN"):
        measure(spoiled, Settings("ddim", 2, limit=None), evaluator=evaluator, metrics=["kernel"], samples=20)


def test_float32_is_float32_where_it_is_measured_and_as_it_was_afterwards():
    settings = []

    def network(x, t):
        settings.append((torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32))
        return x

    with tf32(True):  # as in a training that is measured on the way
        row = measure(Denoiser(network, PATH, shape=(2,)), Settings("ddim", 1, batch=2, limit=None), repeats=1)
        assert torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32
    assert set(settings) == {(False, False)}
    assert row.backend is None  # of CUDA devices only


def test_what_is_timed_on_a_gpu_draws_its_noise_there(monkeypatch):
    """The samples' own noise follows from the seed on every device, and is sent: their batches are not timed."""
    drawn = []
    monkeypatch.setattr("diffusion_lessons.benchmark.measure.device_of", lambda denoise: torch.device("meta"))
    monkeypatch.setattr(torch.Tensor, "to", lambda x, *_, **__: x)
    monkeypatch.setattr(
        "diffusion_lessons.benchmark.measure.device_generator",
        lambda device, seed: drawn.append((device.type, seed)) or torch.Generator().manual_seed(seed),
    )
    mixture = toys.GaussianMixture([0.0], stds=1.0)
    settings = Settings("ddim", 2, batch=4, options={"eta": 1.0}, limit=None)
    denoise = mixture.denoiser(schedules.flow())
    found = timed_samples(denoise, settings, 8, repeats=3, warm_up=1, seed=5)
    assert len(found.x) == 8 and len(found.seconds) == 3
    assert drawn[1:] == [("cpu", 5), ("cpu", 6), ("meta", 7), ("meta", 8), ("meta", 9)]

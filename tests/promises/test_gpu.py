"""What holds on CUDA and on Apple's MPS, seen without either: devices, copies that wait, kernels that are there.

The device is fake (tests/fake_gpu.py), as CUDA and as MPS. That a fake one computes in no precision lower than the
weights', as autocast is off where there is no such device, and knows no speed, is the limit of what is seen here.
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchgen
from torchgen.gen import parse_native_yaml
from torchgen.model import DispatchKey

from diffusion_lessons import guidance, samplers, schedules
from diffusion_lessons.benchmark.measure import QUALITY
from diffusion_lessons.checkpoints import load
from diffusion_lessons.data import Data
from diffusion_lessons.denoisers import Denoiser, clip, condition_on
from diffusion_lessons.distillation import students
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.metrics import adherence, features
from diffusion_lessons.metrics.frechet import frechet_distance
from diffusion_lessons.metrics.samples import Features, population, values_of
from diffusion_lessons.metrics.scores import evaluate
from diffusion_lessons.networks import UNet, UNetConfig
from diffusion_lessons.sampling import generate
from diffusion_lessons.training import recipes
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Step, denoising
from tests.fake_gpu import FakeGpu

DEVICES = ["cuda:0", "mps:0"]
SMALL = {"widths": (16, 32), "embedding": 32}
KINDS = [
    ("digits", "diffusion"),
    ("mnist-small", "flow"),
    ("mnist", "diffusion"),
    ("cifar10", "flow"),
    ("cifar10-small", "diffusion"),
]
STUDENTS = {"mnist-reflow": 2, "mnist-progressive-4": 12, "mnist-consistency": 9, "mnist-consistency-training": 7}


def images(channels=1, side=8, count=40):
    pixels = torch.zeros(count, channels, side, side, dtype=torch.uint8)
    return Data(pixels, torch.arange(count) % 10, tuple("0123456789"), {"name": "none"})


def small(name, kind="diffusion", **changes):
    recipe = recipes.get(name, kind, batch=16, images=160, smudged=0.0, compile=False)
    config = replace(recipe.network, **SMALL, attention=(1,) if recipe.network.attention else ())
    return replace(recipe, network=config, **changes)


def on_fake_gpu(monkeypatch, recipe, data, device="cuda:0", objective=denoising):
    """A training step of the recipe on a fake GPU, ready to be called; what it notes is of one step alone."""
    gpu = FakeGpu(monkeypatch, device)
    run = Run(recipe, data, torch.device("cpu"), 0)
    run.device, run.precision = gpu.device, torch.bfloat16 if gpu.device.type == "cuda" else None
    return gpu, run, lambda: one_step(gpu, run, data, objective)


def one_step(gpu, run, data, objective):
    with gpu:
        gpu.place(run.network)
        for average in run.averages.values():
            gpu.place(average.network)
        run.optimizer = torch.optim.AdamW(run.network.parameters(), 1e-3, fused=True)
        there = Data(data.pixels.to(gpu.device), data.labels.to(gpu.device), data.classes, data.card)
        step = Step(run, objective, there, Processes(gpu.device))
        step(1e-3)  # the optimiser's state is made once
        gpu.forget()
        return step(1e-3)


def check_step(gpu, loss, copies):
    """On CUDA no copy waits; on MPS all do, which can read the CPU's memory and so has to."""
    assert loss.device == gpu.device and gpu.doubles == []
    assert len(gpu.copies) <= copies and gpu.waits == (gpu.copies if gpu.device.type == "mps" else [])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_training_step_stays_on_its_device_and_waits_for_nothing(monkeypatch, without_kernel, name, kind, device):
    """And sends two things: which images, and the numbers that follow from their times."""
    data = images(3 if "cifar10" in name else 1)
    gpu, _, step = on_fake_gpu(monkeypatch, small(name, kind), data, device)
    check_step(gpu, step(), copies=2)
    assert device != "mps:0" or without_kernel(gpu.operations) == set()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", STUDENTS)
def test_so_does_a_step_of_each_student(monkeypatch, without_kernel, name, device):
    recipe = students.student_recipe(name)
    teacher = load(recipe.teacher)
    data = replace(images(side=28), classes=tuple(map(str, range(teacher.classes))))
    taught = replace(recipe.taught_by(teacher), batch=16, compile=False)
    lesson = None if name == "mnist-reflow" else taught.lesson(teacher, data, None, 0)
    objective = denoising if lesson is None else lesson.objective
    gpu, _, step = on_fake_gpu(monkeypatch, taught, data, device, objective)
    with gpu:
        gpu.place(teacher.network)
    check_step(gpu, step(), STUDENTS[name])
    assert device != "mps:0" or without_kernel(gpu.operations) == set()


def test_every_process_loads_its_teacher_on_its_own_device(monkeypatch, tmp_path):
    """With several GPUs the current device is chosen first: a teacher on plain "cuda" would stand on GPU 0 in each."""
    places = []
    second = Processes(torch.device("cuda:1"))
    monkeypatch.setattr(students.Processes, "started", lambda device: places.append("chosen") or second)
    monkeypatch.setattr(students, "load_teacher", lambda name, device: places.append(device) or load("mnist-flow"))
    with pytest.raises(ValueError, match="use the teacher's own data"):
        students.train_student(students.student_recipe("mnist-reflow"), images())
    assert places == ["chosen", second.device]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", [name for name in samplers.ALL if name != "dpm_solver_adaptive"])
def test_each_sampler_follows_its_network_through_kernels_that_are_there(monkeypatch, without_kernel, name, device):
    gpu = FakeGpu(monkeypatch, device)
    path = schedules.flow() if name == "euler" else schedules.cosine()
    network = UNet(UNetConfig(**SMALL, classes=10, T=path.T))
    denoise = Denoiser(network, path, "v", classes=10, shape=(1, 8, 8))
    sampler = samplers.get(name)
    guided, times = guidance.classifier_free(denoise, torch.zeros(4, dtype=torch.long), 3.0), path.grid(4, "logsnr")
    with gpu:
        gpu.place(network)
        x = torch.empty(4, 1, 8, 8, device=gpu.device)
        out = samplers.sample(
            sampler, clip(guided, percentile=0.99), x, path, times, generator=torch.Generator().manual_seed(0)
        )
    assert out.device == gpu.device and gpu.doubles == []
    assert device != "mps:0" or without_kernel(gpu.operations) == set()
    noises = 0 if sampler.info.deterministic else len(times)  # drawn on the CPU
    labels = 2 if device == "mps:0" else 0  # and the null: sent once, which only a copy to CUDA need not wait for
    assert len(gpu.waits) <= noises + labels, gpu.waits


@pytest.mark.parametrize("device", DEVICES)
def test_generate_samples_where_the_network_stands(monkeypatch, device):
    gpu = FakeGpu(monkeypatch, device)
    network = UNet(UNetConfig(**SMALL, classes=10))
    denoise = Denoiser(network, schedules.cosine(), "v", classes=10, shape=(1, 8, 8))
    with gpu:
        gpu.place(network)
        states = generate(denoise, 4, labels=range(4), scale=2.0, steps=3)
    assert states[-1].x.device == gpu.device and gpu.doubles == []


def test_the_network_of_a_record_is_sampled_where_it_was_trained(monkeypatch):
    """As in lesson 02, which trains on whatever device is there."""
    gpu, run, step = on_fake_gpu(monkeypatch, small("digits"), images())
    step()
    denoise = run.denoiser()  # before, as it makes a path, whose table has to hold values
    with gpu:
        states = generate(denoise, 4, labels=range(4), steps=2)
    assert states[-1].x.device == gpu.device


@pytest.mark.parametrize("guided", [True, False])
def test_labels_are_sent_to_the_device_once(monkeypatch, guided):
    gpu = FakeGpu(monkeypatch)
    network = UNet(UNetConfig(**SMALL, classes=10))
    denoise = Denoiser(network, schedules.cosine(), "v", classes=10, shape=(1, 8, 8))
    labels = torch.arange(4)
    bound = guidance.classifier_free(denoise, labels, 3.0) if guided else condition_on(denoise, labels)
    with gpu:
        gpu.place(network)
        x = torch.empty(4, 1, 8, 8, device=gpu.device)
        samplers.sample(samplers.ddim, bound, x, denoise.path, denoise.path.grid(4))
    assert len(gpu.copies) == (2 if guided else 1), gpu.copies  # the label and the null


def test_x_elsewhere_than_the_network_is_one_sentence(monkeypatch):
    gpu = FakeGpu(monkeypatch)
    network = UNet(UNetConfig(**SMALL, classes=None))
    denoise = Denoiser(network, schedules.cosine(), "v", shape=(1, 8, 8))
    path = denoise.path
    with gpu:
        gpu.place(network)
        with pytest.raises(ValueError, match="cuda:0 and x on cpu"):
            samplers.sample(samplers.ddim, denoise, torch.empty(2, 1, 8, 8), path, path.grid(2))


# -- MPS: its kernels, by PyTorch's own table --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without_kernel():
    """Operations of these names that MPS has not: neither a kernel of its own nor one made of others."""
    folder = Path(torchgen.__file__).parent / "packaged/ATen/native"
    parsed = parse_native_yaml(str(folder / "native_functions.yaml"), str(folder / "tags.yaml"))
    known = {str(function.func.name): function for function in parsed.native_functions}
    mps = parsed.backend_indices[DispatchKey.MPS]

    def missing(names):
        lacking = set()
        for name in names:
            function = known.get(name.removesuffix(".default"))
            if function is None:
                continue  # not of ATen's own table: an operation of autograd or of the profiler
            made_of_others = function.has_composite_kernel or function.structured_delegate is not None
            delegate = known.get(str(function.structured_delegate)) if function.structured_delegate else None
            if not (
                mps.has_kernel(function) or (delegate and mps.has_kernel(delegate)) or (made_of_others and not delegate)
            ):
                lacking.add(name)
        return lacking

    return missing


def test_the_table_knows_what_mps_lacks(without_kernel):
    assert without_kernel({"special_ndtri.default", "add.Tensor", "conv2d.default"}) == {"special_ndtri.default"}


def test_classifier_features_have_kernels_on_mps(without_kernel, monkeypatch):
    gpu, network = FakeGpu(monkeypatch, "mps:0"), features.classifier("digits")
    with gpu:
        gpu.place(network).features(torch.empty(2, 1, 8, 8, device=gpu.device))
    assert without_kernel(gpu.operations) == set() and gpu.doubles == []


# -- MPS: no double precision, in the metrics either -------------------------------------------------------------------


class OnMps(torch.Tensor):
    """Values that stand on MPS as far as double precision goes: they have none before `.cpu()`."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        out = super().__torch_function__(func, types, args, kwargs or {})
        if func is torch.Tensor.cpu:
            return out.as_subclass(torch.Tensor)
        if isinstance(out, OnMps) and out.dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")
        return out


def test_samples_on_mps_are_measured():
    generator = torch.Generator().manual_seed(0)
    x, labels = torch.randn(60, 4, generator=generator), torch.arange(60) % 3
    here = [part.as_subclass(OnMps) for part in (x, labels, labels, values_of(x.as_subclass(OnMps)))]
    mps, real = Features(*here), Features(x.flip(0), labels, labels)
    found = evaluate(QUALITY, mps, real, real)
    expected = evaluate(QUALITY, Features(x, labels, labels, values_of(x)), real, real)
    assert found == expected and set(found) == set(QUALITY)
    assert frechet_distance(here[0], x.flip(0)) == frechet_distance(x, x.flip(0))
    assert adherence.adherence(here[1], labels) == 1 and adherence.out_of_range(here[0]) > 0
    population(here[0], here[1])
    data = images()
    assert replace(data, pixels=data.pixels.as_subclass(OnMps)).std == data.std

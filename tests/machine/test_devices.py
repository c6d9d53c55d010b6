"""A device has one name: in a checkpoint's card and in a measured row."""

import re

import pytest
import torch

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine.description import backend, describe
from diffusion_lessons.machine.devices import device_name, is_out_of_memory, moved, tf32
from diffusion_lessons.training import loop


def test_a_device_is_named_by_its_kind_and_its_model(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100")
    assert device_name(torch.device("cuda:0")) == "cuda: NVIDIA H100"
    assert re.fullmatch(r"cpu: .+", device_name(torch.device("cpu")))


def test_a_card_and_a_measured_row_name_the_device_alike(tiny_recipe, tiny_data, tmp_path):
    *_, record = loop.train(tiny_recipe, tiny_data, tmp_path, device="cpu")
    card = cards.read_card(loop.finish(record, tmp_path))
    row = describe(torch.device("cpu"))
    assert (card["device"], card["threads"]) == (row["device"], row["threads"])


def test_a_card_from_a_gpu_names_what_computed_and_if_in_tf32(tiny_recipe, tiny_data, tmp_path, monkeypatch):
    with tf32(False):
        assert backend(torch.device("cuda")).endswith(", no TF32")
    monkeypatch.setattr("diffusion_lessons.training.state.backend", lambda device: backend(torch.device("cuda")))
    for precision, products in (("float32", ", no TF32"), ("bfloat16", ", TF32")):
        folder = tmp_path / precision
        *_, record = loop.train(tiny_recipe, tiny_data, folder, device="cpu", precision=precision)
        assert cards.read_card(loop.finish(record, folder))["backend"].endswith(products)


class Driver:
    """A driver's library, which says for which CUDA it is: 12080 is 12.8."""

    def __init__(self, newest):
        self.newest = newest

    def cuDriverGetVersion(self, pointer):
        pointer._obj.value = self.newest


def not_there(name):
    raise OSError(f"{name}: cannot open shared object file")


@pytest.mark.parametrize(
    ("library", "driver"),
    [
        (lambda name: Driver(12080), ["driver for CUDA 12.8"]),
        (lambda name: Driver(13020), ["driver for CUDA 13.2"]),
        (lambda name: Driver(0), []),
        (lambda name: object(), []),
        (not_there, []),
    ],
)
def test_a_gpus_libraries_are_named_as_far_as_they_are_known(monkeypatch, library, driver):
    monkeypatch.setattr("ctypes.CDLL", library)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91900)
    with tf32(False):
        assert backend(torch.device("cuda")).split(", ") == ["CUDA 13.0", *driver, "cuDNN 91900", "no TF32"]
        monkeypatch.setattr(torch.version, "cuda", None)
        monkeypatch.setattr(torch.version, "hip", "6.4")
        monkeypatch.setattr(torch.backends.cudnn, "version", lambda: None)
        assert backend(torch.device("cuda")).split(", ") == ["ROCm 6.4", *driver, "no TF32"]


@pytest.mark.parametrize(("there", "here"), [("cpu", "cuda:0"), ("cpu", "mps:0"), ("cuda:0", "cpu"), ("cpu", "cpu")])
def test_only_a_copy_from_pinned_memory_to_cuda_does_not_wait(monkeypatch, there, here):
    """On MPS it would read memory that may be freed by then; to the CPU it would return without the values."""
    from tests.fake_gpu import FakeGpu

    cuda = FakeGpu(monkeypatch)
    with cuda:
        assert moved(torch.empty(3, device=there), torch.device(here)).device == torch.device(here)
    assert len(cuda.copies) == (there != here)
    assert len(cuda.waits) == (there != here and here != "cuda:0")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB). Use PYTORCH_MPS_HIGH_WATERMARK_RATIO"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_memory_that_ran_out_is_known_on_every_device(error):
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("expected scalar type Half")) and not is_out_of_memory(KeyError("memory"))

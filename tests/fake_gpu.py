"""A GPU that is not there: fake tensors, which know device, shape and dtype and compute nothing.

    with FakeGpu(monkeypatch) as gpu:          # "cuda:0", or "mps:0" where that is asked for
        network = gpu.place(network)           # the module's parameters become fake, on the device
        ...                                    # a mismatch of devices raises as it would on a GPU
    assert gpu.waits == []                     # those of its copies between devices for which the host had to wait
    gpu.operations                             # what ran on the device, by name

Fake tensors prove devices and shapes, not numbers, speed or memory.
"""

import functools
import traceback
from contextlib import ExitStack, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from diffusion_lessons import path as paths
from diffusion_lessons.denoisers import conditions, network
from diffusion_lessons.machine import devices
from diffusion_lessons.samplers import checks
from diffusion_lessons.training import batches

CPU = torch.device("cpu")
VIEWS = ("aten.view", "aten.detach", "aten.t.", "aten.transpose", "aten.permute", "aten.expand", "aten.alias")


class FakeGpu(TorchDispatchMode):
    """Inside, `device` can be computed on as far as devices, shapes and types go; copies that wait are noted."""

    def __init__(self, monkeypatch, device="cuda:0"):
        super().__init__()
        self.device, self.copies, self.waits, self.doubles = torch.device(device), [], [], []
        self.operations = set()
        self._fake = FakeTensorMode(allow_non_fake_inputs=True)
        monkeypatch.setattr(devices, "pinned", lambda values: values)
        monkeypatch.setattr(devices, "half_precision", lambda device: torch.bfloat16)
        monkeypatch.setattr(devices, "device_generator", lambda device, seed: torch.Generator().manual_seed(seed))
        monkeypatch.setattr(batches, "device_generator", lambda device, seed: torch.Generator().manual_seed(seed))
        monkeypatch.setattr(batches, "epoch_indices", outside(batches.epoch_indices))
        monkeypatch.setattr(paths, "_evaluate", on_the_cpu(paths._evaluate))
        monkeypatch.setattr(paths, "choose_device", torch.device)  # else it would be told that this one is not there
        monkeypatch.setattr(torch.random, "fork_rng", lambda devices: nullcontext())
        monkeypatch.setattr(conditions, "check_labels", if_real(conditions.check_labels))  # it looks at values, too
        monkeypatch.setattr(network, "known_times", lambda t: [] if isinstance(t, torch.Tensor) else [t])
        monkeypatch.setattr(checks, "check_finite", lambda x: None)  # the one look at values, before the first step
        monkeypatch.setattr(torch.Tensor, "backward", lambda *_, **__: self._fill_gradients())
        monkeypatch.setattr(torch.Tensor, "__getitem__", indexed(torch.Tensor.__getitem__))
        monkeypatch.setattr(F, "scaled_dot_product_attention", attention)
        self._modules = []

    def __enter__(self):
        self._inside = ExitStack()
        self._inside.enter_context(torch.no_grad())  # nothing goes backward, and PyTorch 2.6 would ask for streams
        self._inside.enter_context(self._fake)
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._inside.close()

    def place(self, module):
        """The module with fake parameters on the device (Module.to swaps parameters, which fake tensors refuse)."""
        for part in module.modules():
            for name, parameter in list(part._parameters.items()):
                if parameter is not None:
                    moved = torch.empty(parameter.shape, dtype=parameter.dtype, device=self.device)
                    part._parameters[name] = nn.Parameter(moved, requires_grad=parameter.requires_grad)
            for name, buffer in list(part._buffers.items()):
                if buffer is not None:
                    part._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype, device=self.device)
        self._modules.append(module)
        return module

    def _fill_gradients(self):
        for module in self._modules:
            for parameter in module.parameters():
                if parameter.requires_grad:
                    parameter.grad = torch.zeros_like(parameter)

    def forget(self):
        """What was noted so far is of no interest."""
        for noted in (self.copies, self.waits, self.doubles, self.operations):
            noted.clear()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if "_to_copy" in str(func) and not isinstance(args[0], FakeTensor) and kwargs.get("device", CPU) != CPU:
            args = (self._fake.from_tensor(args[0]),)  # PyTorch 2.6 would look for the GPU, to copy values there
        out = func(*args, **kwargs)
        tensors = [each for each in args if isinstance(each, torch.Tensor)]
        crosses = "_to_copy" in str(func) and tensors and tensors[0].device.type != out.device.type
        crosses = crosses or ("copy_.default" in str(func) and tensors[0].device.type != tensors[1].device.type)
        looks = "_local_scalar_dense" in str(func) and tensors[0].device.type != "cpu"
        if crosses:
            self.copies.append(f"{func} in {_place()}")
        if looks or (crosses and not kwargs.get("non_blocking")):
            self.waits.append(f"{func} in {_place()}")
        if any(each.device.type != "cpu" for each in tensors):
            self.operations.add(str(func).removeprefix("aten."))
        made = isinstance(out, torch.Tensor) and out.device.type != "cpu" and out.dtype == torch.float64
        if made and not str(func).startswith(VIEWS):
            self.doubles.append(f"{func} in {_place()}")
        return out


def outside(function):
    """The function run on real tensors, whatever mode is on."""

    @functools.wraps(function)
    def run(*args, **options):
        with _disable_current_modes():
            return function(*args, **options)

    return run


def if_real(check_labels):
    """The check of labels that have values; fake ones are passed on."""

    def run(denoise, labels):
        return labels if isinstance(labels, FakeTensor) else outside(check_labels)(denoise, labels)

    return run


def on_the_cpu(evaluate):
    """A path's function: as it is; of fake tensors shape, type and device alone."""

    def run(path, function, value):
        if not isinstance(value, FakeTensor):
            return outside(evaluate)(path, function, value)
        return torch.empty_like(value)

    return run


def indexed(getitem):
    """values[index], for fake values written as what it consists of: PyTorch itself would look for the device."""

    def run(values, index):
        if not isinstance(values, FakeTensor) or values.device == CPU:
            return getitem(values, index)
        parts, dim = index if isinstance(index, tuple) else (index,), 0
        for number, part in enumerate(parts):
            if part is Ellipsis:
                dim = values.ndim - sum(each is not None for each in parts[number + 1 :])
            elif isinstance(part, slice):
                values, dim = torch.ops.aten.slice(values, dim, part.start, part.stop, part.step or 1), dim + 1
            elif isinstance(part, Tensor):
                values, dim = torch.ops.aten.index(values, [*[None] * dim, part]), dim + part.ndim
            elif part is None:
                values, dim = values.unsqueeze(dim), dim + 1
            else:
                values = values.select(dim, part)
        return values

    return run


def attention(q, k, v, mask=None):
    """Attention written out: the choice among kernels for it would ask the device, too."""
    scores = q @ k.mT
    return (scores if mask is None else scores.masked_fill(~mask, float("-inf"))).softmax(dim=-1) @ v


def _place():
    for frame in reversed(traceback.extract_stack()):
        if "/diffusion_lessons/" in frame.filename:
            return f"{frame.filename.rsplit('/diffusion_lessons/', 1)[1]}:{frame.lineno}"
    return "?"

"""A network whose convolutions and linear layers multiply whole numbers of 8 bits.

quick = to_int8(load("mnist-diffusion"))     # needs the extra "optimise" and a C++ compiler; compiles at the first call

A number x becomes q = round(x / step) + zero, kept within 8 bits, and stands for (q - zero) step: at most half a step
from x, as long as x lies in the range that was assumed. Weights are known beforehand, and each output channel has its
own step. Activations are not: their range is measured while the network runs on examples (static quantisation), and it
changes with the noise level, so examples of *every* level are needed. Source: Jacob et al. 2018 (arXiv 1712.05877),
sections 2.1 and 3; for diffusion Shang et al. 2023, "Post-training quantization on diffusion models" (2211.15736).
"""

import importlib.util
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.devices import half_precision, why_not_compiled
from diffusion_lessons.machine.quiet import quietly
from diffusion_lessons.networks.unet import UNet
from diffusion_lessons.optimise.copies import network_of, unet_of
from diffusion_lessons.samplers.ddim import ddim

PARTS = 8  # equal parts of (0, T], each of which a calibration set must have a time in
KEPT = ("stem", "out")  # the first and the last layer, which stay in float32
MOST_ROWS = 4096


class Quantised(NamedTuple):
    """Whole numbers q and what they stand for, (q - zero) step; `low` and `high` are the ends of q's range."""

    q: Tensor
    step: Tensor
    zero: Tensor
    low: int
    high: int

    @property
    def values(self) -> Tensor:
        """What the whole numbers stand for: (q - zero) step."""
        return (self.q - self.zero) * self.step


def quantise(x: Tensor, *, symmetric: bool = False, channels: bool = False, bits: int = 8) -> Quantised:
    """x as whole numbers of `bits` bits over its own range: q = round(x / step) + zero.

        symmetric:  step = max |x| / 127,              zero = 0,                     q in -127..127 (weights)
        otherwise:  step = (max x - min x) / 255,      zero = -round(min x / step),  q in 0..255 (activations)

    A range that does not hold 0 is widened to it, so that 0 is met exactly. channels: a step for each x[i], as weights
    have for each output. The error is at most half a step (see the tests). Raises ValueError for x that is not finite.
    """
    if not x.isfinite().all():
        raise ValueError("only finite numbers have a range to be shared out among whole numbers")
    rows = x.reshape(len(x), -1) if channels else x.reshape(1, -1)
    shape = (-1, *[1] * (x.ndim - 1)) if channels else (1,) * x.ndim
    low, high = rows.amin(dim=1).clamp(max=0), rows.amax(dim=1).clamp(min=0)
    if symmetric:
        first, last = 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1
        step = torch.maximum(-low, high) / last
    else:
        first, last = 0, 2**bits - 1
        step = (high - low) / last
    step = torch.where(step > 0, step, torch.ones_like(step)).view(shape)
    zero = torch.zeros_like(step) if symmetric else -(low.view(shape) / step).round()
    return Quantised((x / step).round().add(zero).clamp(first, last), step, zero, first, last)


class Example(NamedTuple):
    """One input of the network: x_t [B, ...], the time, and labels [B] or None."""

    x: Tensor
    t: float
    labels: Tensor | None


@torch.no_grad()
def calibration_run(denoise: Denoiser, samples: int = 32, steps: int = 20, seed: int = 0) -> list[Example]:
    """States of one run of DDIM, as examples of what the network will be given: no data are needed."""
    if denoise.shape is None:
        raise ValueError("the denoiser does not say the shape of one sample: make it with shape=(channels, H, W)")
    generator = torch.Generator().manual_seed(seed)
    x = denoise.path.prior((samples, *denoise.shape), generator).to(denoise.device or "cpu")
    labels = None if denoise.classes is None else torch.arange(samples, device=x.device) % (denoise.classes + 1)
    times = denoise.path.grid(steps)
    examples = [Example(x, times[0], labels)]
    told = denoise if labels is None else condition_on(denoise, labels)
    states = ddim(told, x, denoise.path, times)
    return examples + [Example(state.x, state.t, labels) for state in states if state.t > 0]


def check_levels(denoise: Denoiser, examples: Iterable[Example]) -> None:
    """Raise a ValueError that names the noise levels of which a calibration set has no example."""
    path = denoise.path
    have = {min(math.ceil(example.t / path.T * PARTS - 1e-9), PARTS) for example in examples}
    missing = [part for part in range(1, PARTS + 1) if part not in have]
    if missing:
        ends = [((part - 1) * path.T / PARTS, part * path.T / PARTS) for part in missing]
        words = ", ".join(f"t in ({low:g}, {high:g}]" for low, high in ends)
        level = float(path.sigma(sum(ends[0]) / 2)) / float(path.alpha(sum(ends[0]) / 2))
        raise ValueError(
            f"the calibration set misses noise levels: no example has {words} (noise level {level:.3g} and so on). The "
            "range of activations changes with the level; add examples of these, or use `calibration_run`"
        )


def why_no_int8(device: torch.device | None = None, *, compile: bool = True) -> str:
    """Why int8 would not work here, and what would help; '' where it does.

    compile: False asks for the rounding alone, which needs neither a compiler nor VNNI (see `to_int8`).
    """
    if importlib.util.find_spec("torchao") is None:
        return "torchao is not installed: pip install 'diffusion-lessons[optimise]'"
    if device is not None and device.type != "cpu":
        return f"int8 convolutions are made for CPUs here, and the network is on {device.type}: load it on the CPU"
    if not compile:
        return ""
    if reason := why_not_compiled(torch.device("cpu")):
        return f"{reason}, which int8 kernels are compiled with: install g++ (on Debian or Ubuntu: apt install g++)"
    if not has_int8_instructions():
        cure = "take bfloat16" if half_precision(torch.device("cpu")) else "take ONNX Runtime's int8 (--int8 --onnx)"
        return f"this CPU has no instruction for 8-bit products (VNNI), which overflow unnoticed without it: {cure}"
    return ""


def has_int8_instructions() -> bool:
    """Whether this CPU multiplies 8-bit numbers by an instruction of its own (VNNI)."""
    return bool(torch.cpu._is_vnni_supported())


class Int8(nn.Module):
    """network(x, t, condition) with int8 products; see `to_int8`."""

    why_not_half = "products are in int8 already: leave the precision at float32"

    def __init__(self, network: nn.Module, compiled: bool) -> None:
        super().__init__()
        self.network = network
        self.run = torch.compile(network, dynamic=False) if compiled else network

    def forward(self, *inputs: Tensor) -> Tensor:
        from torch._inductor import config  # here, since importing the compiler takes as long as importing torch

        # weights become constants of the program ("freezing"), which is asked for while it compiles, without gradients
        with torch.no_grad(), config.patch(freezing=True):
            return self.run(*inputs)


def to_int8(
    denoise: Denoiser,
    examples: Sequence[Example] | None = None,
    *,
    kept: Sequence[str] = KEPT,
    compile: bool = True,
) -> Denoiser:
    """The same denoiser with the products of its layers in int8, ranges of activations taken from these examples.

    examples: by default those of `calibration_run`. kept: layers that stay in float32, by name. compile: False computes
    the same rounding in float32 arithmetic, slowly: it shows what int8 costs in quality where nothing can be compiled.
    The first call with a batch of a new size compiles for a minute or two.

    Raises ValueError for a calibration set that misses noise levels, for what `copied` refuses, for a network that is
    no U-Net of images, where int8 does not work (`why_no_int8`), and for layers that are not there.
    """
    network = unet_alone(denoise, "int8 is made of the U-Net alone")
    if reason := why_no_int8(denoise.device, compile=compile):
        raise ValueError(f"int8 is not available here: {reason}")
    examples = checked(denoise, examples, kept)
    return denoise.with_network(Int8(_converted(network, examples, kept), compile))


def unet_alone(denoise: Denoiser, why: str) -> UNet:
    """The network, which is a U-Net of images and nothing around it. Raises ValueError, beginning with `why`."""
    network = network_of(denoise)
    if not isinstance(network, UNet):
        raise ValueError(
            f"{why}, and this is a {type(network).__name__}: prune it before, and leave out kept features, another "
            "int8, half precision and words"
        )
    return network


def checked(denoise: Denoiser, examples: Sequence[Example] | None, kept: Sequence[str]) -> list[Example]:
    """These examples, or those of `calibration_run`, if they have every noise level and the `kept` layers are there."""
    check_layers(denoise, kept)
    examples = calibration_run(denoise) if examples is None else list(examples)
    check_levels(denoise, examples)
    return examples


def check_layers(denoise: Denoiser, names: Sequence[str]) -> None:
    """Raise a ValueError that names the first of these layers that is not there."""
    if unknown := sorted(set(names) - set(layer_names(denoise))):
        raise ValueError(f"no layer {unknown[0]!r}; the layers are {', '.join(layer_names(denoise))}")


def layer_names(denoise: Denoiser) -> list[str]:
    """The layers of the U-Net that multiply: convolutions and linear layers."""
    return [name for name, part in unet_of(denoise).named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]


def _converted(network: nn.Module, examples: Sequence[Example], kept: Sequence[str]) -> nn.Module:
    with quietly(), torch.no_grad():  # the library, about its own internals
        from torchao.quantization.pt2e import quantize_pt2e
        from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

        quantizer = x86.X86InductorQuantizer().set_global(x86.get_default_x86_inductor_quantization_config())
        for name in kept:
            quantizer.set_module_name_qconfig(name, None)
        inputs = inputs_of(examples[0])
        exported = torch.export.export(network, inputs, dynamic_shapes=any_batch(inputs))
        prepared = quantize_pt2e.prepare_pt2e(exported.module(), quantizer)
        for example in examples:
            prepared(*inputs_of(example))
        return quantize_pt2e.convert_pt2e(prepared)


def any_batch(inputs: Sequence[Tensor]) -> tuple[dict[int, Any], ...]:
    """For `torch.export`: the first size of each input is the batch, from 1 to MOST_ROWS."""
    rows = torch.export.Dim("rows", min=1, max=MOST_ROWS)
    return tuple({0: rows} for _ in inputs)


def inputs_of(example: Example) -> tuple[Tensor, ...]:
    """What the network is called with: x [B, ...], times [B], and labels [B] if it has classes."""
    times = torch.full((len(example.x),), float(example.t), device=example.x.device)
    return (example.x, times) if example.labels is None else (example.x, times, example.labels)

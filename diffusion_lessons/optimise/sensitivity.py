"""Which layer bears int8 worst? Each layer is rounded alone, and the error of the network's output is measured.

for layer in layer_sensitivity(denoise): print(layer.name, layer.error)

Rounding is done in float32 arithmetic here, as `to_int8` does it in whole numbers: nothing is compiled.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.optimise.copies import copied, network_of, unet_of
from diffusion_lessons.optimise.int8 import Example, calibration_run, check_levels, inputs_of, layer_names, quantise


class Sensitivity(NamedTuple):
    """The relative error of the network's output, root mean square, when this layer alone is rounded to int8."""

    name: str
    error: float


@torch.no_grad()
def layer_sensitivity(denoise: Denoiser, examples: Sequence[Example] | None = None, bits: int = 8) -> list[Sensitivity]:
    """Every layer that multiplies, the most sensitive first.

        error = sqrt(mean |network rounded there - network|^2 / mean |network|^2)

    Weights have a step for each output channel, and the layer's input one step over all examples (`int8.quantise`).
    Raises what `to_int8` does for examples that miss noise levels.
    """
    examples = calibration_run(denoise) if examples is None else list(examples)
    check_levels(denoise, examples)
    other = copied(denoise)
    network, layers = network_of(other), dict(unet_of(other).named_modules())
    whole = _outputs(network, examples)
    names = layer_names(other)
    ranges = _ranges(network, {name: layers[name] for name in names}, examples)
    found = []
    for name in names:
        layer: Any = layers[name]
        weight = layer.weight
        layer.weight = nn.Parameter(quantise(weight, symmetric=True, channels=True, bits=bits).values, False)
        handle = layer.register_forward_pre_hook(_rounding(ranges[name], bits))
        error = (_outputs(network, examples) - whole).square().mean().sqrt() / whole.square().mean().sqrt()
        handle.remove()
        layer.weight = weight
        found.append(Sensitivity(name, float(error)))
    return sorted(found, key=lambda one: -one.error)


def _outputs(network: nn.Module, examples: Sequence[Example]) -> Tensor:
    return torch.cat([network(*inputs_of(example)) for example in examples])


def _ranges(network: nn.Module, layers: dict[str, nn.Module], examples: Sequence[Example]) -> dict[str, Tensor]:
    """The smallest and the largest input of each layer over all examples, [2]."""
    ends: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            now = torch.stack(inputs[0].aminmax())
            before = ends.get(name, now)
            ends[name] = torch.stack([torch.minimum(before[0], now[0]), torch.maximum(before[1], now[1])])

        return hook

    handles = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers.items()]
    _outputs(network, examples)
    for handle in handles:
        handle.remove()
    return ends


def _rounding(ends: Tensor, bits: int) -> Callable[..., tuple[Tensor, ...]]:
    """A hook that rounds a layer's input over this range."""
    grid = quantise(ends, bits=bits)

    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        q = (inputs[0] / grid.step + grid.zero).round().clamp(grid.low, grid.high)
        return ((q - grid.zero) * grid.step, *inputs[1:])

    return hook

"""A network run by ONNX Runtime, in float32 or in int8: the road to int8 that needs no compiler.

    quick = to_onnx(load("mnist-diffusion"), int8=True)     # needs onnx, onnxruntime and onnxscript
    export_onnx(load("mnist-diffusion"), "mnist.onnx")      # for other programs, in batches of any size

The network is written down as a graph of operations, ONNX, which a runtime of its own carries out. Its int8 is static,
as `int8.to_int8` is: ranges of activations come from examples of every noise level, weights have a step for each output
channel, and the first and the last layer stay in float32. Convolutions alone are quantised, where nearly all products
are.
Sources: https://onnx.ai, https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html.
"""

import copy
import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.files import check_writable, write_atomically
from diffusion_lessons.machine.quiet import quietly
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.optimise.int8 import (
    KEPT,
    Example,
    any_batch,
    calibration_run,
    check_layers,
    checked,
    inputs_of,
    unet_alone,
)

NEEDED = ("onnx", "onnxruntime", "onnxscript")
NAMES = ("x", "t", "condition")  # of the graph's inputs; the output is "out"


def why_no_onnx(device: torch.device | None = None) -> str:
    """Why ONNX Runtime would not work here, and what would help; '' where it does."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        return f"{' and '.join(missing)} not installed: pip install {' '.join(NEEDED)}"
    if device is not None and device.type != "cpu":
        return f"ONNX Runtime computes on the CPU here, and the network is on {device.type}: load it on the CPU"
    return ""


class OnnxNetwork(nn.Module):
    """network(x, t, condition), carried out by ONNX Runtime in as many threads as PyTorch has; see `to_onnx`."""

    why_not_half = "ONNX Runtime computes it as it was exported: leave the precision at float32"

    def __init__(self, graph: bytes) -> None:
        super().__init__()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.anchor = nn.Parameter(torch.zeros(()), requires_grad=False)  # says float32, and the CPU

    def __deepcopy__(self, _: dict[int, Any]) -> "OnnxNetwork":
        """The session is never changed, so that a copy may share it."""
        return copy.copy(self)

    def forward(self, *inputs: Tensor) -> Tensor:
        arrays = [part.detach().cpu() for part in inputs]
        feed = {
            name: (a.float() if a.is_floating_point() else a).numpy() for name, a in zip(NAMES, arrays, strict=False)
        }
        return torch.from_numpy(self.session.run(None, feed)[0]).to(inputs[0])


def export_onnx(denoise: Denoiser, file: str | Path) -> Path:
    """Write the network of a denoiser as an ONNX graph, for batches of 1 to 4096, and return its path.

    Inputs are x [B, ...], t [B] in the path's units, and the labels `condition` [B] if the network has classes; the
    output `out` [B, ...] is what the network predicts (the card's `predicts`).

    Raises ValueError where it would not work (`why_no_onnx`), for a name that does not end in .onnx, and for a network
    that is no U-Net of images.
    """
    file = Path(file)
    if file.suffix != ".onnx":
        raise ValueError(f"a graph is an ONNX file: give a name that ends in .onnx; got {str(file)!r}")
    _check(denoise)
    check_writable(file)
    write_atomically(file, _graph(denoise))
    return file


def to_onnx(
    denoise: Denoiser,
    *,
    int8: bool = False,
    examples: Sequence[Example] | None = None,
    kept: Sequence[str] = KEPT,
) -> Denoiser:
    """The same denoiser, whose network ONNX Runtime carries out; with `int8` its convolutions multiply whole numbers.

    examples: of every noise level, by default those of `calibration_run`. kept: layers that stay in float32, by name.
    Exporting takes some ten seconds, and quantising as long again.

    Raises ValueError where it would not work (`why_no_onnx`), for a network that is no U-Net of images, for examples
    that miss noise levels, and for layers that are not there.
    """
    _check(denoise)
    check_layers(denoise, kept)
    examples = checked(denoise, examples, kept) if int8 else []
    graph = _graph(denoise)
    return denoise.with_network(OnnxNetwork(_quantised(graph, examples, kept) if int8 else graph))


def _check(denoise: Denoiser) -> None:
    if reason := why_no_onnx(denoise.device):
        raise ValueError(f"ONNX Runtime is not available here: {reason}")
    unet_alone(denoise, "the U-Net alone is exported")


def _graph(denoise: Denoiser) -> bytes:
    """The network as an ONNX graph, whose nodes are named after the layers' weights."""
    inputs = inputs_of(calibration_run(denoise, samples=2, steps=1)[0])
    with quietly(), torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        program = torch.onnx.export(
            network_of(denoise),
            inputs,
            dynamo=True,
            dynamic_shapes=any_batch(inputs),
            input_names=NAMES[: len(inputs)],
            output_names=["out"],
            verbose=False,
        )
        assert program is not None
        program.save(Path(folder) / "whole.onnx")
        return (Path(folder) / "whole.onnx").read_bytes()


def _quantised(graph: bytes, examples: Sequence[Example], kept: Sequence[str]) -> bytes:
    import onnx
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        """The examples one by one, as the library asks for them."""

        def __init__(self) -> None:
            feeds = ({n: part.numpy() for n, part in zip(NAMES, inputs_of(one), strict=False)} for one in examples)
            self.feeds: Iterator[dict[str, Any]] = iter(feeds)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.feeds, None)

    model = onnx.load_from_string(graph)
    excluded = [node.name for node in model.graph.node if any(f"{name}.weight" in node.input for name in kept)]
    with quietly(), tempfile.TemporaryDirectory() as folder:
        quantization.quantize_static(
            model,
            str(Path(folder) / "int8.onnx"),
            Reader(),
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=excluded,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return (Path(folder) / "int8.onnx").read_bytes()

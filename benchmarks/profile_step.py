"""Where the time of a training step goes, and how near it is to what the device can compute at most.

    python -m benchmarks.profile_step [--recipe mnist-small] [--steps 10] [--device cuda] [--write]

The step is that of `diffusion-lessons train`, the very loop, under PyTorch's profiler: what share of the time each kind
of operation spends in itself, going forward and backward, of the time of an unprofiled step. The limit is a large
matrix product in the same precision, timed in turn with the steps. On a CPU both are counted in CPU seconds, so that
other programs disturb them little; the shares want a quiet machine. `--write` puts the table into
docs/training_speed.md.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import page
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.machine.description import describe
from diffusion_lessons.machine.devices import choose_device, half_precision, synchronise
from diffusion_lessons.training import loop, recipes
from diffusion_lessons.training.ema import EMA

SCOPES: dict[str, tuple[Any, str]] = {
    "drawing the batch": (recipes, "draw_batch"),
    "clipping the gradient": (nn.utils, "clip_grad_norm_"),
    "optimiser": (torch.optim.AdamW, "step"),
    "average of the weights": (EMA, "update"),
}
KINDS = {  # by a part of the name of an operation or of one that called it, the innermost first
    "convolutions": ("convolution", "conv2d"),
    "group normalisation": ("group_norm",),
    "attention": ("scaled_dot_product",),
    "linear layers": ("linear", "addmm", "AddmmBackward"),
    "SiLU": ("silu",),
    "casts between precisions": ("aten::to", "_to_copy", "ToCopyBackward"),
}
REST = "the rest: sums, concatenations, resizing, the loss"
SIDE = 2048  # of the matrices whose product is the limit


@contextmanager
def scopes() -> Iterator[None]:
    """Names in the profile for the parts of a step that are no single operation."""

    def named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            with record_function(name):
                return function(*arguments, **options)

        return run

    with ExitStack() as stack:
        for name, (owner, attribute) in SCOPES.items():
            stack.enter_context(patch.object(owner, attribute, named(name, getattr(owner, attribute))))
        yield


def part(event: Any) -> tuple[str, str]:
    """(kind, "forward", "backward" or "") of an operation in the profile."""
    chain, backward = [], False
    while event is not None:
        chain.append(event.name)
        backward |= event.name.startswith("autograd::engine")
        event = event.cpu_parent
    for scope in SCOPES:
        if scope in chain:
            return scope, ""
    found = (kind for name in chain for kind, parts in KINDS.items() if any(each in name for each in parts))
    return next(found, REST), "backward" if backward else "forward"


def shares(records: Iterator[loop.TrainingRecord], device: torch.device) -> dict[tuple[str, str], float]:
    """What share of the time of all operations those of each part take, over the steps to the next record."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    with scopes(), profile(activities=activities) as recorded:
        next(records)
    found: dict[tuple[str, str], float] = defaultdict(float)
    for event in recorded.events():
        spent = event.self_device_time_total if device.type == "cuda" else event.self_cpu_time_total
        if not event.name.startswith("ProfilerStep"):
            found[part(event)] += spent
    total = sum(found.values())
    return {each: spent / total for each, spent in found.items()}


def clock(device: torch.device) -> float:
    """CPU seconds of this process on a CPU; the time of day, after what was asked for is done, elsewhere."""
    synchronise(device)
    return time.process_time() if device.type == "cpu" else time.perf_counter()


def timed(work: Callable[[], object], device: torch.device) -> float:
    begun = clock(device)
    work()
    return clock(device) - begun


def operations(recipe: recipes.Recipe, data: Data) -> int:
    """Floating-point operations of the products in one step, forward and backward; a multiply-add counts two."""
    with FlopCounterMode(display=False) as counter:
        next(loop.train(recipe, data, device="cpu"))
    return counter.get_total_flops()


def measure(recipe: recipes.Recipe, data: Data, device: torch.device, steps: int) -> list[str]:
    """The lines of the table, and of what is said above it."""
    precision = half_precision(device) or torch.float32
    records = loop.train(recipe, data, device=device, every=steps)
    next(records), next(records)  # the first step, and on to the next record: compilation and warm-up
    square = torch.randn(SIDE, SIDE, device=device, dtype=precision)
    times, products = [], []
    for _ in range(3):
        products.append(min(timed(lambda: square @ square, device) for _ in range(3)))
        times.append(timed(lambda: next(records), device) / steps)
    step, limit = statistics.median(times), 2 * SIDE**3 / min(products)
    flops = operations(recipe, data)
    parts = {each: share * step for each, share in shares(records, device).items()}
    threads = f", {torch.get_num_threads()} thread(s)" if device.type == "cpu" else ""
    found = describe(device)
    lines = [
        f"`{recipe.name}`, batch {recipe.batch}, {str(precision).removeprefix('torch.')}; {found['device']}{threads}; "
        f"PyTorch {found['torch']}; load {found['load']}.",
        "",
        f"- A step takes {1000 * step:.0f} ms ({1000 * min(times):.0f} to {1000 * max(times):.0f}): "
        f"{recipe.batch / step:.0f} images per second.",
        f"- Its products are {flops / 1e9:.1f} billion operations. At the {limit / 1e9:.0f} billion a second of a "
        f"{SIDE}x{SIDE} matrix product they would take {1000 * flops / limit:.0f} ms: the step reaches "
        f"{flops / limit / step:.0%} of the arithmetic limit.",
        "",
        "| part | forward | backward | together | share |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    kinds = {kind for kind, _ in parts}
    both = {kind: sum(parts.get((kind, way), 0.0) for way in ("forward", "backward", "")) for kind in kinds}
    for kind in sorted(kinds, key=lambda kind: -both[kind]):
        ways = [f"{1000 * parts[kind, way]:.1f} ms" if (kind, way) in parts else "" for way in ("forward", "backward")]
        lines.append(f"| {kind} | {' | '.join(ways)} | {1000 * both[kind]:.1f} ms | {both[kind] / step:.0%} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="mnist-small", choices=recipes.names())
    parser.add_argument("--steps", type=int, default=5, help="profiled together, after as many to warm up")
    parser.add_argument("--device", help="cuda or cpu; by default the best that is there")
    parser.add_argument("--write", action="store_true", help=f"put the table into {page.PAGE.name}")
    arguments = parser.parse_args()
    device, recipe = choose_device(arguments.device), recipes.get(arguments.recipe)
    try:
        data = recipe.load_data(download=False)
    except FileNotFoundError:  # the embedded digits, enlarged, weigh the same
        data = load_data("digits", size=28)
    lines = measure(recipe, data, device, arguments.steps)
    print("\n".join(lines))
    if arguments.write:
        page.write(lines, device.type)


if __name__ == "__main__":
    main()

"""Which network of a few million parameters learns CIFAR-10 on one CPU core, and how: images a second.

    OMP_NUM_THREADS=1 python -m benchmarks.cifar_race [--steps 8] [--only 64-128-192] [--ways eager compiled]

Every candidate is timed in the training loop's own step (batch, forward, backward, AdamW, running average) at batch
128, in the half precision that the CPU has. The ways: "eager"; "eager sdpa", with PyTorch's own attention in place of
the one that is written out; "eager nhwc", the features of a position next to each other in memory (channels_last);
"compiled" and "compiled nhwc", the same through torch.compile. The images are noise: speed does not depend on them.
Times are of the CPU, so that other programs disturb them little; medians of the steps after the third.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F

from diffusion_lessons.data import Data
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.networks import count_parameters, unet
from diffusion_lessons.networks.attention import attend
from diffusion_lessons.networks.unet import UNet, UNetConfig
from diffusion_lessons.training import recipes
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Step, denoising

COMMON: dict[str, Any] = {"channels": 3, "patch": 2, "embedding": 256}
CANDIDATES = {
    "64-128-192": UNetConfig(widths=(64, 128, 192), attention=(1,), **COMMON),
    "64-128-256": UNetConfig(widths=(64, 128, 256), attention=(1,), **COMMON),
    "96-160-224": UNetConfig(widths=(96, 160, 224), attention=(1,), **COMMON),
    "128-192": UNetConfig(widths=(128, 192), attention=(1,), **COMMON),
    "128-192-256": UNetConfig(widths=(128, 192, 256), attention=(1,), **COMMON),
    "128-256": UNetConfig(widths=(128, 256), attention=(1,), **COMMON),
}
WAYS = ("eager", "eager sdpa", "eager nhwc", "compiled", "compiled nhwc")


def noise(count: int = 2000) -> Data:
    """Images of the shape of CIFAR-10's."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator)
    return Data(pixels, torch.arange(count) % 10, tuple("0123456789"), {"name": "noise"})


def steps(config: UNetConfig, way: str) -> Iterator[float]:
    """CPU seconds of one training step after another."""
    recipe = replace(recipes.get("cifar10-small", images=10**6, batch=128, compile="compiled" in way), network=config)
    data, device = noise(), torch.device("cpu")
    run = Run(recipe, data, device, seed=0)
    if "nhwc" in way:
        run.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    step = Step(run, denoising, data, Processes(device))
    attention = F.scaled_dot_product_attention if "sdpa" in way else attend
    with patch.object(unet, "attend", attention):
        while True:
            begun = time.process_time()
            step(recipe.learning_rate)
            yield time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8, help="timed steps of each, after three that warm up")
    parser.add_argument("--only", nargs="+", default=list(CANDIDATES), choices=CANDIDATES, help="these networks")
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS, help="these ways")
    arguments = parser.parse_args()
    print("| network | parameters | way | images a CPU second | first step, s |\n| --- | ---: | --- | ---: | ---: |")
    for name in arguments.only:
        config = replace(CANDIDATES[name], classes=10)
        parameters = count_parameters(UNet(config))
        for way in arguments.ways:
            torch.compiler.reset()
            clock = steps(config, way)
            first, _, _ = next(clock), next(clock), next(clock)
            speed = 128 / statistics.median(next(clock) for _ in range(arguments.steps))
            print(f"| {name} | {parameters:,} | {way} | {speed:.0f} | {first:.1f} |", flush=True)


if __name__ == "__main__":
    main()

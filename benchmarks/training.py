"""Training, side by side in one process: our U-Nets against those of two well-known public projects.

    python -m benchmarks.training [--rung cifar10] [--minutes 2] [--steps 10] [--write]

On MNIST, and on images of the shape of CIFAR-10's:

diffusers   the UNet2DModel of its best-known course: widths 32/64/64 (for colour 64/96/128), two layers a level,
            attention at the lower two
lucidrains  the class-conditional U-Net of denoising-diffusion-pytorch, widths 32/64 (for colour 64/128), linear
            attention at each level. It is not a dependency: `pip install denoising-diffusion-pytorch` beside the
            project to see its rows

All learn the same thing from the same batches (v on the cosine path, class-conditional, AdamW, running average) and are
timed in float32 and, where this CPU has bfloat16 instructions, under autocast; each races in its faster precision.

1. Images per second: one step of each in turn, several times; medians, and ours over theirs within each turn.
2. Peak memory: the most bytes that PyTorch held during the first two steps: weights, optimiser, average, activations.
3. The same CPU minutes for each, in alternating slices: the loss of the averaged weights on 512 held-out images.

`--write` puts the tables into docs/training_speed.md.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import nn
from tqdm.auto import tqdm

from benchmarks import page
from benchmarks.memory import peak_bytes
from benchmarks.others import Course, Lucidrains
from benchmarks.samplers import quartiles
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.machine import description as machine
from diffusion_lessons.machine.devices import half_precision
from diffusion_lessons.networks import count_parameters
from diffusion_lessons.path import Path
from diffusion_lessons.training import recipes
from diffusion_lessons.training.batches import draw_batch
from diffusion_lessons.training.ema import EMA
from diffusion_lessons.training.loop import learning_rate
from diffusion_lessons.training.losses import loss, sample_times
from diffusion_lessons.training.recipes import Recipe

CPU = torch.device("cpu")


class Rung(NamedTuple):
    """A recipe of ours, and the widths at which the others have about as many parameters."""

    recipe: Recipe
    diffusers: tuple[int, ...]
    lucidrains: tuple[int, tuple[int, ...]]  # the first width and its multiples
    title: str

    @property
    def path(self) -> Path:
        return self.recipe.make_path()


RUNGS = {
    "mnist": Rung(recipes.get("mnist-small"), (32, 64, 64), (32, (1, 2)), "the CPU side by side"),
    "cifar10": Rung(
        recipes.get("cifar10-small", batch=64), (64, 96, 128), (64, (1, 2)), "the CPU side by side in colour"
    ),
}


@dataclass
class Runner:
    """One network in training, with its own clock: seconds of CPU that its steps took."""

    name: str
    network: nn.Module
    precision: torch.dtype | None
    rung: Rung
    step: int = 0
    seconds: float = 0.0
    timings: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        recipe = self.rung.recipe
        self.ema = EMA(self.network, recipe.ema_share)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )

    def update(self, data: Data, progress: float = 0.5) -> None:
        begun, recipe = time.process_time(), self.rung.recipe
        batch = draw_batch(data, recipe.batch, seed=0, step=self.step, flip=recipe.flip)
        with torch.autocast("cpu", self.precision, enabled=self.precision is not None):
            error = loss(
                self.network,
                batch.x0,
                batch.eps,
                sample_times(batch.u, self.rung.path),
                self.rung.path,
                recipe.predicts,
                batch.condition,
            )
        error.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(recipe.learning_rate, progress, recipe.warm_up)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.ema.update(self.network, self.step)
        self.step += 1
        self.timings.append(time.process_time() - begun)
        self.seconds += self.timings[-1]

    @property
    def speed(self) -> float:
        """Images per CPU second, by the median step after the first."""
        return self.rung.recipe.batch / statistics.median(self.timings[1:])

    @torch.no_grad()
    def held_out_loss(self, data: Data) -> float:
        batch = draw_batch(data, 512, seed=1, step=0)
        t, path = sample_times(batch.u, self.rung.path), self.rung.path
        predicts = self.rung.recipe.predicts
        return loss(self.ema.network, batch.x0, batch.eps, t, path, predicts, batch.condition).item()


def makers(data: Data, rung: Rung) -> dict[str, Callable[[], nn.Module]]:
    """The networks that are compared, ours first; those of projects that are not installed are left out."""
    shape, classes = data.shape, len(data.classes)
    found: dict[str, Callable[[], nn.Module]] = {
        "ours": lambda: rung.recipe.make_network(data),
        "diffusers": lambda: Course(shape, classes, rung.diffusers),
    }
    if find_spec("denoising_diffusion_pytorch"):
        found["lucidrains"] = lambda: Lucidrains(shape, classes, *rung.lucidrains)
    return found


def runner(name: str, data: Data, precision: torch.dtype | None, rung: Rung) -> Runner:
    """A network of this name with its first weights, ready to train."""
    torch.manual_seed(0)
    return Runner(name, makers(data, rung)[name](), precision, rung)


def runners(data: Data, rung: Rung) -> Iterator[Runner]:
    """All networks in each precision that makes sense here."""
    for precision in dict.fromkeys([None, half_precision(CPU)]):
        for name in makers(data, rung):
            yield runner(name, data, precision, rung)


def memory(name: str, data: Data, precision: torch.dtype | None, rung: Rung) -> float:
    """Megabytes at the peak of the first two steps; the second has the optimiser's state as well."""

    def two_steps() -> None:
        each = runner(name, data, precision, rung)
        each.update(data)
        each.update(data)

    return peak_bytes(two_steps) / 1e6


def throughput(data: Data, steps: int, rung: Rung) -> tuple[dict[str, Runner], list[str]]:
    """Time `steps` interleaved steps of every runner; the faster precision of each network, and the table of all."""
    all_runners = list(runners(data, rung))
    for _ in tqdm(range(steps + 1), desc="timing a step of each", unit="turn", leave=False):
        for each in all_runners:
            each.update(data)
    lines = [
        "| network | parameters | precision | images a second | peak memory |",
        "| --- | ---: | --- | ---: | ---: |",
    ]
    for each in all_runners:
        precision = str(each.precision or torch.float32).removeprefix("torch.")
        peak = memory(each.name, data, each.precision, rung)
        parameters = count_parameters(each.network)
        lines.append(f"| {each.name} | {parameters:,} | {precision} | {each.speed:.1f} | {peak:.0f} MB |")
    slowest_first = sorted(all_runners, key=lambda r: r.speed)
    fastest = {r.name: r for r in slowest_first}
    return {name: fastest[name] for name in makers(data, rung)}, lines


def speed_ratios(fastest: dict[str, Runner]) -> list[str]:
    """How many times as fast ours is, each in its faster precision: quartiles of the ratios within a turn."""
    lines = []
    for name, theirs in fastest.items():
        if name != "ours":
            turns = zip(theirs.timings[1:], fastest["ours"].timings[1:], strict=True)
            low, middle, high = quartiles([their / our for their, our in turns])
            lines.append(f"- ours / {name}: {middle:.2f} [{low:.2f}, {high:.2f}] times the images per second.")
    return lines


def race(fastest: dict[str, Runner], data: Data, test: Data, minutes: float) -> list[str]:
    """Train each afresh for the same CPU time, in turn; the table of their losses on held-out images."""
    fresh = [runner(name, data, r.precision, r.rung) for name, r in fastest.items()]
    budget = 60 * minutes
    bar = tqdm(total=round(budget * len(fresh)), desc="racing", unit="CPU second", leave=False)
    while behind := [r for r in fresh if r.seconds < budget]:
        next_one = min(behind, key=lambda r: r.seconds)
        next_one.update(data, progress=min(1.0, next_one.seconds / budget))
        bar.update(round(sum(r.seconds for r in fresh)) - bar.n)
    bar.close()
    losses = {r.name: r.held_out_loss(test) for r in fresh}
    lines = [f"| after {minutes:g} CPU minutes | steps | images | held-out loss | ours / theirs |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for r in fresh:
        ratio = losses["ours"] / losses[r.name]
        lines.append(f"| {r.name} | {r.step} | {r.step * r.rung.recipe.batch:,} | {losses[r.name]:.4f} | {ratio:.2f} |")
    return lines


def images(name: str, split: str, folder: str | None) -> Data:
    """The images of a rung; where there are none, the embedded digits in their size, which weigh the same."""
    if folder is not None:
        return load_data(folder, split)
    try:
        return load_data(name, split, download=False)
    except FileNotFoundError:
        side, channels = (28, 1) if name == "mnist" else (32, 3)
        return load_data("digits", split, size=side, channels=channels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rung", default="mnist", choices=RUNGS, help="on which images")
    parser.add_argument("--data", help="a folder that holds them as pictures, instead of a download")
    parser.add_argument("--minutes", type=float, default=2.0, help="CPU minutes of the race, for each network")
    parser.add_argument("--steps", type=int, default=5, help="timed steps for each network and precision")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {page.PAGE.name}")
    arguments = parser.parse_args()
    if arguments.steps < 2:
        parser.error(f"--steps {arguments.steps}: at least 2, or there is no spread")
    rung = RUNGS[arguments.rung]
    data, test = (images(rung.recipe.data, split, arguments.data) for split in ("train", "test"))
    found = machine.describe(CPU)
    told = [
        f"{data.card['title']}, batch {rung.recipe.batch}; {found['device']}, {torch.get_num_threads()} thread(s); "
        f"PyTorch {found['torch']}; load {found['load']}; {arguments.steps} timed steps of each.",
        "",
    ]
    fastest, table = throughput(data, arguments.steps, rung)
    told += [*table, "", *speed_ratios(fastest), ""]
    print("\n".join(told), flush=True)
    losses = race(fastest, data, test, arguments.minutes)
    print("\n".join(losses))
    if arguments.write:
        page.write([*told, *losses], rung.title)


if __name__ == "__main__":
    main()

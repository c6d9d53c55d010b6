"""Training, side by side in one process: our MNIST U-Net against the network of the best-known public course.

    python -m benchmarks.training [--minutes 2] [--steps 10]

Theirs is diffusers' UNet2DModel with widths 32/64/64, two layers a level and attention at the two lower levels. Both
learn the same thing from the same batches (v on the cosine path, class-conditional, AdamW, running average) and both
are timed in float32 and, where this CPU has bfloat16 instructions, under autocast; each races in its faster precision.

1. Images per second: one step of each in turn, several times; medians and their ratio.
2. The same CPU minutes for each, in alternating slices: the loss of the averaged weights on 512 held-out images.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from diffusion_lessons.data import Data, load_data
from diffusion_lessons.networks import count_parameters
from diffusion_lessons.training import recipes
from diffusion_lessons.training.batches import draw
from diffusion_lessons.training.devices import half_precision
from diffusion_lessons.training.ema import EMA
from diffusion_lessons.training.loop import learning_rate
from diffusion_lessons.training.losses import loss, sample_times

RECIPE = recipes.get("mnist-small")
PATH = RECIPE.make_path()
CPU = torch.device("cpu")


class Course(nn.Module):
    """diffusers' UNet2DModel under our calling convention: network(x, t, condition)."""

    def __init__(self, classes: int) -> None:
        from diffusers.models import UNet2DModel

        super().__init__()
        self.network = UNet2DModel(
            sample_size=28,
            in_channels=1,
            out_channels=1,
            layers_per_block=2,
            block_out_channels=(32, 64, 64),
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            num_class_embeds=classes + 1,
        )

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return self.network(x, t, class_labels=condition).sample


@dataclass
class Runner:
    """One network in training, with its own clock: seconds of CPU that its steps took."""

    name: str
    network: nn.Module
    precision: torch.dtype | None
    rate: float = RECIPE.learning_rate
    step: int = 0
    seconds: float = 0.0
    timings: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ema = EMA(self.network, RECIPE.ema_share)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), self.rate, weight_decay=RECIPE.weight_decay, fused=True
        )

    def update(self, data: Data, progress: float = 0.5) -> None:
        begun = time.process_time()
        batch = draw(data, RECIPE.batch, seed=0, step=self.step)
        with torch.autocast("cpu", self.precision, enabled=self.precision is not None):
            error = loss(
                self.network,
                batch.x0,
                batch.eps,
                sample_times(batch.u, PATH),
                PATH,
                RECIPE.predicts,
                batch.condition,
            )
        error.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), RECIPE.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.rate, progress, RECIPE.warm_up)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.ema.update(self.network, self.step)
        self.step += 1
        self.timings.append(time.process_time() - begun)
        self.seconds += self.timings[-1]

    @property
    def speed(self) -> float:
        """Images per CPU second, by the median step after the first."""
        return RECIPE.batch / statistics.median(self.timings[1:])

    @torch.no_grad()
    def held_out_loss(self, data: Data) -> float:
        batch = draw(data, 512, seed=1, step=0)
        t = sample_times(batch.u, PATH)
        return loss(self.ema.network, batch.x0, batch.eps, t, PATH, RECIPE.predicts, batch.condition).item()


def runners(data: Data) -> Iterator[Runner]:
    """Both networks in each precision that makes sense here."""
    classes = len(data.classes)
    makers: dict[str, Callable[[], nn.Module]] = {
        "ours": lambda: RECIPE.make_network(data),
        "course": lambda: Course(classes),
    }
    for precision in dict.fromkeys([None, half_precision(CPU)]):
        for name, make in makers.items():
            torch.manual_seed(0)
            yield Runner(name, make(), precision)


def throughput(data: Data, steps: int) -> dict[str, Runner]:
    """Time `steps` interleaved steps of every runner; return the faster precision of each network."""
    all_runners = list(runners(data))
    for _ in range(steps + 1):
        for runner in all_runners:
            runner.update(data)
    print(f"{'network':8} {'parameters':>10} {'precision':>10} {'images/s':>9}")
    for runner in all_runners:
        precision = str(runner.precision or torch.float32).removeprefix("torch.")
        print(f"{runner.name:8} {count_parameters(runner.network):10,} {precision:>10} {runner.speed:9.1f}")
    return {name: max((r for r in all_runners if r.name == name), key=lambda r: r.speed) for name in ("ours", "course")}


def race(fastest: dict[str, Runner], data: Data, test: Data, minutes: float) -> dict[str, float]:
    """Train each afresh for the same CPU time, in turn; print and return the losses on held-out images."""
    fresh = [r for r in runners(data) if fastest[r.name].precision == r.precision]
    budget = 60 * minutes
    while behind := [r for r in fresh if r.seconds < budget]:
        runner = min(behind, key=lambda r: r.seconds)
        runner.update(data, progress=min(1.0, runner.seconds / budget))
    print(f"\nafter {minutes:g} CPU minutes each\n{'network':8} {'steps':>6} {'images':>9} {'held-out loss':>14}")
    losses = {r.name: r.held_out_loss(test) for r in fresh}
    for r in fresh:
        print(f"{r.name:8} {r.step:6} {r.step * RECIPE.batch:9,} {losses[r.name]:14.4f}")
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0, help="CPU minutes of the race, for each network")
    parser.add_argument("--steps", type=int, default=5, help="timed steps for each network and precision")
    arguments = parser.parse_args()
    try:
        data, test = (load_data("mnist", split, download=False) for split in ("train", "test"))
    except FileNotFoundError:  # the embedded digits, enlarged, weigh the same
        data, test = (load_data("digits", split, size=28) for split in ("train", "test"))
    print(f"training on {data.card['title']}, batch {RECIPE.batch}, {torch.get_num_threads()} thread(s)\n")
    fastest = throughput(data, arguments.steps)
    print(f"ours / course: {fastest['ours'].speed / fastest['course'].speed:.2f} times the images per second")
    losses = race(fastest, data, test, arguments.minutes)
    print(f"ours / course: {losses['ours'] / losses['course']:.2f} times the loss")


if __name__ == "__main__":
    main()

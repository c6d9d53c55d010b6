"""What can be counted or calculated: passes of a training step, a subset of the times, the worked example."""

import torch
from torch import nn

from claims.distances import COSINE
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import between, equals
from diffusion_lessons.toys.worked_example import worked_example
from diffusion_lessons.training.losses import loss, sample_times


class Counting(nn.Module):
    """A network that counts the rows that it evaluates."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.rows = 0

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        self.rows += len(x)
        return self.weight * x


claim("C23", "2, DDPM", "Training requires a thousand denoising steps.")


@measures(
    "C23",
    "Network passes for each example in one update on 32 examples, on a path with a thousand times.",
    equals("passes for each example", 1000),
    on("one update of training"),
)
def passes_of_a_training_step() -> list[Number]:
    """x_t is made from x_0 and noise in one go, so that one pass at one random time is enough."""
    network, x0 = Counting(), torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    t = sample_times(torch.rand(32, generator=torch.Generator().manual_seed(1)), COSINE)
    loss(network, x0, torch.randn_like(x0), t, COSINE, "eps").backward()
    return [Number("passes for each example", network.rows / len(x0)), Number("times of the path", COSINE.T)]


claim("C34", "1, DDIM", "Stepping from a thousand to 980, 960 and so on makes twenty steps in total.")


@measures("C34", "The times 1000, 980, ..., 20 are counted.", equals("steps", 20), on("the sequence itself"))
def steps_of_the_sequence() -> list[Number]:
    """Twenty is the stride, and a thousand over twenty is fifty."""
    return [Number("steps", len(range(1000, 0, -20))), Number("stride", 20)]


claim("C35", "1, worked example", "In the worked example the state after the first step is, say, 1.3.")


@measures(
    "C35",
    "The example's first step from x = 2 with predicted noise 1.5, x0_hat capped at 1, to alpha_bar = 1/2. The "
    "example rounds to one decimal, and so does the margin.",
    between("state in the middle", 1.25, 1.35),
    on("the worked example"),
)
def state_in_the_middle() -> list[Number]:
    """sqrt(1/2) (1 + 1.5) = 1.768; for 1.3 the clean sample would have to be 0.338."""
    middle = float(worked_example()["next x"][0])
    implied = (1.3 - 0.5**0.5 * 1.5) / 0.5**0.5
    return [Number("state in the middle", middle), Number("x0_hat that would lead to 1.3", implied)]

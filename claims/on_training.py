"""What training costs: C23, by counting network passes."""

import torch
from torch import nn

from claims.ledger import FAILS, HOLDS, Evidence, Number, measures
from diffusion_lessons import schedules
from diffusion_lessons.training.losses import loss, sample_times


class Counting(nn.Module):
    """A network that counts the rows that it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.rows = 0

    def forward(self, x, t):
        self.rows += len(x)
        return self.weight * x


@measures("C23", on="one step of training")
def passes_of_a_training_step() -> Evidence:
    """Network passes for one update on 32 examples of a path with a thousand steps."""
    path, network, x0 = schedules.cosine(), Counting(), torch.randn(32, 4)
    t = sample_times(torch.rand(32), path)
    loss(network, x0, torch.randn_like(x0), t, path, "eps").backward()
    each = network.rows / len(x0)
    return Evidence(
        FAILS if each == 1 else HOLDS,
        "x_t is made from x_0 and noise in one go, so an example costs one pass at one random time. It is sampling "
        "that walks through many times.",
        [Number("network passes for each example", each), Number("times of the path", path.T)],
    )

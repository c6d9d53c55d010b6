"""A running average of the weights: what is sampled from and shipped."""

import copy

import torch
from torch import Tensor, nn


class EMA:
    """Exponential moving average whose memory grows with training: about the last `share` of the steps so far.

        average <- average + (weights - average) / (1 + share step)

    A fixed decay forgets the random start too slowly in a short run, and averages too little in a long one; a memory
    that is a share of the run is right for both (Karras et al. 2024, "power function EMA"). At step 0 the average is
    the weights themselves.
    """

    def __init__(self, network: nn.Module, share: float = 0.1) -> None:
        if not share > 0:
            raise ValueError(f"share is the part of the run that is averaged, above 0; got {share!r}")
        self.share = share
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the average towards the network's weights after the update number `step` (0, 1, 2, ...)."""
        average: list[Tensor] = list(self.network.parameters())
        current: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(average, current, 1 / (1 + self.share * step))  # one kernel for all tensors

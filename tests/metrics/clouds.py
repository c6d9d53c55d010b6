"""Clouds of points for the metrics, and features that are what they are features of."""

import torch
from torch import nn


def cloud(n, d=4, seed=0, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class AsTheyAre(nn.Module):
    """Features that are their own features, for torchmetrics."""

    num_features = 8

    def forward(self, x):
        return x.flatten(1)

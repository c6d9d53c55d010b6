"""Copies of training images among samples, found against the *whole* training set.

A sample is a copy if it lies nearer to its nearest training image than all but 1 in 100 real held-out images lie to
theirs. A share of copies above 1 in 100 is then more than chance.
"""

import torch
from torch import Tensor

from claims.numbers import Number, mean

CHANCE = 0.01


def nearest(images: Tensor, train: Tensor) -> Tensor:
    """The distance of each image to its nearest training image, [n]."""
    return torch.cdist(images.flatten(1).double(), train.flatten(1).double()).min(dim=1).values


class Probe:
    """Looks for images of a training set; what counts as near is learned from held-out images."""

    def __init__(self, train: Tensor, held_out: Tensor):
        self.train = train
        self.near = float(nearest(held_out, train).quantile(CHANCE))

    def copies(self, name: str, samples: Tensor) -> Number:
        """The share of copies, with Wilson's interval."""
        share = float((nearest(samples, self.train) <= self.near).double().mean())
        return Number(f"{name}: share of copies", share, of=len(samples), share=True)

    def closeness(self, name: str, samples: Tensor) -> Number:
        """The mean distance to the nearest training image, over the distance that is called near."""
        return mean(
            f"{name}: mean distance to the nearest, over 'near'",
            (nearest(samples, self.train) / self.near).tolist(),
            "samples",
        )

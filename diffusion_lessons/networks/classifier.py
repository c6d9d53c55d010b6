"""A small classifier with 64 features, from which every quality metric of the course is computed.

A convolutional network averages its last feature maps over all positions. The 64 means are the features of an image,
and one linear layer predicts its class from them. Distances between sets of images (Fréchet, kernel, precision and
recall) are distances between their features; whether a sample is the digit that was asked for follows from the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from diffusion_lessons.machine.fields import check_count, check_fields

FEATURES = 64


@dataclass(frozen=True)
class ClassifierConfig:
    """Everything that decides the network's shape.

    channels  of the image: 1 grey, 3 colour
    classes   how many there are
    widths    feature maps at each level; every level after the first halves the resolution
    blocks    residual convolutions at each level
    stride    of the first convolution: 2 saves the cost of computing large images at full resolution
    """

    channels: int = 1
    classes: int = 10
    widths: tuple[int, ...] = (32, 64)
    blocks: int = 2
    stride: int = 1

    def __post_init__(self) -> None:
        check_fields(self, channels=(1, 4096), classes=(1, 10**6), widths=(1, 2**14), blocks=(0, 64), stride=(1, 64))
        check_count("widths", self.widths, 1, 16)


class Convolution(nn.Sequential):
    """relu(norm(conv(x))): [B, inputs, H, W] -> [B, outputs, H / stride, W / stride], halves rounded up."""

    def __init__(self, inputs: int, outputs: int, side: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """h + f(h): the block learns what to add, so that deep networks start as shallow ones (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = Convolution(width, width)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.convolution(h)


class Classifier(nn.Module):
    """network(x) -> logits [B, classes]; network.features(x) -> [B, 64]; for x [B, channels, H, W] in [-1, 1]."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.card: dict[str, Any] = {}  # filled in where the network is loaded
        width = config.widths[0]
        layers: list[nn.Module] = [Convolution(config.channels, width, side=5, stride=config.stride)]
        layers += [Residual(width) for _ in range(config.blocks)]
        for narrow, wide in zip(config.widths, config.widths[1:], strict=False):
            layers.append(Convolution(narrow, wide, stride=2))
            layers += [Residual(wide) for _ in range(config.blocks)]
        if config.widths[-1] != FEATURES:
            layers.append(Convolution(config.widths[-1], FEATURES, side=1))
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(FEATURES, config.classes)

    def features(self, x: Tensor) -> Tensor:
        """The 64 numbers from which the class is predicted: the last feature maps, averaged over positions."""
        if x.ndim != 4 or x.shape[1] != self.config.channels:
            raise ValueError(f"x has shape {list(x.shape)}; this classifier takes [B, {self.config.channels}, H, W]")
        return self.body(x).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

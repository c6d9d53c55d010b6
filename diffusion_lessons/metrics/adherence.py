"""What guidance trades: adherence to the condition against diversity, until the picture saturates."""

import torch
from torch import Tensor

from diffusion_lessons.metrics.frechet import check_features


def adherence(predicted: Tensor, labels: Tensor) -> float:
    """Share of samples of the class that was asked for: a classifier's predictions [n] against the labels [n].

    The class-conditional stand-in for a CLIP score. Its ceiling is the classifier's accuracy on real images.
    """
    if predicted.shape != labels.shape:
        raise ValueError(f"{len(predicted)} samples and {len(labels)} labels: give one label for each sample")
    return float((predicted == labels.to(predicted.device)).double().mean())


def diversity(features: Tensor, labels: Tensor) -> float:
    """Mean distance between two samples of the same class, averaged over classes: features [n, d], labels [n].

    Within classes, because a model that draws ten identical pictures of each digit still draws ten different digits.
    In units of the features: divide by the diversity of real samples. Classes with a single sample have no distance
    and are left out; ValueError if that leaves none.
    """
    check_features(features)
    classes = [features[labels == label] for label in labels.unique().tolist()]
    distances = [torch.pdist(own).mean() for own in classes if len(own) > 1]
    if not distances:
        raise ValueError("no class has two samples: diversity is the distance between samples of one class")
    return float(torch.stack(distances).mean())


def out_of_range(x: Tensor, limit: float = 1.0) -> float:
    """Mean excess of unclipped results beyond the data range, mean(max(|x| - limit, 0)): x [n, ...].

    0 where every pixel lies in [-limit, limit]. Give what the sampler returned, before any clipping.
    """
    return float((x.abs() - limit).clamp(min=0).double().mean())


def contrast(x: Tensor, real_std: float) -> float:
    """Standard deviation of all values of x [n, ...] relative to that of real data: 1 is right, above 1 saturated."""
    return float(x.double().std(correction=0)) / real_std

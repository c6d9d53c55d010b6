"""What guidance trades: adherence to the condition against diversity, until the picture saturates."""

import torch
from torch import Tensor

from diffusion_lessons.metrics.frechet import check_features
from diffusion_lessons.metrics.precision_recall import pairwise


def adherence(predicted: Tensor, labels: Tensor) -> float:
    """Share of samples of the class that was asked for: a classifier's predictions [n] against the labels [n].

    The class-conditional stand-in for a CLIP score. Its ceiling is the classifier's accuracy on real images.
    """
    if predicted.shape != labels.shape:
        raise ValueError(f"{len(predicted)} samples and {len(labels)} labels: give one label for each sample")
    return float((predicted.cpu() == labels.cpu()).double().mean())


def diversity(features: Tensor, labels: Tensor) -> float:
    """Mean distance between two samples of the same class, averaged over classes: features [n, d], labels [n].

    Within classes, because a model that draws ten identical pictures of each digit still draws ten different digits.
    In units of the features: divide by the diversity of real samples. Classes with a single sample have no distance
    and are left out; ValueError if that leaves none.
    """
    return float(diversity_weighted(features, labels, torch.ones(len(features), 1)))


def diversity_weighted(features: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Diversity of the samples to which each column of weights [n, R] gives more than 0; [R]."""
    features, labels, kept = check_features(features).cpu().double(), labels.cpu(), (weights > 0).double()
    total, classes = torch.zeros(kept.shape[1], dtype=torch.float64), torch.zeros(kept.shape[1])
    for label in labels.unique().tolist():
        own = labels == label
        among, counts = kept[own], kept[own].sum(dim=0)
        distances = pairwise(features[own], features[own])
        pairs = torch.einsum("ir,ij,jr->r", among, distances.fill_diagonal_(0), among)
        some = counts > 1
        total[some] += (pairs / (counts * (counts - 1)))[some]
        classes += some
    if (classes == 0).any():
        raise ValueError("no class has two samples: diversity is the distance between samples of one class")
    return total / classes


def class_variance(features: Tensor, labels: Tensor) -> float:
    """Variance within classes, summed over features and averaged over samples: features [n, d], labels [n].

    The trace of the pooled covariance about the classes' means, sum_c n_c tr C_c / sum_c n_c: divide by that of real
    images. Above 1 samples of a class differ more than real ones do, malformed ones included; below 1 they are drawn
    towards the mean. Classes with a single sample are left out; ValueError if that leaves none.
    """
    return float(class_variance_weighted(features, labels, torch.ones(len(features), 1)))


def class_variance_weighted(features: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """The variance within classes under each column of weights [n, R]; [R]."""
    features, labels, weights = check_features(features).cpu().double(), labels.cpu(), weights.double()
    total, size = torch.zeros(2, weights.shape[1], dtype=torch.float64)
    for label in labels.unique().tolist():
        own, among = features[labels == label], weights[labels == label]
        own = own - own.mean(dim=0)  # before squaring: far from 0 the digits would be lost
        sums = among.sum(dim=0).clamp(min=1e-300)
        means = among.T @ own / sums[:, None]  # [R, d]
        spread = among.T @ own.square().sum(dim=1) / sums - means.square().sum(dim=1)
        free = 1 - among.square().sum(dim=0) / sums**2  # (n - 1) / n where all weights are equal
        some = free > 1e-12
        total[some] += (sums * spread / free)[some]
        size[some] += sums[some]
    if (size == 0).any():
        raise ValueError("no class has two samples: their variance is that between samples of one class")
    return total / size


def out_of_range(x: Tensor, limit: float = 1.0) -> float:
    """Mean excess of unclipped results beyond the data range, mean(max(|x| - limit, 0)): x [n, ...].

    0 where every pixel lies in [-limit, limit]. Give what the sampler returned, before any clipping.
    """
    return float((x.abs() - limit).clamp(min=0).cpu().double().mean())


def contrast(x: Tensor, real_std: float) -> float:
    """Standard deviation of all values of x [n, ...] relative to that of real data: 1 is right, above 1 saturated."""
    return float(x.cpu().double().std(correction=0)) / real_std

"""Distributions whose denoiser is known exactly, so that a sampler's error can be measured without a network.

A mixture of Gaussians stays one on every Gaussian path: with data ~ sum_k w_k N(m_k, C_k),

    x_t ~ sum_k w_k N(alpha m_k, S_k),   S_k = alpha^2 C_k + sigma^2 I

and the posterior mean of the clean sample and of the noise given x_t = x are, with r_k the probability of component k
given x and y_k = S_k^-1 (x - alpha m_k),

    x0(x)  = sum_k r_k (m_k + alpha C_k y_k)
    eps(x) = sum_k r_k sigma y_k = -sigma grad log p_t(x)
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import check_x
from diffusion_lessons.denoisers.conditions import check_labels, rows_for
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path, match, time_for

MOST = 10**9  # samples at once: more is a slip of the hand
ROUNDING = 1e-6  # of the largest eigenvalue of a covariance: what rounding to single precision may take from a 0


class GaussianMixture:
    """sum_k w_k N(m_k, C_k) over samples of any shape.

    `means` is [K, *shape] (numbers, points, images); give either `stds`, a number or [K], for round components (0 is
    a point mass), or `covariances` [K, d, d] for points of d dimensions. `weights` are [K] and are normalised; by
    default all are equal. Parameters are kept in double precision; results have the dtype and the device of x.
    """

    def __init__(self, means: Any, *, stds: Any = None, covariances: Any = None, weights: Any = None):
        means = _double(means)
        if means.ndim == 0 or means.numel() == 0:
            raise ValueError(f"means must be [K, *shape] with at least one component; got shape {tuple(means.shape)}")
        if not means.isfinite().all():
            raise ValueError("means must be finite; there is a NaN or an infinite one")
        if (stds is None) == (covariances is None):
            raise ValueError("give either stds or covariances")
        K = len(means)
        self.shape: tuple[int, ...] = tuple(means.shape[1:])
        self.means = means.reshape(K, -1)  # [K, d]
        d = self.means.shape[1]
        self.weights = torch.ones(K, dtype=torch.float64) if weights is None else _double(weights)
        if self.weights.shape != (K,) or not (self.weights > 0).all() or not self.weights.isfinite().all():
            raise ValueError(f"weights must be {K} positive numbers, one for each mean; got {weights!r}")
        self.weights = self.weights / self.weights.sum()
        self.axes: Tensor | None = None  # [K, d, d], columns are the principal axes; None where components are round
        if stds is not None:
            stds = _double(stds)
            if stds.shape not in ((), (1,), (K,)) or not (stds.isfinite() & (stds >= 0)).all():
                raise ValueError(f"stds must be a number of at least 0, or {K} of them; got {stds.tolist()!r}")
            self.variances = stds.expand(K).reshape(K, 1) ** 2  # [K, 1]
        else:
            covariances = _double(covariances)
            if covariances.shape != (K, d, d) or not torch.allclose(covariances, covariances.mT):
                raise ValueError(f"covariances must be symmetric, [{K}, {d}, {d}]; got {tuple(covariances.shape)}")
            variances, self.axes = torch.linalg.eigh(covariances)  # [K, d], [K, d, d]
            if not (variances >= -ROUNDING * variances.abs().amax(-1, keepdim=True)).all():
                raise ValueError(
                    f"covariances must be positive semidefinite; an eigenvalue is {variances.min().item():g}"
                )
            self.variances = variances.clamp(min=0.0)  # a flat direction's comes out as 0 up to rounding

    def sample(self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
        """n samples, [n, *shape]; n may be 0."""
        k = _components(self.weights, n, generator)
        z = torch.randn(n, self.means.shape[1], dtype=torch.float64, generator=generator)
        z = self.variances.sqrt()[k] * z  # along the principal axes
        if self.axes is not None:
            z = torch.einsum("nij,nj->ni", self.axes[k], z)
        return (self.means[k] + z).reshape(n, *self.shape).to(dtype)

    def log_prob(self, x: Tensor, path: Path | None = None, t: float | Tensor = 0.0) -> Tensor:
        """log density of the data at x [B, *shape], or of x_t on a path; [B]."""
        return self._posterior(x, path, t)[0]

    def score(self, x: Tensor, path: Path | None = None, t: float | Tensor = 0.0) -> Tensor:
        """grad_x log p_t(x), like x: -sum_k r_k S_k^-1 (x - alpha m_k)."""
        _, r, y, _ = self._posterior(x, path, t)
        return -torch.einsum("bk,bkd->bd", r, y).reshape(x.shape).to(x.dtype)

    def denoiser(self, path: Path) -> "ExactDenoiser":
        """The exact denoiser of this mixture on a path."""
        return ExactDenoiser(self, path)

    def estimate(self, x: Tensor, path: Path, t: float | Tensor) -> Estimate:
        """E[x_0 | x_t = x] and E[eps | x_t = x], like x [B, *shape]."""
        t = time_for(x, t)
        _, r, y, alpha = self._posterior(x, path, t)
        pull = self.means.to(y) + alpha * self._times_covariance(y)  # [B, K, d], each component's own x0
        x0 = torch.einsum("bk,bkd->bd", r, pull).reshape(x.shape)
        eps = torch.einsum("bk,bkd->bd", r, y).reshape(x.shape) * match(path.sigma(t), x)
        return Estimate(x0.to(x.dtype), eps.to(x.dtype))

    def _posterior(self, x, path, t):
        """log p_t(x) [B], r [B, K], y = S_k^-1 (x - alpha m_k) [B, K, d], and alpha as [B or 1, 1, 1]."""
        check_x(x)
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(f"this mixture has samples of shape {self.shape}; x holds {tuple(x.shape[1:])}")
        t = time_for(x, t)
        work = torch.float32 if x.device.type == "mps" else torch.float64
        flat = x.reshape(len(x), 1, -1).to(work)  # [B, 1, d]
        alpha, sigma = (_column(value, flat) for value in ((path.alpha(t), path.sigma(t)) if path else (1.0, 0.0)))
        means, variances = self.means.to(flat), self.variances.to(flat)
        spread = alpha**2 * variances + sigma**2  # [B or 1, K, d or 1], the variances of x_t
        if spread.device.type == "cpu" and not (spread > 0).all():  # a GPU would have to be waited for
            raise ValueError("a point mass has no density at sigma = 0; ask at a later time")
        z = self._to_axes(flat - alpha * means)  # [B, K, d]
        d = z.shape[-1]
        log_det = spread.log().expand(-1, -1, d).sum(-1) if spread.shape[-1] == d else d * spread.log()[..., 0]
        square = (z**2 / spread).sum(-1)  # [B, K]
        log_joint = self.weights.to(flat).log() - 0.5 * (square + log_det + d * math.log(2 * math.pi))
        total = log_joint.logsumexp(dim=1)  # [B]
        return total.to(x.dtype), (log_joint - total[:, None]).exp(), self._from_axes(z / spread), alpha

    def _to_axes(self, z):
        return z if self.axes is None else torch.einsum("kij,bki->bkj", self.axes.to(z), z)

    def _from_axes(self, z):
        return z if self.axes is None else torch.einsum("kij,bkj->bki", self.axes.to(z), z)

    def _times_covariance(self, y):
        return self._from_axes(self.variances.to(y) * self._to_axes(y))


class ConditionalMixture:
    """One mixture for each class: p(x | c); with no condition, the union weighted by `weights` [classes].

    `denoiser(path)` takes labels as networks do: 0..classes-1, and `classes` (or None) for the union.
    """

    def __init__(self, classes: Sequence[GaussianMixture], weights: Any = None):
        self.classes = list(classes)
        if len({mixture.shape for mixture in self.classes}) != 1:
            raise ValueError("give at least one mixture, all with samples of one shape")
        share = torch.ones(len(self.classes), dtype=torch.float64) if weights is None else _double(weights)
        if share.shape != (len(self.classes),) or not (share > 0).all():
            raise ValueError(f"weights must be {len(self.classes)} positive numbers, one a class; got {weights!r}")
        self.weights = share / share.sum()
        self.shape = self.classes[0].shape
        self.union = _union(self.classes, self.weights)

    def sample(
        self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32
    ) -> tuple[Tensor, Tensor]:
        """n samples [n, *shape] with their labels [n]."""
        labels = _components(self.weights, n, generator)
        x = torch.empty(n, *self.shape, dtype=dtype)
        for c, mixture in enumerate(self.classes):
            rows = labels == c
            x[rows] = mixture.sample(int(rows.sum()), generator, dtype)
        return x, labels

    def denoiser(self, path: Path) -> "ExactDenoiser":
        """The exact conditional denoiser on a path."""
        return ExactDenoiser(self.union, path, self.classes)


class ExactDenoiser:
    """The posterior means of a mixture on a path, as a denoiser; conditional where class mixtures are given."""

    card = None
    dtype = None

    def __init__(self, mixture: GaussianMixture, path: Path, by_class: Sequence[GaussianMixture] = ()):
        check_value("path", path, Path)
        self.mixture, self.path, self.shape = mixture, path, mixture.shape
        self.by_class, self.classes = by_class, len(by_class) or None

    @property
    def fingerprint(self) -> str:
        """What a checkpoint's SHA-256 is to a network: equal for equal mixtures on equal paths, and for no others."""
        sha256 = hashlib.sha256()
        for mixture in (self.mixture, *self.by_class):
            for values in (mixture.means, mixture.weights, mixture.variances, mixture.axes):
                if values is not None:
                    sha256.update(f"{tuple(values.shape)}".encode() + values.contiguous().numpy().tobytes())
        times = torch.linspace(0, self.path.T, 33, dtype=torch.float64)
        for of_path in (self.path.alpha(times), self.path.sigma(times)):
            sha256.update(of_path.numpy().tobytes())
        return f"exact-{sha256.hexdigest()}"

    def __call__(self, x: Tensor, t: float | Tensor, condition: Tensor | int | None = None) -> Estimate:
        if condition is None:
            return self.mixture.estimate(x, self.path, t)
        t = time_for(x, t)
        labels = rows_for(check_labels(self, condition), x)
        x0, eps = torch.empty_like(x), torch.empty_like(x)
        for label in labels.unique().tolist():
            rows = labels == label
            mixture = self.mixture if label == self.classes else self.by_class[label]
            x0[rows], eps[rows] = mixture.estimate(x[rows], self.path, t[rows] if isinstance(t, Tensor) else t)
        return Estimate(x0, eps)


def point_masses(samples: Tensor) -> GaussianMixture:
    """The data set itself as a distribution: its exact denoiser has memorised every sample [K, *shape]."""
    return GaussianMixture(samples, stds=0.0)


def check_draws(n: int, generator: torch.Generator | None) -> None:
    """Raise a ValueError for a number of samples that is none, and for what is no generator."""
    check_value("n", n, int, 0, MOST)
    check_value("generator", generator, torch.Generator | None)


def _components(weights: Tensor, n: int, generator: torch.Generator | None) -> Tensor:
    """n numbers of components [n], by weight; PyTorch would not draw 0 of them."""
    check_draws(n, generator)
    if n == 0:
        return torch.empty(0, dtype=torch.long)
    return torch.multinomial(weights, int(n), replacement=True, generator=generator)


def _union(mixtures: Sequence[GaussianMixture], weights: Tensor) -> GaussianMixture:
    """All components of all mixtures as one mixture."""
    union = GaussianMixture(
        torch.cat([m.means for m in mixtures]).reshape(-1, *mixtures[0].shape),
        stds=0.0,
        weights=torch.cat([w * m.weights for w, m in zip(weights, mixtures, strict=True)]),
    )
    d = union.means.shape[1]
    if all(m.axes is None for m in mixtures):
        union.variances = torch.cat([m.variances for m in mixtures])
    else:
        union.variances = torch.cat([m.variances.expand(-1, d) for m in mixtures])
        eye = torch.eye(d, dtype=torch.float64)
        union.axes = torch.cat([eye.expand(len(m.means), d, d) if m.axes is None else m.axes for m in mixtures])
    return union


def _double(values: Any) -> Tensor:
    try:
        array = values if isinstance(values, Tensor) else np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:  # words, None, rows of several lengths
        raise ValueError(f"a mixture is made of numbers, in rows of one length; got {values!r}") from error
    return torch.as_tensor(array).detach().cpu().double()


def _column(value: float | Tensor, like: Tensor) -> Tensor:
    """A number, or numbers [B], as [1, 1, 1] or [B, 1, 1] beside a tensor [B, K, d]."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).reshape(-1, 1, 1)


__all__ = ["ConditionalMixture", "ExactDenoiser", "GaussianMixture", "point_masses"]

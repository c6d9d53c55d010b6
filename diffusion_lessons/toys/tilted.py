"""Products of powers of mixtures: what guidance and negative prompts are said to sample from.

    p(x) = p_u(x)^(1 - s) p_c(x)^s / Z           guidance at scale s
    p(x) = p_-(x)^(1 - s) p_+(x)^s / Z           a negative condition in the unconditional's place
    p(x) = p_+(x) / p_-(x) / Z                   the bare ratio

Z need not exist: a power below 0 divides by a tail, and far out the quotient may grow without end. Where it does exist
the density can be compared with what a guided sampler really draws, which is in general something else.
"""

import math
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from diffusion_lessons.path import Path
from diffusion_lessons.toys.grid_density import GridDensity
from diffusion_lessons.toys.mixtures import GaussianMixture

DIRECTIONS = 720  # in which the tails of a 2-D density are compared
FLAT = 1e-9  # a curvature below this share of its terms is 0


class Tilted:
    """prod_i p_i(x)^(e_i) / Z for Gaussian mixtures p_i over samples [B, *shape] and any real exponents e_i.

    `log_density` and `score` need no Z and always work. `log_prob`, `sample`, `mean` and `covariance` need it: in
    closed form where every p_i is a single Gaussian, numerically for other mixtures in 1-D and 2-D. They raise
    ValueError where Z is infinite.
    """

    def __init__(self, mixtures: Sequence[GaussianMixture], exponents: Sequence[float]):
        if len(mixtures) == 0 or len(mixtures) != len(exponents):
            raise ValueError(f"{len(mixtures)} mixtures, {len(exponents)} exponents: give one for each, at least one")
        if len({mixture.shape for mixture in mixtures}) != 1:
            raise ValueError(f"the mixtures must have samples of one shape; got {[m.shape for m in mixtures]}")
        if not all(bool((mixture.variances > 0).all()) for mixture in mixtures):
            raise ValueError("a point mass has no density to take a power of; give every component a std above 0")
        self.mixtures, self.exponents = tuple(mixtures), tuple(float(e) for e in exponents)
        self.shape = mixtures[0].shape

    def log_density(self, x: Tensor) -> Tensor:
        """sum_i e_i log p_i(x), without the normaliser; [B]."""
        return torch.stack([e * p.log_prob(x) for p, e in zip(self.mixtures, self.exponents, strict=True)]).sum(0)

    def score(self, x: Tensor) -> Tensor:
        """grad log p(x) = sum_i e_i grad log p_i(x), like x."""
        return torch.stack([e * p.score(x) for p, e in zip(self.mixtures, self.exponents, strict=True)]).sum(0)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) with its normaliser; [B]."""
        return self.log_density(x) - self.log_normaliser

    def sample(self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
        """n samples, [n, *shape]."""
        return self.normalised.sample(n, generator, dtype)

    @property
    def mean(self) -> Tensor:
        """E[x] as a vector [d]."""
        density = self.normalised
        return density.means[0] if isinstance(density, GaussianMixture) else density.mean

    @property
    def covariance(self) -> Tensor:
        """Cov[x], [d, d]."""
        density = self.normalised
        return covariances(density)[0] if isinstance(density, GaussianMixture) else density.covariance

    @cached_property
    def log_normaliser(self) -> float:
        """log Z, Z = integral of exp(log_density)."""
        density = self.normalised
        if isinstance(density, GridDensity):
            return density.log_normaliser
        middle = density.means.reshape(1, *self.shape)  # for a Gaussian any point would do
        return float(self.log_density(middle) - density.log_prob(middle))

    @cached_property
    def normalised(self) -> GaussianMixture | GridDensity:
        """The density itself: a Gaussian in closed form, or a table."""
        if all(len(mixture.means) == 1 for mixture in self.mixtures):
            return self._gaussian()
        d = self.mixtures[0].means.shape[1]
        if d > 2:
            raise ValueError(f"mixtures are normalised on a grid, in 1-D and 2-D only; these have {d} dimensions")
        self._check_tails()
        means = torch.cat([mixture.means for mixture in self.mixtures])
        widest = max(float(mixture.variances.max()) for mixture in self.mixtures)
        return GridDensity(self.log_density, self.shape, means, 4 * math.sqrt(widest))

    def _gaussian(self) -> GaussianMixture:
        """Precision P = sum_i e_i P_i and mean P^-1 sum_i e_i P_i m_i."""
        weighted = [e * covariances(p)[0].inverse() for p, e in zip(self.mixtures, self.exponents, strict=True)]
        precision = torch.stack(weighted).sum(0)  # [d, d]
        smallest = float(torch.linalg.eigvalsh(precision)[0])
        if smallest <= FLAT * float(torch.stack(weighted).abs().max()):
            raise self._improper(smallest)
        pull = torch.stack([W @ p.means[0] for W, p in zip(weighted, self.mixtures, strict=True)]).sum(0)
        covariance = precision.inverse()
        mean = (covariance @ pull).reshape(1, *self.shape)
        return GaussianMixture(mean, covariances=((covariance + covariance.mT) / 2)[None])

    def _check_tails(self) -> None:
        """Far out along a unit vector d, log p_i(r d) = -q_i r^2 / 2 + l_i r + O(log r): the slowest tail wins, so

            q_i = min_k d' P_k d,   l_i = max d' P_k m_k over the components k that reach the minimum,

        with P_k the precisions and m_k the means. The product falls where sum_i e_i q_i > 0, or = 0 and
        sum_i e_i l_i < 0.
        """
        directions = _directions(self.mixtures[0].means.shape[1])  # [n, d]
        tails = [_tail(mixture, directions) for mixture in self.mixtures]
        q = torch.stack([e * q for e, (q, _) in zip(self.exponents, tails, strict=True)])  # [factors, n]
        l = torch.stack([e * l for e, (_, l) in zip(self.exponents, tails, strict=True)])
        flat = q.sum(0).abs() <= FLAT * q.abs().sum(0)
        falls = torch.where(flat, l.sum(0) < -FLAT * l.abs().sum(0), q.sum(0) > 0)
        if not falls.all():
            raise self._improper(float(q.sum(0)[~falls].min()))

    def _improper(self, precision: float) -> ValueError:
        powers = " ".join(f"p{i}^({e:g})" for i, e in enumerate(self.exponents, 1))
        return ValueError(
            f"{powers} has no normaliser: it does not fall in every direction. The precisions (1 / variance) of the "
            f"widest components, weighted by the exponents, must add up to more than 0; here they reach {precision:.3g}"
        )


def guided_density(unconditional: GaussianMixture, conditional: GaussianMixture, scale: float) -> Tilted:
    """p_u^(1 - s) p_c^s: what guidance at scale s is said to sample; with p_- for p_u, a negative prompt."""
    return Tilted([unconditional, conditional], [1 - scale, scale])


def density_ratio(positive: GaussianMixture, negative: GaussianMixture) -> Tilted:
    """p_+ / p_-: what a negative prompt is sometimes said to sample. It usually has no normaliser."""
    return Tilted([positive, negative], [1, -1])


def guided_ode_std(unconditional_std: float, conditional_std: float, scale: float, path: Path | None = None) -> float:
    """Where guidance really takes N(m_u, S_u^2) and N(m_c, S_c^2): the std at which the guided ODE ends.

        S_u^(1 - s) S_c^s

    from infinite noise. From the path's own x_T, of standard deviation `path.prior_std`, it is that value times
    prior_std / (V_u^(1 - s) V_c^s) with V = sqrt(alpha_T^2 S^2 + sigma_T^2). The density p_u^(1 - s) p_c^s has
    variance 1 / ((1 - s) / S_u^2 + s / S_c^2) instead, which is the same only where S_u = S_c.
    """
    end = unconditional_std ** (1 - scale) * conditional_std**scale
    if path is None:
        return end
    alpha, sigma = path.alpha(path.T), path.sigma(path.T)
    start_u, start_c = math.hypot(alpha * unconditional_std, sigma), math.hypot(alpha * conditional_std, sigma)
    return end * path.prior_std / (start_u ** (1 - scale) * start_c**scale)


def covariances(mixture: GaussianMixture) -> Tensor:
    """The components' covariances, [K, d, d]."""
    K, d = mixture.means.shape
    axes = torch.eye(d, dtype=torch.float64).expand(K, d, d) if mixture.axes is None else mixture.axes
    return axes @ torch.diag_embed(mixture.variances.expand(K, d)) @ axes.mT


def _directions(d: int) -> Tensor:
    """Unit vectors [n, d]: both of a line, or all around a plane."""
    if d == 1:
        return torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    angle = torch.arange(DIRECTIONS, dtype=torch.float64) * (2 * math.pi / DIRECTIONS)
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def _tail(mixture: GaussianMixture, directions: Tensor) -> tuple[Tensor, Tensor]:
    """q and l of `Tilted._check_tails` in each direction, [n] both."""
    pull = torch.einsum("nd,kde->nke", directions, covariances(mixture).inverse())  # [n, K, d]
    curvature = torch.einsum("nke,ne->nk", pull, directions)
    slope = torch.einsum("nke,ke->nk", pull, mixture.means)
    q = curvature.min(dim=1).values
    widest = curvature <= q[:, None] * (1 + FLAT)
    return q, slope.masked_fill(~widest, -math.inf).max(dim=1).values

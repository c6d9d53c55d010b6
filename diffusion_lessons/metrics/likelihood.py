"""How likely a diffusion model finds an image: the density of the probability-flow ODE, followed up to the noise.

The ODE carries the density of x_T down to that of x_t, and how it stretches space on the way says how the density
changes (Chen et al. 2018, "Neural Ordinary Differential Equations", theorem 1; Song et al. 2021, section 4.3). In the
clock u = sigma / (alpha + sigma) and the scale z = x / (alpha + sigma), in which every Gaussian path is straight,

    dz/du = eps_hat - x0_hat,   log p_t(x_t) = log p_T(x_T) + int div(eps_hat - x0_hat) du + d log ratio

with ratio = (alpha_T + sigma_T) / (alpha_t + sigma_t), for x of d numbers. The divergence is a sum of d derivatives.
Hutchinson's estimate takes one, div v = E[e . (dv/dz) e] for signs e of +1 and -1, and has no bias
(Grathwohl et al. 2019, "FFJORD").

It is the likelihood of the ODE: of samples that a deterministic sampler draws in many steps.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons import grids
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.checks import check_start
from diffusion_lessons.samplers.ode import flow_time, time_of_flow


def log_likelihood(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    generator: torch.Generator | None = None,
    exact: bool = False,
) -> Tensor:
    """log p_t(x) in nats, [B], of x [B, ...] at the last of the decreasing `times`, which begin at the path's T.

    The ODE is solved upwards by the classical Runge-Kutta method, four evaluations a step, each with a backward pass.
    The divergence is Hutchinson's estimate, whose signs come from `generator`, one draw for each sample; `exact=True`
    adds up all d derivatives instead, which is d times as slow. A network cannot be asked at t = 0: end at a t_min.
    """
    check_start(denoise, x, path)
    times = grids.check_times(times, path.T)
    if times[0] != path.T:
        raise ValueError(f"the times must begin at T = {path.T:g}, where the density is known; got {times[0]:g}")
    source = generator.device if generator is not None else x.device
    probe = 2.0 * torch.randint(2, x.shape, generator=generator, device=source).to(x) - 1
    probes = _unit_vectors(x) if exact else [probe]
    d = x[0].numel()

    def at(u: float, z: Tensor) -> tuple[Tensor, Tensor]:
        """dz/du and its divergence."""
        t = time_of_flow(path, u)
        scale = path.alpha(t) + path.sigma(t)

        def velocity(z: Tensor) -> Tensor:
            x0, eps = denoise(scale * z, t)
            return eps - x0

        return value_and_divergence(velocity, z, probes)

    first, last = (path.alpha(t) + path.sigma(t) for t in (times[-1], path.T))
    z, log_ratio = x / first, x.new_zeros(len(x))
    for t, s in pairwise(reversed(times)):
        u, du = flow_time(path, t), flow_time(path, s) - flow_time(path, t)
        v1, d1 = at(u, z)
        v2, d2 = at(u + du / 2, z + du / 2 * v1)
        v3, d3 = at(u + du / 2, z + du / 2 * v2)
        v4, d4 = at(u + du, z + du * v3)
        z = z + du / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
        log_ratio = log_ratio + du / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
    square = ((last * z / path.prior_std) ** 2).flatten(1).sum(1) if x.ndim > 1 else (last * z / path.prior_std) ** 2
    log_prior = -0.5 * square - d * (0.5 * math.log(2 * math.pi) + math.log(path.prior_std))
    return log_prior + log_ratio + d * math.log(last / first)


def value_and_divergence(
    velocity: Callable[[Tensor], Tensor], z: Tensor, probes: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """velocity(z), like z [B, ...], and the sum over `probes` e of e . (dv/dz) e, [B].

    With one probe of random signs it is Hutchinson's estimate of the divergence; with the d unit vectors it is exact.
    """
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        v = velocity(z)
        total = v.new_zeros(len(z))
        for number, probe in enumerate(probes):
            (pulled,) = torch.autograd.grad(v, z, probe, retain_graph=number < len(probes) - 1)
            total = total + (pulled * probe).reshape(len(z), -1).sum(1)
    return v.detach(), total


def bits_per_dimension(
    denoise: DenoiserLike,
    images: Tensor,
    path: Path,
    times: Sequence[float],
    values: Tensor,
    *,
    generator: torch.Generator,
    exact: bool = False,
) -> Tensor:
    """An upper bound on -log2 P(image) / d, [B], for images whose pixels are among `values`, such as 17 grey levels.

    A density says nothing about a list of grey levels: it may be as high as it likes at each of them. So noise comes in
    between. z = alpha x + sigma eps at the last time t, with the model's density p_t(z), and each pixel is read back as
    the value v with probability q(v | z) ~ N(z; alpha v, sigma^2). For any t > 0

        -log P(x) <= E[-log p_t(z) - log q(x | z) + log N(z; alpha x, sigma^2)]

    (Kingma et al. 2021, "Variational Diffusion Models", section 4). Guessing evenly costs log2(number of values).
    """
    t = times[-1]
    alpha, sigma = path.alpha(t), path.sigma(t)
    if sigma == 0:
        raise ValueError("bits per dimension need noise between the grey levels: end the times above 0")
    eps = torch.randn(images.shape, generator=generator, dtype=images.dtype)
    z = path.add_noise(images, eps, t)
    density = log_likelihood(denoise, z, path, times, generator=generator, exact=exact)
    distance = (z[..., None] - alpha * values.to(z)) / sigma  # [B, ..., number of values]
    log_q = (-0.5 * distance**2).log_softmax(-1)
    nearest = (images[..., None] - values.to(images)).abs().argmin(-1, keepdim=True)
    read = log_q.gather(-1, nearest)[..., 0].flatten(1).sum(1)
    noise = (-0.5 * eps**2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)
    return (noise - density - read) / images[0].numel() / math.log(2)


def _unit_vectors(x: Tensor) -> list[Tensor]:
    """The d unit vectors, each like x [B, ...]."""
    shape = x.shape[1:]
    return [row.reshape(shape).expand_as(x) for row in torch.eye(max(shape.numel(), 1)).to(x)]

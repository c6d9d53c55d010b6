"""What training minimises: the squared error of the predicted eps, x0, v or velocity, at random times."""

from collections.abc import Callable
from typing import Any, Literal, cast

import torch
from torch import Tensor

from diffusion_lessons.estimates import check_prediction_type, error_in_eps, target_at
from diffusion_lessons.machine.devices import moved
from diffusion_lessons.path import Path, match, time_for

Times = Literal["uniform", "logit_normal", "log_normal"]
Weighting = Literal["min_snr"] | None


def sample_times(u: Tensor, path: Path, times: Times = "uniform") -> Tensor:
    """Training times [B] in (0, T] from numbers u [B], uniform in (0, 1], computed on u's device, the CPU.

    uniform       t = T u
    logit_normal  t = T sigmoid(z), z standard normal: more training in mid-path (Esser et al. 2024, eq. 19)
    log_normal    t = exp(1.2 z - 1.2), for a variance-exploding path's sigma = t (Karras et al. 2022, table 1)
    """
    if times == "uniform":
        return path.T * u
    z = torch.special.ndtri(u.clamp(1e-5, 1 - 1e-5))  # a standard normal number has this quantile
    if times == "logit_normal":
        return path.T * torch.sigmoid(z)
    if times == "log_normal":
        return (1.2 * z - 1.2).exp().clamp(max=path.T)
    raise ValueError(f'times must be "uniform", "logit_normal" or "log_normal", not {times!r}')


def weights(t: Tensor, path: Path, predicts: str, weighting: Weighting = None, gamma: float = 5.0) -> Tensor:
    """The weight of each sample's squared error, [B].

    None leaves the error of what is predicted as it is. "min_snr" gives the error of eps the weight
    min(1, gamma / SNR), SNR = alpha^2 / sigma^2, which is min(SNR, gamma) on the error of x_0 (Hang et al. 2023,
    equation 6), whatever the network predicts (`estimates.error_in_eps`).
    """
    if weighting is None:
        return torch.ones_like(t)
    if weighting != "min_snr":
        raise ValueError(f'weighting must be None or "min_snr", not {weighting!r}')
    snr = path.alpha(t) ** 2 / path.sigma(t) ** 2
    return (gamma / snr).clamp(max=1) * error_in_eps(predicts, path, t)


def loss(
    network: Callable[..., Tensor],
    x0: Tensor,
    eps: Tensor,
    t: Tensor,
    path: Path,
    predicts: str,
    condition: Any = None,
    weighting: Weighting = None,
) -> Tensor:
    """E |network(alpha x0 + sigma eps, t) - target|^2: the mean over pixels and batch, weighted by noise level.

    x0 and eps [B, ...], t [B] in the path's units, condition whatever the network takes: of a U-Net
    labels [B], the null class where it was dropped. t may stay
    on the CPU in double precision, where alpha, sigma and weights are computed from it; all four are sent to x0's
    device in one copy.
    """
    check_prediction_type(predicts, path)
    t = cast(Tensor, time_for(x0, t[None] if t.ndim == 0 else t))  # [B]
    numbers = torch.stack([t, path.alpha(t), path.sigma(t), weights(t, path, predicts, weighting)])  # [4, B]
    times, *scales, weight = moved(numbers.to(x0.dtype), x0.device)
    alpha, sigma = (match(scale, x0) for scale in scales)
    x = alpha * x0 + sigma * eps
    output = network(x, times) if condition is None else network(x, times, condition)
    error = (output.float() - target_at(predicts, x0, eps, alpha, sigma)).square().reshape(len(x0), -1).mean(dim=1)
    return (weight * error).mean()

"""What must hold of every path, denoiser and sampler, in the order in which one would look for a mistake.

`diagnose(denoise, path)` walks down the list and stops at the first thing that fails, with its likely cause: "the loss
converged and the samples are noise" is usually one of these.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.denoisers.base import DenoiserLike, check_denoiser
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import check_sampler


class Finding(NamedTuple):
    """One check: whether it passed, what was observed, and, if it failed, what to do or what the cause may be.

    cause: the name of the fault, where there is one for it (`clinic.FAULTS`).
    """

    name: str
    ok: bool
    observation: str
    remedy: str = ""
    cause: str = ""

    def __str__(self) -> str:
        line = f"{'ok' if self.ok else 'FAILS':>5}  {self.name}: {self.observation}"
        return line if self.ok or not self.remedy else f"{line}\n       {self.remedy}"


def of_path(path: Path) -> Iterator[Finding]:
    """End points, the fall of the signal-to-noise ratio, and the variance of x_t."""
    yield Finding(
        "clean at t = 0",
        path.alpha(0.0) == 1 and path.sigma(0.0) == 0,
        f"alpha = {path.alpha(0.0):.4g}, sigma = {path.sigma(0.0):.4g}",
        "the first step's noise was counted as time 0: alpha_bar_0 is 1, the table starts at t = 1",
    )
    times = torch.linspace(0.001, 1, 200, dtype=torch.float64) * path.T
    falling = bool((path.lam(times).diff() < 0).all())
    yield Finding(
        "signal-to-noise falls with t",
        falling,
        "yes" if falling else "no",
        "time runs the wrong way: T is noise, 0 is data",
    )
    level = (path.alpha(path.T) / path.sigma(path.T)) if path.sigma(path.T) > 0 else float("inf")
    yield Finding(
        "noise at t = T",
        level < 0.3,
        f"alpha / sigma = {level:.2g}",
        "much of the data is left at T, so starting from pure noise is wrong: use more noise or a longer path",
    )
    noise = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    data = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    t = 0.5 * path.T
    variance = path.add_noise(data, noise, t).var().item()
    expected = path.alpha(t) ** 2 + path.sigma(t) ** 2
    yield Finding(
        "variance of x_t for unit data",
        abs(variance / expected - 1) < 0.05,
        f"{variance:.3f}, expected alpha^2 + sigma^2 = {expected:.3f}",
        "noise is scaled by 1 - alpha_bar or by beta instead of the square root, or drawn uniformly",
    )


def of_denoiser(denoise: DenoiserLike, path: Path, data: Tensor | None, shape: tuple[int, ...]) -> Iterator[Finding]:
    """Shape, finiteness, balance and, where clean data [N, *shape] are given, whether it recognises noise at all."""
    generator = torch.Generator().manual_seed(0)
    clean = data[:64] if data is not None else torch.randn(64, *shape, generator=generator)
    eps = torch.randn(clean.shape, generator=generator, dtype=clean.dtype)
    t = path.t_of_lam(0.0)  # as much signal as noise
    x = path.add_noise(clean, eps, t)
    estimate = denoise(x, t)
    sound = estimate.x0.shape == x.shape and bool(
        torch.isfinite(estimate.x0).all() & torch.isfinite(estimate.eps).all()
    )
    yield Finding(
        "estimates are finite and like x",
        sound,
        f"x0 {tuple(estimate.x0.shape)}",
        "NaN or a wrong shape in the network",
    )
    gap = (path.alpha(t) * estimate.x0 + path.sigma(t) * estimate.eps - x).abs().max().item()
    yield Finding(
        "alpha x0 + sigma eps = x_t",
        gap < 1e-3 * max(1.0, x.abs().max().item()),
        f"largest gap {gap:.2g}",
        "x0 was clipped without re-deriving eps, or the two were made with different coefficients",
    )
    if data is None:
        return
    error = ((estimate.eps - eps) ** 2).mean().item() / (eps**2).mean().item()
    agreement = torch.nn.functional.cosine_similarity(estimate.eps.flatten(), eps.flatten(), dim=0).item()
    yield Finding(
        "predicted noise points along the true noise",
        agreement > 0.3,
        f"cosine {agreement:.2f}",
        "the sign of the noise is flipped, or the prediction type is wrong (eps, x0, v, velocity)",
    )
    yield Finding(
        "predicted noise is better than none",
        error < 1,
        f"squared error {error:.3f} of that of predicting 0",
        "untrained or not the EMA weights; left in train mode; t handed over in other units; all t of a batch equal",
    )
    excess = estimate.x0.abs().max().item() / data.abs().max().item()
    yield Finding(
        "x0_hat stays near the data's range",
        excess < 3,
        f"{excess:.2f} of the largest value in the data",
        "alpha used where alpha_bar is meant (one root too few), or data not scaled to [-1, 1]",
    )


def of_sampler(
    sampler: samplers.Sampler, denoise: DenoiserLike, path: Path, data: Tensor | None, shape: tuple[int, ...]
) -> Iterator[Finding]:
    """Number of steps, end points, repeatability, and the spread of what comes out."""
    dtype = data.dtype if data is not None else torch.float32
    x = path.prior((64, *shape), torch.Generator().manual_seed(0), dtype=dtype)
    times = path.grid(20, "logsnr")

    def run() -> list[samplers.State]:
        torch.manual_seed(0)
        return samplers.trace(sampler, denoise, x, path, times)

    states = run()
    yield Finding(
        "one state a step, ending at t = 0",
        len(states) == len(times) and states[-1].t == 0,
        f"{len(states) - 1} steps, last t = {states[-1].t:g}",
        "the grid holds N + 1 steps, or its last step is never made",
    )
    same = torch.equal(run()[-1].x, states[-1].x)
    yield Finding("one seed, one sample", same, "repeats" if same else "differs", "something draws unseeded noise")
    if data is not None:
        ratio = states[-1].x.std().item() / data.std().item()
        yield Finding(
            "samples spread like the data",
            0.7 < ratio < 1.4,
            f"{ratio:.2f} times the data's standard deviation",
            "noise added on the last step (too wide), guidance too strong, or x0 averaged away (too narrow)",
        )


def diagnose(
    denoise: DenoiserLike,
    path: Path,
    sampler: samplers.Sampler = samplers.ddim,
    data: Tensor | None = None,
    *,
    shape: tuple[int, ...] | None = None,
    report: Callable[[str], None] = print,
) -> Finding | None:
    """Report every invariant in order until one fails; return that one, or None if all hold.

    `data` [N, *shape], clean samples, makes the check of the denoiser worth much more. Without them `shape` (or the
    denoiser's own) says what a sample is.
    """
    check_denoiser(denoise)
    check_value("path", path, Path)
    check_sampler(sampler)
    shape = tuple(data.shape[1:]) if data is not None else shape or getattr(denoise, "shape", None)
    if shape is None:
        raise ValueError("give data or shape: the denoiser does not say what shape one sample has")
    of_all = of_path(path), of_denoiser(denoise, path, data, shape), of_sampler(sampler, denoise, path, data, shape)
    return first_failure(chain.from_iterable(of_all), report)


def first_failure(findings: Iterable[Finding], report: Callable[[str], None]) -> Finding | None:
    """Report findings in order until one fails; return that one, or None if all hold."""
    for finding in findings:
        report(str(finding))
        if not finding.ok:
            return finding
    return None

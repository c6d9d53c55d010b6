"""What all samplers share: the State they yield, the checks when they are called, and the two ways to run one.

A sampler is written as a generator function, `def ddim(denoise, x, path, times, *, eta=0.0, generator=None)`, that
reads like its paper's algorithm and yields a `State` after each step. The decorator `@sampler(...)` checks the
arguments when the sampler is *called* (a bare generator would wait for its first step), and switches gradients off
inside the steps only: between them the caller's gradient mode is as the caller left it.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons import grids
from diffusion_lessons.denoisers import DenoiserLike
from diffusion_lessons.schedules import Path


class State(NamedTuple):
    """Where a sampler stands: x at time t, and the clean sample that its last step saw (None before the first)."""

    t: float
    x: Tensor
    x0: Tensor | None


@dataclass(frozen=True)
class Info:
    """What a figure, a menu or a table needs to know of a sampler."""

    name: str
    order: int  # error ~ (step size)^order on smooth problems with an exact denoiser
    nfe: Callable[[int], int] | None  # evaluations for a number of steps down to t = 0; None if chosen while running
    deterministic: bool  # with its default options
    citation: str


class Sampler(Protocol):
    info: Info

    def __call__(
        self, denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float], **options: Any
    ) -> Iterator[State]: ...


class Check(NamedTuple):
    """A test on one option, with the words for the error: `what` the option must be."""

    passes: Callable[[Any], bool]
    what: str


def between(low: float, high: float) -> Check:
    return Check(lambda value: low <= value <= high, f"between {low:g} and {high:g}")


def one_of(*names: str) -> Check:
    return Check(lambda value: value in names, " or ".join(f'"{name}"' for name in names))


def sampler(
    *,
    order: int,
    nfe: Callable[[int], int] | None,
    citation: str,
    deterministic: bool = True,
    **checks: Check,
) -> Callable[[Callable[..., Iterator[State]]], Sampler]:
    """Turn a generator function into a sampler: arguments checked at the call, gradients off inside the steps.

    The keywords beyond `Info`'s fields are checks on options: `@sampler(..., eta=between(0, 1))`.
    """

    def decorate(function: Callable[..., Iterator[State]]) -> Sampler:
        signature = inspect.signature(function)
        steps = torch.no_grad()(function)  # on a generator function: entered and left at every step

        @functools.wraps(function)
        def start(denoise, x, path, times, **options):
            signature.bind(denoise, x, path, times, **options)  # an unknown option is a TypeError now
            for name, check in checks.items():
                if name in options and not check.passes(options[name]):
                    raise ValueError(f"{function.__name__}: {name} must be {check.what}; got {options[name]!r}")
            check_start(denoise, x, path)
            return steps(denoise, x, path, grids.checked(times, path.T), **options)

        start.info = Info(function.__name__, order, nfe, deterministic, citation)  # type: ignore[attr-defined]
        return start  # type: ignore[return-value]

    return decorate


def check_start(denoise: DenoiserLike, x: Tensor, path: Path) -> None:
    """The denoiser, the path and x fit together, or an error says which does not."""
    if not isinstance(path, Path):
        raise TypeError(f"path must be a path such as schedules.ddpm_linear(); got {type(path).__name__}")
    if not callable(denoise):
        raise TypeError(f"denoise must be callable as denoise(x, t) -> Estimate; got {type(denoise).__name__}")
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim < 1 or len(x) == 0:
        got = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be a floating-point tensor of shape [B, ...] with B at least 1; got {got}")
    if not torch.isfinite(x).all():
        raise ValueError("x holds NaN or infinite values; start from path.prior(shape)")
    if getattr(denoise, "path", path) != path:
        raise ValueError(f"the denoiser was made for {denoise.path}, not for {path}; pass path=denoise.path")  # type: ignore[attr-defined]
    shape = getattr(denoise, "shape", None)
    if shape is not None and tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"the denoiser takes samples of shape {tuple(shape)}; x holds {tuple(x.shape[1:])}")
    dtype = getattr(denoise, "dtype", None)
    if dtype is not None and dtype != x.dtype:
        raise ValueError(f"the network computes in {dtype} and x is {x.dtype}; convert one: x.to({dtype})")


def fresh_noise(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Unit Gaussian noise like x, drawn on the generator's device so that a seed means the same on every machine."""
    source = generator.device if generator is not None else x.device
    return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=source).to(x.device)


def sample(
    sampler: Sampler,
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    progress: bool = False,
    **options: Any,
) -> Tensor:
    """Run a sampler to its end and return the last x: `sample(samplers.ddim, denoise, x_T, path, path.grid(50))`."""
    states = sampler(denoise, x, path, times, **options)
    for state in tqdm(states, desc=sampler.info.name, total=len(times) - 1, disable=not progress):
        x = state.x
    return x


def trace(
    sampler: Sampler,
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    progress: bool = False,
    **options: Any,
) -> list[State]:
    """Run a sampler and return every State: the starting x_T (with x0=None), then one for each step."""
    states = sampler(denoise, x, path, times, **options)
    start = State(float(times[0]), x, None)
    return [start, *tqdm(states, desc=sampler.info.name, total=len(times) - 1, disable=not progress)]

"""What all samplers share: the State they yield, the checks when they are called, and the two ways to run one.

A sampler is written as a generator function, `def ddim(denoise, x, path, times, *, eta=0.0, generator=None)`, that
reads like its paper's algorithm and yields a `State` after each step. The decorator `@sampler(...)` checks the
arguments when the sampler is *called* (a bare generator would wait for its first step), and switches gradients off
inside the steps only: between them the caller's gradient mode is as the caller left it.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons import grids
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path


class State(NamedTuple):
    """Where a sampler stands: x at time t, and the clean sample that its last step estimated (None at first)."""

    t: float
    x: Tensor
    x0: Tensor | None


class Check(NamedTuple):
    """A test on one option, with the words for the error: `what` the option must be."""

    passes: Callable[[Any], bool]
    what: str

    def accepts(self, value: Any) -> bool:
        """Whether the value passes; one of a type that cannot be compared does not."""
        try:
            return bool(self.passes(value))
        except (TypeError, ValueError, RuntimeError):
            return False


def between(low: float, high: float) -> Check:
    return Check(lambda value: low <= value <= high, f"between {low:g} and {high:g}")


def one_of(*names: str) -> Check:
    return Check(lambda value: value in names, " or ".join(f'"{name}"' for name in names))


def above(low: float) -> Check:
    return Check(lambda value: value > low, f"above {low:g}")


@dataclass(frozen=True)
class Info:
    """What a figure, a menu or a table needs to know about a sampler."""

    name: str
    order: int  # error ~ (step size)^order on smooth problems with an exact denoiser
    stages: Callable[[int], Sequence[int]] | None  # evaluations in each of N steps; None if chosen while running
    deterministic: bool  # with its default options
    citation: str
    in_lambda: bool = False  # steps are taken in lambda, so one from alpha = 0 has no inner points either
    options: tuple[str, ...] = ()  # names of its own options, beside the generator that every sampler takes
    checks: Mapping[str, Check] = field(default_factory=dict, compare=False, repr=False)  # on these options, by name

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise a ValueError for an option whose value the sampler cannot take; names are not looked at."""
        for name, check in self.checks.items():
            if name in options and not check.accepts(options[name]):
                raise ValueError(f"{self.name}: {name} must be {check.what}; got {options[name]!r}")

    def nfe(self, times: int | Sequence[float], path: Path | None = None) -> int | None:
        """Network evaluations on `times` of `path`; None if the sampler chooses its own times.

        A step to sigma = 0 has no inner points and costs one. Given a number of steps instead of times, they are
        taken to start where alpha is above 0 and to end at t = 0.
        """
        if self.stages is None:
            return None
        if isinstance(times, int):
            single = [False] * (times - 1) + [True]
        elif path is None:
            raise ValueError("evaluations on given times depend on the path: nfe(times, path)")
        else:
            single = [path.sigma(s) == 0 or (self.in_lambda and path.alpha(t) == 0) for t, s in pairwise(times)]
        return sum(1 if one else k for one, k in zip(single, self.stages(len(single)), strict=True))


class Sampler(Protocol):
    info: Info

    def __call__(
        self,
        denoise: DenoiserLike,
        x: Tensor,
        path: Path,
        times: Sequence[float],
        *,
        generator: torch.Generator | None = None,
        **options: Any,
    ) -> Iterator[State]: ...


def sampler(
    *,
    order: int,
    stages: int | Callable[[int], Sequence[int]] | None = 1,
    citation: str,
    deterministic: bool = True,
    in_lambda: bool = False,
    fits: Callable[..., None] | None = None,
    **checks: Check,
) -> Callable[[Callable[..., Iterator[State]]], Sampler]:
    """Turn a generator function into a sampler: arguments checked at the call, gradients off inside the steps.

    `stages` are the evaluations of a step, a number or a function of the number of steps; None says that the sampler
    chooses its own times. `fits(path, times, **options)` may refuse what does not go together. The keywords beyond
    these are checks on single options: `@sampler(..., eta=between(0, 1))`.

    Every sampler takes `generator=`: a function without that parameter adds no noise and is not handed it.
    """

    def decorate(function: Callable[..., Iterator[State]]) -> Sampler:
        signature = inspect.signature(function)
        adds_noise = "generator" in signature.parameters
        steps = torch.no_grad()(function)  # on a generator function: entered and left at every step

        @functools.wraps(function)
        def start(denoise, x, path, times, *, generator=None, **options):
            if adds_noise:
                options["generator"] = generator
            signature.bind(denoise, x, path, times, **options)  # an unknown option is a TypeError now
            info.check(options)
            check_start(denoise, x, path)
            times = grids.check_times(times, path.T)
            check_steps(denoise, times)
            if fits is not None:
                fits(path, times, **options)
            return steps(denoise, x, path, times, **options)

        per_step = (lambda steps: [stages] * steps) if isinstance(stages, int) else stages
        keywords = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
        own = tuple(name for name in keywords if name != "generator")
        info = Info(function.__name__, order, per_step, deterministic, citation, in_lambda, own, checks)
        start.info = info  # type: ignore[attr-defined]
        if not adds_noise:
            shown = inspect.Parameter("generator", inspect.Parameter.KEYWORD_ONLY, default=None)
            start.__signature__ = signature.replace(parameters=[*signature.parameters.values(), shown])  # type: ignore[attr-defined]
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
    if getattr(denoise, "path", path) != path:
        raise ValueError(f"the denoiser was made for {denoise.path}, not for {path}; pass path=denoise.path")  # type: ignore[attr-defined]
    shape = getattr(denoise, "shape", None)
    if shape is not None and tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"the denoiser takes samples of shape {tuple(shape)}; x holds {tuple(x.shape[1:])}")
    device = getattr(denoise, "device", None)
    if device is not None and device != x.device:
        raise ValueError(f'the network stands on {device} and x on {x.device}; move one: x.to("{device}")')
    check_finite(x)


def check_finite(x: Tensor) -> None:
    """The only check that reads values: on a GPU it has to wait, once, before the first step."""
    if not torch.isfinite(x).all():
        raise ValueError("x holds NaN or infinite values; start from path.prior(shape)")


def check_steps(denoise: DenoiserLike, times: Sequence[float]) -> None:
    """Raise a ValueError where a student that was trained for a few steps only (`Denoiser.times`) is given others."""
    own = getattr(denoise, "times", None)
    if own is not None and not set(pairwise(times)) <= set(pairwise((*own, 0.0))):
        trained, given = (" -> ".join(f"{t:g}" for t in grid) for grid in ((*own, 0.0), times))
        given = f"the {len(times) - 1} steps {given}" if len(times) < 10 else f"{len(times) - 1} steps"
        raise ValueError(
            f"this network is a student, trained for the steps {trained} and no others; asked for {given}. "
            f'Use steps={len(own)} with spacing="trailing"'
        )


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
    return last_x(with_progress(states, sampler.info, times, progress))


def last_x(states: Iterable[State]) -> Tensor:
    """Run a sampler's states to their end and return the last x, keeping no other."""
    for state in states:
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
    return [start, *with_progress(states, sampler.info, times, progress)]


def with_progress(states: Iterator[State], info: Info, times: Sequence[float], progress: bool) -> Iterable[State]:
    """The same states, with a bar that counts steps where `progress` is asked for."""
    if not progress:
        return states
    return tqdm(states, desc=info.name, total=len(times) - 1 if info.stages is not None else None)

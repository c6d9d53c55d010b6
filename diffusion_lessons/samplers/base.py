"""What all samplers share: the State they yield, the checks when they are called, and the two ways to run one.

A sampler is written as a generator function, `def ddim(denoise, x, path, times, *, eta=0.0, generator=None)`, that
reads like its paper's algorithm and yields a `State` after each step. The decorator `@sampler(...)` checks the
arguments when the sampler is *called* (a bare generator would wait for its first step), and switches gradients off
inside the steps only: between them the caller's gradient mode is as the caller left it.
"""

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Integral
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons import grids
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.checks import check_start, check_steps, warn_of_start

HALF = (torch.float16, torch.bfloat16)


class State(NamedTuple):
    """Where a sampler stands: x at time t, and the clean sample that its last step estimated (None at first)."""

    t: float
    x: Tensor
    x0: Tensor | None


class Check(NamedTuple):
    """A test on one option, with the words for the error: `what` the option must be."""

    passes: Callable[[Any], bool]
    what: str
    read: Callable[[Any], Any] = lambda value: value  # what a command line gives, as the sampler takes it

    def accepts(self, value: Any) -> bool:
        """Whether the value passes; one of a type that cannot be compared does not."""
        try:
            return bool(self.passes(value))
        except (TypeError, ValueError, RuntimeError):
            return False


def between(low: float, high: float) -> Check:
    return Check(lambda value: not isinstance(value, bool) and low <= value <= high, f"between {low:g} and {high:g}")


def one_of(*names: str) -> Check:
    """One of these names, of which "12" may be given as the number 12."""
    what = " or ".join(f'"{name}"' for name in names)
    return Check(lambda value: value in names, what, lambda value: str(value) if str(value) in names else value)


def above(low: float) -> Check:
    """A finite number above `low`."""
    return Check(lambda value: not isinstance(value, bool) and low < value < math.inf, f"a number above {low:g}")


def yes_or_no() -> Check:
    return Check(lambda value: isinstance(value, bool), "True or False")


@dataclass(frozen=True)
class Info:
    """What a figure, a menu or a table needs to know about a sampler."""

    name: str
    order: int  # error ~ (step size)^order on smooth problems with an exact denoiser
    stages: Callable[[int], Sequence[int]] | None  # evaluations in each of N steps; None if chosen while running
    deterministic: bool  # with its default options
    citation: str
    in_lambda: bool = False  # steps are taken in lambda, so one from alpha = 0 has no inner points either
    upward: bool = False  # x is clean, and the decreasing times are read backwards
    options: tuple[str, ...] = ()  # names of its own options, beside the generator that every sampler takes
    checks: Mapping[str, Check] = field(default_factory=dict, compare=False, repr=False)  # on these options, by name

    def check(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options as the sampler takes them, or a ValueError for a value that it cannot take; names may be any."""
        values = dict(options)
        for name, check in self.checks.items():
            if name in values:
                values[name] = check.read(values[name])
                if not check.accepts(values[name]):
                    raise ValueError(f"{self.name}: {name} must be {check.what}; got {values[name]!r}")
        return values

    def nfe(self, times: int | Sequence[float], path: Path | None = None) -> int | None:
        """Network evaluations on `times` of `path`; None if the sampler chooses its own times.

        A step to sigma = 0 has no inner points and costs one. Given a number of steps instead of times, they are
        taken to start where alpha is above 0 and to end at t = 0.
        """
        if self.stages is None:
            return None
        if isinstance(times, Integral):
            if times < 1:
                raise ValueError(f"steps must be a whole number of at least 1; got {times}")
            single = [False] * (int(times) - 1) + [True]
        elif path is None or isinstance(times, int):
            raise ValueError("evaluations on given times depend on the path: nfe(times, path)")
        else:
            single = [path.sigma(s) == 0 or (self.in_lambda and path.alpha(t) == 0) for t, s in pairwise(times)]
        return sum(1 if one else k for one, k in zip(single, self.stages(len(single)), strict=True))


class Sampler(Protocol):
    """A sampler: from x [B, ...] at times[0] it goes down the list of times, and yields the state after each step.

    Options of its own are keywords; what is drawn at random comes from `generator`. `info` says its order, its
    evaluations and what it needs.
    """

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
    upward: bool = False,
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
            check_value("generator", generator, torch.Generator | None)
            if adds_noise:
                options["generator"] = generator
            signature.bind(denoise, x, path, times, **options)  # an unknown option is a TypeError now
            options = info.check(options)
            check_start(denoise, x, path)
            times = grids.check_times(times, path.T)
            check_steps(denoise, times)
            if fits is not None:
                fits(path, times, **options)
            warn_of_start(x, path, times[0], upward)
            if x.dtype in HALF:
                return _in_half(steps, denoise, x, path, times, **options)
            return steps(denoise, x, path, times, **options)

        per_step = (lambda steps: [stages] * steps) if isinstance(stages, int) else stages
        keywords = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
        own = tuple(name for name in keywords if name != "generator")
        info = Info(function.__name__, order, per_step, deterministic, citation, in_lambda, upward, own, checks)
        start.info = info  # type: ignore[attr-defined]
        if not adds_noise:
            shown = inspect.Parameter("generator", inspect.Parameter.KEYWORD_ONLY, default=None)
            start.__signature__ = signature.replace(parameters=[*signature.parameters.values(), shown])  # type: ignore[attr-defined]
        return start  # type: ignore[return-value]

    return decorate


def _in_half(
    steps: Callable[..., Iterator[State]], denoise: DenoiserLike, x: Tensor, *rest: Any, **options: Any
) -> Iterator[State]:
    """The states of an x in half precision: the steps are taken in single precision, and each State is rounded.

    In half precision itself x would stand still where a step is shorter than its last digit, and a squared error
    would overflow. A denoiser that says in which type its network computes is given the x of the steps; any other
    function is given an x of the type that the caller chose.
    """
    dtype = x.dtype

    def rounded(x: Tensor, t: float) -> Estimate:
        return Estimate(*(part.float() for part in denoise(x.to(dtype), t)))

    for state in steps(denoise if hasattr(denoise, "dtype") else rounded, x.float(), *rest, **options):
        yield State(state.t, state.x.to(dtype), None if state.x0 is None else state.x0.to(dtype))


def fresh_noise(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Unit Gaussian noise like x, drawn on the generator's device so that a seed means the same on every machine."""
    source = generator.device if generator is not None else x.device
    return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=source).to(x.device)


def check_sampler(sampler: Any) -> None:
    """Raise a TypeError for what is no sampler, such as the name of one."""
    if not (callable(sampler) and isinstance(getattr(sampler, "info", None), Info)):
        name = f'get("{sampler}")' if isinstance(sampler, str) else "ddim"
        raise TypeError(f"sampler must be a sampler, such as samplers.{name}; got {sampler!r}")


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
    check_sampler(sampler)
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
    """Run a sampler and return every State: the x that it starts from (with x0=None), then one for each step."""
    check_sampler(sampler)
    states = sampler(denoise, x, path, times, **options)
    start = State(float(times[-1 if sampler.info.upward else 0]), x, None)
    return [start, *with_progress(states, sampler.info, times, progress)]


def with_progress(states: Iterator[State], info: Info, times: Sequence[float], progress: bool) -> Iterable[State]:
    """The same states, with a bar that counts steps where `progress` is asked for."""
    if not progress:
        return states
    return tqdm(states, desc=info.name, total=len(times) - 1 if info.stages is not None else None)

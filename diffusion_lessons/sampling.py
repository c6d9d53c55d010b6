"""Sampling a network: `Settings`, which say how, and the functions that do it.

    states = generate(load("mnist-diffusion"), 16, labels=[7], scale=3.0, sampler="dpm_solver_pp_2m", steps=15)
    images = states[-1].x

The command line, the benchmark, the tables, the cards and the panels all use `Settings`. `generate` draws samples;
`states` does the same from a given x_T, one step at a time.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper, check_denoiser
from diffusion_lessons.denoisers.clipping import check_limit, check_percentile, clip
from diffusion_lessons.denoisers.conditions import as_condition, takes_condition
from diffusion_lessons.denoisers.precision import HalfPrecision
from diffusion_lessons.grids import MOST, SPACINGS, check_times
from diffusion_lessons.guidance.classifier_free import check_rescale, classifier_free
from diffusion_lessons.guidance.scales import as_scale, check_interval
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.machine.fields import check_name, check_value, plain
from diffusion_lessons.optimise.feature_cache import check_every
from diffusion_lessons.optimise.guidance_cache import reuse_negative
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import HALF, State, with_progress
from diffusion_lessons.samplers.checks import instead

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "float64": torch.float64}


@dataclass(frozen=True)
class Settings:
    """Everything that a person may choose about sampling, except what is drawn: how many, which labels, which seed.

    sampler, steps, spacing   as in `samplers.get` and `path.grid`
    options                   the sampler's own, such as {"eta": 1.0}
    scale                     guidance: 0 unconditional, 1 conditional, above 1 amplified
    negative                  the class to move away from, by number or by name, in place of "no condition"
    reuse                     make the pass without the condition (or with the negative) at every so many times only, as
                              `optimise.reuse_negative` does; 1 makes it at each
    placed                    times of the run in place of the path's grid, such as `optimise.place_steps` finds
    interval, rescale         as in `guidance.classifier_free`
    limit, percentile         as in `clip`, which is put outermost: x0_hat stays in [-limit, limit], as images do; None
                              where the data have no such range. Latents have none: they are never clipped
    precision                 in which the network computes; of the half types its products only (autocast); x and the
                              sampler's arithmetic keep x's own type
    batch                     images sampled together where many are measured; `generate` draws all of its own at once

    Raises ValueError for settings that suit no network; `check` tests those that depend on the network.
    """

    sampler: str = "ddim"
    steps: int = 20
    spacing: str = "trailing"
    options: dict[str, Any] = field(default_factory=dict)
    scale: Any = 1.0  # a guidance.Scale; tables hold numbers
    negative: int | str | None = None
    interval: tuple[float, float] | None = None
    rescale: float = 0.0
    limit: float | None = 1.0
    percentile: float | None = None
    precision: str = "float32"
    batch: int = 100
    reuse: int = 1
    placed: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        info = samplers.get(self.sampler).info
        check_value("options", self.options, dict)
        if unknown := [name for name in self.options if name not in info.options]:
            has = f"(its options: {', '.join(info.options)})" if info.options else "(it has none)"
            raise ValueError(f"{self.sampler} has no option {unknown[0]} {has}{instead(unknown[0], [*vars(self)])}")
        object.__setattr__(self, "options", {name: plain(one) for name, one in info.check(self.options).items()})
        for name, choices in (("spacing", SPACINGS), ("precision", tuple(PRECISIONS))):
            check_name(name, getattr(self, name), choices)
        for name in ("steps", "batch"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= MOST:
                raise ValueError(f"{name} must be a whole number of at least 1 and at most {MOST:,}; got {value!r}")
            object.__setattr__(self, name, int(value))  # NumPy's numbers are none of JSON's
        check_every(self.reuse)
        if self.interval is not None:
            check_interval(self.interval)
        for name in ("placed", "interval"):  # JSON has lists only
            if (values := getattr(self, name)) is not None:
                object.__setattr__(self, name, tuple(map(plain, values)))
        if self.placed is not None and len(self.placed) != self.steps + 1:
            raise ValueError(f"{self.steps} steps are placed at {self.steps + 1} times; got {len(self.placed)}")
        object.__setattr__(self, "scale", plain(self.scale))
        as_scale(self.scale)
        check_rescale(self.rescale)
        if self.limit is not None:
            check_limit(self.limit)
        check_percentile(self.percentile)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Settings):
            return NotImplemented
        return all(_listed(getattr(self, f.name)) == _listed(getattr(other, f.name)) for f in fields(self))

    def __hash__(self) -> int:
        return hash((self.sampler, self.steps))  # options are a dict; equality compares the rest

    def __str__(self) -> str:
        """ "ddim@10, scale 3.0, eta 1.0": what differs from the defaults."""
        special = [f.name for f in fields(self) if f.name not in ("sampler", "steps", "options", "batch")]
        values = {name: _listed(getattr(self, name)) for name in special}
        changed = {name: value for name, value in values.items() if value != getattr(Settings, name)}
        if self.placed is not None:
            changed["placed"] = f"from {self.placed[0]:g} to {self.placed[-1]:g}"  # not every time
        words = [f"{name} {value}" for name, value in {**changed, **self.options}.items()]
        return ", ".join([f"{self.sampler}@{self.steps}", *words])

    def changed(self, **changes: Any) -> "Settings":
        """These settings with some fields changed; what is no field is an option of the sampler."""
        names = {f.name for f in fields(self)}
        options = {name: value for name, value in changes.items() if name not in names}
        values = {name: value for name, value in changes.items() if name in names}
        if "options" in values or options:
            values["options"] = {**values.get("options", self.options), **options}
        return replace(self, **values)

    @property
    def guided(self) -> bool:
        """Whether anything but the plain conditional pass is asked for."""
        return self.negative is not None or not (isinstance(self.scale, int | float) and self.scale == 1)

    @property
    def adds_noise(self) -> bool:
        """Whether fresh noise is drawn in the steps: where eta was chosen, if it is above 0."""
        eta = self.options.get("eta")
        return eta > 0 if eta is not None else not samplers.get(self.sampler).info.deterministic

    def times(self, path: Path) -> tuple[float, ...]:
        """Those of `placed`, or the path's grid, or its two ends for a sampler that chooses its own times."""
        if self.placed is not None:
            return check_times(self.placed, path.T)
        adaptive = samplers.get(self.sampler).info.stages is None
        return (path.T, 0.0) if adaptive else path.grid(self.steps, self.spacing)

    def check(self, denoise: Any) -> tuple[float, ...]:
        """The times of a run, or a ValueError if these settings do not suit this denoiser; nothing is computed."""
        check_denoiser(denoise)
        check_value("the denoiser's path", getattr(denoise, "path", None), Path)
        if self.guided and not takes_condition(denoise):
            raise ValueError("this denoiser takes no condition, so there is nothing to guide: leave scale at 1")
        if self.negative is not None:
            as_condition(denoise, [self.negative])
        return self.times(denoise.path)


def states(
    denoise: Any, x: Tensor, settings: Settings, labels: Tensor | None = None, generator: torch.Generator | None = None
) -> Iterator[State]:
    """Sample from x_T [B, ...] on, one State after each step; arguments are checked when this is called.

    labels [B] are numbers of classes (conditions [B, ...] where the denoiser is told something else), or None for none.
    The network computes in `settings.precision`, and x keeps its type. To count evaluations, give
    `count_calls(in_precision(denoise, settings.precision))`.
    """
    check_value("settings", settings, Settings)
    check_value("generator", generator, torch.Generator | None)
    return _states(denoise, x, settings, settings.check(denoise), labels, generator)


def _states(
    denoise: Any,
    x: Tensor,
    settings: Settings,
    times: tuple[float, ...],
    labels: Tensor | None,
    generator: torch.Generator | None,
) -> Iterator[State]:
    """`states` on times that were checked."""
    guided: DenoiserLike = in_precision(denoise, settings.precision)
    if labels is not None:
        negative = None if settings.negative is None else as_condition(denoise, [settings.negative])
        more: dict[str, Any] = {"interval": settings.interval, "rescale": settings.rescale}
        guided = classifier_free(guided, labels, settings.scale, negative, **more)
        if settings.reuse > 1:
            guided = reuse_negative(guided, settings.reuse)
    elif settings.negative is not None:
        raise ValueError("a negative needs a label to move towards: give labels as well")
    if settings.limit is not None and not is_latent(denoise):
        guided = clip(guided, settings.limit, percentile=settings.percentile)
    sampler = samplers.get(settings.sampler)
    return sampler(guided, x, denoise.path, times, generator=generator, **settings.options)


def generate(
    denoise: Any,
    start: int | Tensor,
    settings: Settings | None = None,
    *,
    labels: Any = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: bool = False,
    **changes: Any,
) -> list[State]:
    """Samples of a network: every State of the run from x_T on, the last holding the samples [count, *shape].

    start: how many samples, or the x_T to start from.
    settings: how to sample; `changes` are its fields by name (scale=3.0, steps=10), or the sampler's options (eta=1.0).
    labels: classes by number or name, assigned in turn; None for no condition (`scale` is then not used). For a network
        of another condition, conditions [B, ...] or a list of what it reads, such as sentences.
    seed: decides x_T and the sampler's noise, drawn on the CPU, so that it means the same on every device.
    device: that of x; by default the network's.
    """
    check_value("settings", settings, Settings | None)
    settings = (settings or Settings()).changed(**changes)
    times = settings.check(denoise)
    generator = torch.Generator().manual_seed(check_seed(seed))
    device = device_of(denoise) if device is None else choose_device(device)
    if isinstance(start, Tensor) and start.ndim > 0:
        x = start.to(device)
    elif not isinstance(start, Integral) or isinstance(start, bool) or not 1 <= start <= MOST:
        raise ValueError(f"start is how many samples, a whole number from 1 to {MOST:,}, or x_T; got {start!r}")
    elif getattr(denoise, "shape", None) is None:
        raise ValueError("the denoiser does not say the shape of one sample: make it with shape=(channels, H, W)")
    else:
        x = denoise.path.prior((start, *denoise.shape), generator, device=device)
    conditions = None if labels is None else as_condition(denoise, labels)
    if conditions is not None:
        conditions = conditions[torch.arange(len(x)) % len(conditions)]
    steps = _states(denoise, x, settings, times, conditions, generator)
    return [State(times[0], x, None), *with_progress(steps, samplers.get(settings.sampler).info, times, progress)]


def check_seed(seed: Any) -> int:
    """The seed, or a ValueError for what a random number generator cannot be seeded with."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not -(2**63) <= int(seed) < 2**63:
        raise ValueError(f"seed must be a whole number of at most 63 bits; got {seed!r}")
    return int(seed)


def device_of(denoise: Any) -> torch.device:
    """The device on which x has to be: the network's, or the CPU for a denoiser without a network."""
    return getattr(denoise, "device", None) or torch.device("cpu")


def is_latent(denoise: Any) -> bool:
    """Whether samples are latents, which the denoiser's `decode` makes pictures of."""
    return getattr(denoise, "decode", None) is not None


def pictures(denoise: Any, x: Tensor) -> Tensor:
    """Samples as pictures: decoded if they are latents."""
    return denoise.decode(x) if is_latent(denoise) else x


def in_precision(denoise: Any, precision: str) -> Any:
    """The same denoiser whose network computes in another floating type; itself if nothing is to change.

    In half precision these are its products only, under autocast (`HalfPrecision`).
    """
    dtype = PRECISIONS[Settings(precision=precision).precision]  # or what `Settings` says of another
    if getattr(denoise, "dtype", None) in (None, dtype):
        return denoise
    if dtype == torch.float64 and device_of(denoise).type == "mps":
        raise ValueError("MPS has no double precision: sample in float32, or load the network on the CPU")
    other = copy.copy(denoise)
    if isinstance(denoise, Wrapper):
        other.inner = in_precision(denoise.inner, precision)
    else:
        whole = denoise.network.network if isinstance(denoise.network, HalfPrecision) else denoise.network
        other.network = HalfPrecision(whole, dtype) if dtype in HALF else copy.deepcopy(whole).to(dtype)
    return other


def _listed(value: Any) -> Any:
    """A tensor as numbers, which compare to one truth and print in one line; anything else as it is."""
    return value.tolist() if isinstance(value, Tensor) else value

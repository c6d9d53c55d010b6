"""Which configurations are measured, on how many samples: short plans for a lesson, long ones for shipped tables.

A plan is a list of groups; within a group every row has the same number of samples, since only such rows compare.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from diffusion_lessons.evaluation.measurement import Configuration

CLIP = {"limit": 1.0}
SAMPLES = 250  # what one CPU core can do in half an hour; thousands on a GPU
SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0)


class Group(NamedTuple):
    """Configurations that are measured on so many samples each."""

    samples: int
    configurations: list[Configuration]


def clipped(sampler: str, *steps: int, **more: Any) -> list[Configuration]:
    """A sampler at several numbers of steps, clipped as images usually are."""
    return [Configuration(sampler, count, clip=CLIP, **more) for count in steps]


def quick(samples: int = 297) -> list[Group]:
    """A few minutes on one core: the bend of the curve, and one guided row."""
    few = [*clipped("ddim", 5, 10, 20), *clipped("ddim", 10, options={"eta": 1.0}), *clipped("dpm_solver_pp_2m", 5, 10)]
    return [Group(samples, [*few, *clipped("dpm_solver_pp_2m", 10, scale=3.0)])]


def curve(samples: int = SAMPLES) -> list[Group]:
    """Quality against evaluations, to 50 steps."""
    return [
        Group(
            samples,
            [
                *clipped("ddim", 2, 5, 10, 20, 50),
                *clipped("ddim", 5, 10, 20, 50, options={"eta": 1.0}),
                *clipped("ddpm", 10, 50, options={"variance": "large"}),
                *clipped("dpm_solver_pp_2m", 2, 5, 10, 15, 20),
                *clipped("dpm_solver_pp_3m", 5, 10),
                *clipped("dpm_solver_3", 4),
                *clipped("heun", 3, 5),
                *clipped("euler", 10),
            ],
        )
    ]


def sharp(samples: int = 1000) -> list[Group]:
    """Fewer rows of `curve` on more samples, for differences that 250 do not show."""
    return [
        Group(
            samples,
            [
                *clipped("dpm_solver_pp_2m", 5, 10, 20),
                *clipped("ddim", 5, 10, 20),
                *clipped("ddim", 10, 20, options={"eta": 1.0}),
                *clipped("ddpm", 10, options={"variance": "large"}),
            ],
        )
    ]


def unclipped(samples: int = SAMPLES) -> list[Group]:
    """What fresh noise does in few steps, unclipped, on two grids: published figures use the leading one."""
    ways: list[tuple[str, dict[str, Any]]] = [("ddim", {}), ("ddim", {"eta": 1.0}), ("ddpm", {"variance": "large"})]
    grids = [(steps, spacing) for spacing in ("leading", "trailing") for steps in (10, 50)]
    return [Group(samples, [Configuration(name, *grid, options=each) for grid in grids for name, each in ways])]


def guidance(samples: int = SAMPLES) -> list[Group]:
    """What the scale does, unclipped so that saturation shows, and what is done against it."""
    steps = 10
    plain = [Configuration("dpm_solver_pp_2m", steps, scale=scale) for scale in SCALES]
    remedies: list[dict[str, Any]] = [
        {"guidance": {"rescale": 0.7}},
        {"guidance": {"interval": [0.2, 3.0]}},
        {"clip": CLIP},
        {"clip": {"limit": 1.0, "percentile": 0.995}},
    ]
    return [
        Group(samples, [*plain, *(Configuration("dpm_solver_pp_2m", steps, scale=10.0, **each) for each in remedies)])
    ]


def precision(samples: int = SAMPLES) -> list[Group]:
    """The same sampler in half precision."""
    return [Group(samples, clipped("dpm_solver_pp_2m", 10, precision="bfloat16"))]


def long(samples: int = SAMPLES) -> list[Group]:
    """A thousand steps of DDPM, and what is compared with it at the same number of samples."""
    rivals = [*clipped("ddim", 10, 20, 50), *clipped("dpm_solver_pp_2m", 10, 15, 20)]
    return [Group(samples, [*rivals, *clipped("ddpm", 50, 1000)])]


def negative(samples: int = SAMPLES) -> list[Group]:
    """A class of spoiled images, the last one, as a default negative, and the same scale without it."""
    each = [{}, {"negative": 10}]
    return [Group(samples, [c for more in each for c in clipped("dpm_solver_pp_2m", 10, scale=2.0, guidance=more)])]


def latency(samples: int = 0) -> list[Group]:
    """Time alone, for a machine that does nothing else: those rows of the other plans whose speed is compared."""
    short = [*clipped("ddim", 10, 20, 50), *clipped("dpm_solver_pp_2m", 10, 15, 20)]
    guided = [Configuration("dpm_solver_pp_2m", 10, scale=scale) for scale in (1.0, 3.0)]
    return [Group(0, [*short, *guided, *precision()[0].configurations, *clipped("ddpm", 1000)])]


def full(samples: int = SAMPLES) -> list[Group]:
    """The quality of everything above but the negative."""
    return [group for part in (curve, unclipped, guidance, precision, long) for group in part(samples)]


PLANS: dict[str, Callable[..., list[Group]]] = {
    "quick": quick,
    "curve": curve,
    "sharp": sharp,
    "unclipped": unclipped,
    "guidance": guidance,
    "precision": precision,
    "long": long,
    "negative": negative,
    "latency": latency,
    "full": full,
}


def get(name: str, samples: int | None = None, batch: int = 25) -> list[Group]:
    """The plan of this name, with its own sample counts or with these, sampled `batch` images at a time.

    Raises ValueError for an unknown name.
    """
    if name not in PLANS:
        raise ValueError(f"unknown plan {name!r}; the plans are {', '.join(PLANS)}")
    groups = PLANS[name]() if samples is None else PLANS[name](samples)
    return [Group(count, [replace(each, batch=batch) for each in rows]) for count, rows in groups]

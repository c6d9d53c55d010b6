"""Which settings are measured, on how many samples: short plans for a lesson, long ones for shipped tables.

A plan reads a checkpoint's card and gives a list of groups: what a student was trained for, another cannot do. Within a
group every row has the same number of samples, since only such rows compare.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from diffusion_lessons.sampling import Settings

SHORT, GUIDED, LONG = 2000, 1000, 500  # samples: to 50 steps; unclipped and guided; of a thousand steps
FEW = (1, 2, 4, 8)  # evaluations
SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0)


Card = Mapping[str, Any]


class Group(NamedTuple):
    """Ways to sample that are measured on this many samples each."""

    samples: int
    settings: list[Settings]


def at_steps(sampler: str, *steps: int, **more: Any) -> list[Settings]:
    """A sampler at several numbers of steps; `more` are other fields of Settings."""
    return [Settings(sampler, count, **more) for count in steps]


FIRST = Settings("ddim", 1)
ASYMPTOTE = Settings("dpm_solver_pp_2m", 20)


def quick(card: Card) -> list[Group]:
    """A few minutes on one core: the bend of the curve, and one guided row."""
    bend = [
        *at_steps("ddim", 5, 10, 20),
        *at_steps("ddim", 10, options={"eta": 1.0}),
        *at_steps("dpm_solver_pp_2m", 5, 10),
    ]
    return [Group(297, [*bend, *at_steps("dpm_solver_pp_2m", 10, scale=3.0)])]  # as many as digits are held out


def curve(card: Card) -> list[Group]:
    """Quality against evaluations, to 50 steps."""
    return [
        Group(
            SHORT,
            [
                *at_steps("ddim", 2, 5, 10, 20, 50),
                *at_steps("ddim", 5, 10, 20, 50, options={"eta": 1.0}),
                *at_steps("ddpm", 10, 50, options={"variance": "large"}),
                *at_steps("dpm_solver_pp_2m", 2, 5, 10, 15, 20),
                *at_steps("dpm_solver_pp_3m", 5, 10),
                *at_steps("dpm_solver_3", 4),
                *at_steps("heun", 3, 5),
                *at_steps("euler", 10),
            ],
        )
    ]


def few(card: Card) -> list[Group]:
    """1, 2, 4 and 8 evaluations: what a teacher makes of them, and of a student what it was trained for.

    A teacher's DDIM is Euler where its path is a flow. Heun asks 2N - 1 times, so its rows are those that stay within
    4 and within 8. Its last row is its asymptote, by which students are measured.
    """
    student = card.get("distillation")
    if student is None:
        ways = [*at_steps("ddim", *FEW), *at_steps("dpm_solver_pp_2m", 2, 4, 8), *at_steps("heun", 2, 4), ASYMPTOTE]
    elif card.get("times"):
        ways = at_steps(student["sampler"], len(card["times"]))
    elif student["sampler"] == "consistency":  # one step of it is one of DDIM; its grid passes sigma = alpha at T / 2
        ways = [*at_steps("consistency", 1, 2, 4), *at_steps("ddim", 2, 4)]
    else:
        ways = at_steps(student["sampler"], *FEW)
    return [Group(SHORT, ways)]


def unclipped(card: Card) -> list[Group]:
    """What fresh noise does in few steps, unclipped, on two grids: published figures use the leading one."""
    ways: list[tuple[str, dict[str, Any]]] = [("ddim", {}), ("ddim", {"eta": 1.0}), ("ddpm", {"variance": "large"})]
    grids = [(steps, spacing) for spacing in ("leading", "trailing") for steps in (10, 50)]
    return [Group(GUIDED, [Settings(name, *grid, options=each, limit=None) for grid in grids for name, each in ways])]


def guidance(card: Card) -> list[Group]:
    """What the scale does, unclipped so that saturation shows, and what is done against it."""
    steps = 10
    plain = [Settings("dpm_solver_pp_2m", steps, scale=scale, limit=None) for scale in SCALES]
    remedies: list[dict[str, Any]] = [
        {"rescale": 0.7, "limit": None},
        {"interval": (0.2, 3.0), "limit": None},
        {"limit": 1.0},
        {"limit": 1.0, "percentile": 0.995},
    ]
    return [Group(GUIDED, [*plain, *(Settings("dpm_solver_pp_2m", steps, scale=10.0, **each) for each in remedies)])]


def precision(card: Card) -> list[Group]:
    """The same sampler in half precision."""
    return [Group(SHORT, at_steps("dpm_solver_pp_2m", 10, precision="bfloat16"))]


def long(card: Card) -> list[Group]:
    """A thousand steps of DDPM, and what is compared with it at the same number of samples."""
    rivals = [*at_steps("ddim", 10, 20, 50), *at_steps("dpm_solver_pp_2m", 10, 15, 20)]
    return [Group(LONG, [*rivals, *at_steps("ddpm", 50, 1000)])]


def negative(card: Card) -> list[Group]:
    """A class of spoiled images, the last one, as a default negative, and the same scale without it."""
    return [Group(GUIDED, [Settings("dpm_solver_pp_2m", 10, scale=2.0, negative=away) for away in (None, 10)])]


def latency(card: Card) -> list[Group]:
    """Time alone, for a machine that does nothing else: those rows of the other plans whose speed is compared."""
    short = [*at_steps("ddim", 10, 20, 50), *at_steps("dpm_solver_pp_2m", 10, 15, 20)]
    short += at_steps("ddim", 10, 20, options={"eta": 1.0})
    guided = [Settings("dpm_solver_pp_2m", 10, scale=scale, limit=None) for scale in (1.0, 3.0)]
    return [Group(0, [*short, *guided, *precision(card)[0].settings, *at_steps("ddpm", 1000)])]


def full(card: Card) -> list[Group]:
    """The quality of everything above but the negative."""
    return [group for part in (curve, few, unclipped, guidance, precision, long) for group in part(card)]


PLANS: dict[str, Callable[[Card], list[Group]]] = {
    "quick": quick,
    "curve": curve,
    "few": few,
    "unclipped": unclipped,
    "guidance": guidance,
    "precision": precision,
    "long": long,
    "negative": negative,
    "latency": latency,
    "full": full,
}


def groups(name: str, card: Card | None = None, *, samples: int | None = None, batch: int = 25) -> list[Group]:
    """The plan of this name for the checkpoint with this card, with its own sample counts or with these.

    Sampled `batch` images at a time. Groups that are only timed stay without samples. Raises ValueError for an unknown
    name.
    """
    if name not in PLANS:
        raise ValueError(f"unknown plan {name!r}; the plans are {', '.join(PLANS)}")
    return [
        Group(samples if samples and count else count, [replace(each, batch=batch) for each in rows])
        for count, rows in PLANS[name](card or {})
    ]

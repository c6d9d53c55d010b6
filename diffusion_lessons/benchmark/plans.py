"""Which settings are measured, on how many samples: short plans for a lesson, long ones for shipped tables.

A plan reads a checkpoint's card, since a few-step student is sampled only as it was trained to be, and returns groups
of settings. Within a group every row has the same number of samples, because only such rows are comparable.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from diffusion_lessons.machine.fields import check_name
from diffusion_lessons.sampling import Settings

SHORT, LONG = 2000, 500  # samples: up to 50 steps; guided, unclipped, and beside 1000 steps
HALF = 1500  # samples beside 1000 steps and guided, in half precision
FEW = (1, 2, 4, 8)  # evaluations
SCALES = (0.0, 1.0, 1.15, 1.3, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0)  # fine where quality is best


Card = Mapping[str, Any]


class Group(NamedTuple):
    """Settings that are measured on this many samples each."""

    samples: int
    settings: list[Settings]


def at_steps(sampler: str, *steps: int, **more: Any) -> list[Settings]:
    """A sampler at several numbers of steps; `more` are other fields of Settings."""
    return [Settings(sampler, count, **more) for count in steps]


FIRST = Settings("ddim", 1)
ASYMPTOTE = Settings("dpm_solver_pp_2m", 20)
LIMIT = Settings("dpm_solver_pp_2m", 50)  # where the curve is flat: what the ODE of the network leads to
REMEDIES: dict[str, dict[str, Any]] = {"rescaled": {"rescale": 0.7}, "in an interval": {"interval": (0.2, 3.0)}}
REMEDIED = (2.0, 3.0, 5.0, 10.0)  # scales at which each remedy against saturation is tried


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
    """A teacher in 1, 2, 4 and 8 evaluations; a student in the numbers of steps that it was trained for.

    On the flow path a teacher's DDIM is Euler's method. Heun's method takes 2N - 1 evaluations in N steps, so its rows
    are the longest within 4 and within 8. The teacher's last row is its asymptote, with which students are compared.
    """
    student = card.get("distillation")
    if student is None:
        settings = [*at_steps("ddim", *FEW), *at_steps("dpm_solver_pp_2m", 2, 4, 8), *at_steps("heun", 2, 4), ASYMPTOTE]
    elif card.get("times"):
        settings = at_steps(student["sampler"], len(card["times"]))
    elif student["sampler"] == "consistency":  # in one step it is DDIM; its grid passes sigma = alpha at T / 2
        settings = [*at_steps("consistency", 1, 2, 4), *at_steps("ddim", 2, 4)]
    else:
        settings = at_steps(student["sampler"], *FEW)
    return [Group(SHORT, settings)]


def limit(card: Card) -> list[Group]:
    """Where the curve of a flow network ends, beside its few steps; a student has no such curve.

    That of a diffusion network is measured beside DDPM's thousand steps, in `long`.
    """
    return [] if card.get("distillation") else [Group(SHORT, [LIMIT])]


def unclipped(card: Card) -> list[Group]:
    """The effect of fresh noise in few steps, unclipped and on the leading grid, as published figures were made."""
    return [Group(LONG, _without_clipping(10, 50))]


def published(card: Card) -> list[Group]:
    """DDIM, DDIM with eta = 1 and DDPM with the large variance in 10 to 1000 steps, in the settings of `unclipped`.

    The table by which DDIM became known (Song, Meng and Ermon 2021, table 1, CIFAR-10) was made so, but for its grid,
    which was quadratic, and for its path.
    """
    return [Group(SHORT, _without_clipping(10, 20, 50, 100, 1000))]


def _without_clipping(*steps: int) -> list[Settings]:
    """Without fresh noise, with DDIM's and with DDPM's larger one, on the leading grid."""
    ways: list[tuple[str, dict[str, Any]]] = [("ddim", {}), ("ddim", {"eta": 1.0}), ("ddpm", {"variance": "large"})]
    return [Settings(name, count, "leading", options, limit=None) for count in steps for name, options in ways]


def guidance(card: Card) -> list[Group]:
    """The effect of the guidance scale, unclipped so that saturation shows, and of remedies at several scales."""
    plain = Settings("dpm_solver_pp_2m", 10, limit=None)
    scales = [plain.changed(scale=scale) for scale in SCALES]
    remedied = [plain.changed(scale=scale, **remedy) for remedy in REMEDIES.values() for scale in REMEDIED]
    clipped = [plain.changed(scale=10.0, limit=1.0, **more) for more in ({}, {"percentile": 0.995})]
    return [Group(LONG, [*scales, *remedied, *clipped])]


def precision(card: Card) -> list[Group]:
    """The same sampler in half precision."""
    return [Group(SHORT, at_steps("dpm_solver_pp_2m", 10, precision="bfloat16"))]


def _rivals() -> list[Settings]:
    """The samplers that are compared with DDPM's thousand steps."""
    return [
        *at_steps("ddim", 1, 5, 10, 20, 50),
        *at_steps("ddim", 20, 50, options={"eta": 1.0}),
        *at_steps("ddpm", 50, options={"variance": "large"}),
        *at_steps("dpm_solver_pp_2m", 5, 10, 15, 20),
        LIMIT,
    ]


def long(card: Card) -> list[Group]:
    """DDPM in a thousand steps, and the samplers that are compared with it at the same number of samples."""
    return [Group(LONG, [*_rivals(), *at_steps("ddpm", 1000)])]


def half(card: Card) -> list[Group]:
    """The rows of `long` and `unclipped` and guidance up to scale 2, in half precision, on three times as many samples.

    Half precision costs little quality (C16b) and, on a processor that computes in it, half of the time or less: so
    many samples decide what 500 leave open.
    """
    guided = [Settings("dpm_solver_pp_2m", 10, limit=None, scale=scale) for scale in SCALES if 1 <= scale <= 2]
    settings = [*_rivals(), *guided, *unclipped(card)[0].settings, *at_steps("ddpm", 1000)]
    return [Group(HALF, [one.changed(precision="bfloat16") for one in settings])]


def negative(card: Card) -> list[Group]:
    """Guidance away from the last class, which holds spoiled images, and the same scale without a negative."""
    return [Group(LONG, [Settings("dpm_solver_pp_2m", 10, scale=2.0, negative=label) for label in (None, 10)])]


def latency(card: Card) -> list[Group]:
    """Latency alone, for an otherwise idle machine: the rows of the other plans whose speed is compared."""
    short = [*at_steps("ddim", 10, 20, 50), *at_steps("dpm_solver_pp_2m", 10, 15, 20)]
    short += at_steps("ddim", 10, 20, options={"eta": 1.0})
    guided = [Settings("dpm_solver_pp_2m", 10, scale=scale, limit=None) for scale in (1.0, 3.0)]
    return [Group(0, [*short, *guided, *precision(card)[0].settings, *at_steps("ddpm", 1000)])]


def sentences(card: Card) -> list[Group]:
    """A text-to-image system: guidance, half precision, and at the scale of its use samplers and a default negative."""
    samplers = [*at_steps("ddim", 5, 10, 20, 50, scale=4.0), *at_steps("dpm_solver_pp_2m", 5, 10, 15, 20, scale=4.0)]
    half = at_steps("dpm_solver_pp_2m", 10, precision="bfloat16")
    plain = at_steps("dpm_solver_pp_2m", 10, 20)
    negated = at_steps("dpm_solver_pp_2m", 10, scale=4.0, negative="smudged")
    return [Group(LONG, [*guidance(card)[0].settings, *plain, *half, *samplers, *negated])]


def full(card: Card) -> list[Group]:
    """The plans `curve`, `few`, `unclipped`, `guidance`, `precision` and `long`."""
    return [group for part in (curve, few, unclipped, guidance, precision, long) for group in part(card)]


PLANS: dict[str, Callable[[Card], list[Group]]] = {
    "quick": quick,
    "curve": curve,
    "few": few,
    "limit": limit,
    "unclipped": unclipped,
    "published": published,
    "guidance": guidance,
    "precision": precision,
    "long": long,
    "half": half,
    "negative": negative,
    "latency": latency,
    "sentences": sentences,
    "full": full,
}


def groups(
    name: str,
    card: Card | None = None,
    *,
    samples: int | None = None,
    batch: int = 25,
    precision: str | None = None,
) -> list[Group]:
    """The plan of this name for the checkpoint with this card, with its own sample counts or with these.

    `batch` images are sampled at a time; with `precision` all settings are in this one. Groups that are only timed keep
    0 samples. Raises ValueError for an unknown name.
    """
    check_name("plan", name, PLANS)
    more: dict[str, Any] = {"batch": batch} | ({"precision": precision} if precision else {})
    return [
        Group(samples if samples and count else count, [replace(one, **more) for one in settings])
        for count, settings in PLANS[name](card or {})
    ]

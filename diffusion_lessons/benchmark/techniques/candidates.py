"""Which techniques are measured beside the plain step-count curve, on which settings: the plan of one table.

A candidate is what is done to the network and how it is then sampled. Those that were trained on keep their weights in
a folder, as plans, so that an interrupted run does not train again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.measure import in_turn
from diffusion_lessons.benchmark.plans import at_steps
from diffusion_lessons.benchmark.techniques.trained import (
    SHARE,
    TRAINED,
    Say,
    images_in_the_time_of,
    ranking_images,
    small_from_the_start,
    weights_of,
)
from diffusion_lessons.checkpoints import cards, plans
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.denoisers.clipping import clip
from diffusion_lessons.denoisers.conditions import condition_on, takes_condition
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.devices import why_no_bfloat16, why_not_compiled
from diffusion_lessons.machine.files import read_json, write_atomically
from diffusion_lessons.optimise.block_pruning import least_missed
from diffusion_lessons.optimise.channel_pruning import why_not_pruned
from diffusion_lessons.optimise.head_pruning import head_names, least_missed_heads
from diffusion_lessons.optimise.int8 import why_no_int8
from diffusion_lessons.optimise.onnx_runtime import why_no_onnx
from diffusion_lessons.optimise.placement import FINE, cheapest, local_errors
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.sampling import Settings, device_of, is_latent

SOLVER = "dpm_solver_pp_2m"
PLACED = (5, 10)  # steps that are placed
FEWER = 16  # images by which heads are ranked, of which there are many more than blocks
PLACING = 64  # samples of the run whose local errors place the steps: of a seed that no row is drawn from
SEED_OF_PLACING = 10_000
GUIDED = 2.0  # the scale at which guidance's second pass is reused
TOLD = 4.0  # the same where sentences guide: the scale of their use


@dataclass(frozen=True)
class Candidate:
    """A file that `load` takes (a checkpoint's name or a plan), and how it is sampled."""

    source: str
    settings: tuple[Settings, ...]


class Planned(NamedTuple):
    """What will be a candidate when its turn comes; so a plan of all can be looked at before anything is computed.

    words     what is measured
    make      makes the file, and returns what `load` takes
    settings  how it is sampled
    trained   images of training that making it takes
    programs  whether it is compiled, anew for each size of a batch
    placed    steps of settings whose times come with `make` only
    """

    words: str
    make: Callable[[], str]
    settings: Sequence[Settings]
    trained: int = 0
    programs: bool = False
    placed: Callable[[], Sequence[Settings]] | None = None

    @property
    def rows(self) -> int:
        """How many settings are measured of it."""
        return len(self.settings) + 2 * len(PLACED) * (self.placed is not None)

    @property
    def evaluations(self) -> int:
        """Of the network for each sample, in all rows together; guidance counts two."""
        placed = 2 * sum(PLACED) * (self.placed is not None)
        return placed + sum(one.steps * (1 + one.guided) for one in self.settings)


def candidates(
    name: str,
    folder: Path,
    *,
    batch: int = 25,
    device: str = "cpu",
    data: Path | None = None,
    progress: Any = None,
) -> Iterator[Candidate]:
    """Everything that is measured of a checkpoint: first the plain curve, last what has to be trained.

    Plans are written into `folder`, one before each is yielded; what has to be trained is trained there once. int8,
    compiling and half precision are left out where they do not work, and where `device` has them not. `data` is a
    folder that holds the images of the checkpoint's recipe, in place of a download. `progress` is called with a line
    before whatever takes minutes.
    """
    for one in planned(name, folder, progress, device, data):
        source = one.make()
        settings = [*one.settings, *(one.placed() if one.placed else ())]
        yield Candidate(source, tuple(replace(each, batch=batch) for each in settings))


def planned(
    name: str, folder: Path, say: Say | None = None, device: str = "cpu", data: Path | None = None
) -> Iterator[Planned]:
    """All that `candidates` makes, in its order; nothing is computed until it is asked for. `say` as `progress`."""
    say = say or (lambda words: None)
    denoise, quick = checkpoints.load(name, device), at_steps(SOLVER, 5, 10)
    stem, sha256 = cards.stem(name), (denoise.card or {}).get("sha256", "")

    def kept(slug: str, make: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: remembered(folder / f"{stem}-{slug}.kept", sha256, make)

    def plan(slug: str, settings: Sequence[Settings], done: Callable[[], Techniques], **more: Any) -> Planned:
        file = folder / f"{stem}-{slug}.json"
        return Planned(
            slug.replace("-", " "), lambda: made_plan(name, denoise, file, done(), say, data), settings, **more
        )

    grids = kept("grids", lambda: [list(grid) for grid in grids_of(denoise, PLACED).values()])
    slow_in_half = why_no_bfloat16(device_of(denoise))
    if slow_in_half:
        say(f"left out, half precision: {slow_in_half}")
    yield Planned(
        "plain, steps placed" if slow_in_half else "plain, half precision, steps placed",
        lambda: name,
        [*curve(), *([] if slow_in_half else half()), *spaced()],
        placed=lambda: placed(grids()),
    )
    told_in_words = "a plan turns only networks that are told a class into one program" if is_latent(denoise) else ""
    if reason := told_in_words or why_no_int8(device_of(denoise)):
        say(f"left out, int8: {reason}")
    else:
        steps = [*at_steps(SOLVER, 4, 5, 10), *at_steps("ddim", 10)]
        yield plan("int8", steps, lambda: Techniques(int8=True), programs=True)
    if reason := told_in_words or why_no_onnx(device_of(denoise)):
        say(f"left out, ONNX Runtime: {reason}")
    else:
        yield plan("onnx", quick, lambda: Techniques(onnx=True))
        yield plan("onnx-int8", quick, lambda: Techniques(onnx=True, int8=True))
    for every, steps in ((2, at_steps(SOLVER, 10)), (3, [*at_steps(SOLVER, 10), *at_steps("ddim", 20)])):
        for order, line in enumerate(("", "-line")):
            yield plan(f"features-{every}{line}", steps, partial(Techniques, features=every, order=order))
    if takes_condition(denoise):
        yield Planned("guidance with fewer passes", lambda: name, guided(scale_of(denoise)))
    if count := len(head_names(denoise)) // 4:
        heads = kept("heads", lambda: least_missed_heads(denoise, count, *ranking_images(denoise, FEWER, data)))
        with_heads = [*quick, *at_steps(SOLVER, 10, scale=scale_of(denoise))]
        yield plan(f"{count}-heads", with_heads, lambda: Techniques(heads=tuple(heads())))
    blocks = kept("blocks", lambda: least_missed(denoise, 2, *ranking_images(denoise, data=data)))
    yield plan("1-block", quick, lambda: Techniques(blocks=tuple(blocks()[:1])))
    yield plan("2-blocks", quick, lambda: Techniques(blocks=tuple(blocks())))
    if reason := told_in_words or why_not_compiled(device_of(denoise)):
        say(f"left out, compiling: {reason}")
    else:
        yield plan("compiled", quick, lambda: Techniques(compile=True), programs=True)
    yield plan("2-blocks-tuned", quick, lambda: Techniques(blocks=tuple(blocks()), trained=TRAINED), trained=TRAINED)
    if count:
        done = partial(Techniques, trained=TRAINED)
        yield plan(f"{count}-heads-tuned", with_heads, lambda: done(heads=tuple(heads())), trained=TRAINED)
    if reason := why_not_pruned(denoise):
        say(f"left out, fewer channels: {reason}")
    else:
        yield plan("channels", quick, lambda: Techniques(channels=SHARE))
        yield plan("channels-tuned", quick, lambda: Techniques(channels=SHARE, trained=TRAINED), trained=TRAINED)

    def small(slug: str, images: Callable[[], int | None]) -> Planned:
        file = folder / f"{stem}-{slug}"

        def make() -> str:
            return str(small_from_the_start(denoise, file, say, images(), data))

        return Planned(slug.replace("-", " "), make, quick, trained=TRAINED)

    yield small("small", lambda: None)
    yield small(
        "small-as-long",
        kept("as-long", lambda: images_in_the_time_of(denoise, Techniques(blocks=tuple(blocks())), data)),
    )


def remembered(file: Path, sha256: str, make: Callable[[], Any]) -> Any:
    """What `make` returns, kept as JSON for this network: an interrupted run does not compute it again."""
    if file.is_file() and (content := read_json(file)).get("parent_sha256") == sha256:
        return content["value"]
    value = make()
    write_atomically(file, json.dumps({"parent_sha256": sha256, "value": value}).encode())
    return value


def made_plan(
    name: str, denoise: Denoiser, file: Path, techniques: Techniques, say: Say, data: Path | None = None
) -> str:
    """A plan in this file: that which is there, if it is of this network, or a new one, trained if need be."""
    if not _is_current(file, denoise, techniques):
        weights = weights_of(denoise, techniques, say, data) if techniques.need_weights else None
        plans.write(file, name, techniques, weights=weights)
    return str(file)


def curve() -> list[Settings]:
    """The plain step-count curve, from two evaluations on.

    One evaluation is left out: a single step of DDIM lands on the mean of all images that the noise could have come
    from, nearly the same picture for every noise. It is no draw of samples, and so no rival (`step_curve.beside`).
    """
    return [*at_steps(SOLVER, 3, 4, 5, 6, 8, 10, 20), *at_steps("ddim", 2, 3, 4, 5, 6, 8, 10, 20)]


def guided(scale: float = GUIDED) -> list[Settings]:
    """The guided curve, and guidance with fewer passes."""
    reused = [Settings(SOLVER, 10, scale=scale, reuse=k) for k in (2, 3)]
    within = Settings(SOLVER, 10, scale=scale, interval=(0.2, 3.0))
    return [*at_steps(SOLVER, 4, 6, 8, 10, scale=scale), *reused, within]


def scale_of(denoise: Denoiser) -> float:
    """The guidance scale at which this network is measured."""
    return TOLD if is_latent(denoise) else GUIDED


def half() -> list[Settings]:
    """Half precision."""
    return at_steps(SOLVER, 5, 10, precision="bfloat16")


def spaced() -> list[Settings]:
    """Steps placed by a rule: evenly in lambda, the logarithm of alpha / sigma, or as Karras and others place them."""
    return [
        one
        for k in ("logsnr", "karras")
        for sampler in ("ddim", SOLVER)
        for one in at_steps(sampler, *PLACED, spacing=k)
    ]


def placed(grids: Sequence[Sequence[float]]) -> list[Settings]:
    """Steps placed by dynamic programming, for DDIM, whose local errors they are, and for the solver."""
    chosen = [(sampler, tuple(grid)) for grid in grids for sampler in ("ddim", SOLVER)]
    return [Settings(sampler, len(grid) - 1, placed=grid) for sampler, grid in chosen]


def grids_of(denoise: Denoiser, steps: Sequence[int]) -> dict[int, tuple[float, ...]]:
    """For each number of steps the times of `place_steps`, from one fine run whose noise no row is drawn from."""
    path, generator = denoise.path, torch.Generator().manual_seed(SEED_OF_PLACING)
    x = path.prior((PLACING, *denoise.shape), generator).to(device_of(denoise))  # type: ignore[misc]
    told: DenoiserLike = denoise
    if denoise.classes is not None or is_latent(denoise):
        told = condition_on(denoise, in_turn(denoise, PLACING))
    if not is_latent(denoise):  # latents have no range to be clipped to
        told = clip(told, 1.0)
    times = path.grid(max(FINE, *steps), spacing="trailing")
    errors = local_errors(told, x, path, times, generator=generator)
    return {count: tuple(times[i] for i in cheapest(errors, count)) for count in steps}


def _is_current(file: Path, denoise: Denoiser, techniques: Techniques) -> bool:
    if not file.is_file():
        return False
    plan = plans.read(file)
    return plan.techniques == techniques and plan.parent_sha256 == (denoise.card or {}).get("sha256")

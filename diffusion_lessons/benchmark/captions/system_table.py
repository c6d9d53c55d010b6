"""All that is counted of the text-to-image system against the known truth, in one table that lessons and claims read.

    python -m diffusion_lessons.benchmark.captions.system_table
    python -m diffusion_lessons.benchmark.captions.system_table runs/captions-diffusion/captions-diffusion --out my.json

Each figure is kept as it is made: whatever ends a run, the next one goes on where it stopped. Figures of another
network are not mixed in: they are refused until --restart.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
import typer
from tqdm.auto import tqdm

from diffusion_lessons.benchmark.captions.part_times import time_table
from diffusion_lessons.benchmark.captions.ways import many_sentences, measured_ways
from diffusion_lessons.benchmark.plans import REMEDIES
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data.captions.strokes import Strokes, load_strokes
from diffusion_lessons.machine import description, places
from diffusion_lessons.machine.files import Lock, check_writable, read_json, write_atomically
from diffusion_lessons.metrics.captions.choosing import best_of
from diffusion_lessons.metrics.captions.negatives import (
    WINDOWS,
    against_what_is_asked,
    default_negative,
    negated,
    real_moments,
)
from diffusion_lessons.metrics.captions.retrieval import binding_margin, judged_binding
from diffusion_lessons.metrics.captions.system import (
    follow_sentences,
    held_out,
    left_open,
    load_measured,
    seen,
    two_ink_sentences,
    two_inks,
)
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.sampling import Settings

NAME = "captions-system.json"
SCALES = (0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
LIGHT = (1.0, 2.0, 4.0, 8.0)  # scales of what costs more
MANY = 4  # times as many pictures, to say how much is followed where most is
BEST = {
    "s = 8": TEN_STEPS.changed(scale=8.0),
    "s = 10": TEN_STEPS.changed(scale=10.0),
    "s = 10, rescaled": TEN_STEPS.changed(scale=10.0, **REMEDIES["rescaled"]),
}
COMPARED, TWICE = (1.0, 2.0, 4.0), 2  # scales whose sevens are compared with one another, and times as many of them
STRIPPED = ("a seven", "a three")  # prompts to take the red from: red in four of five, and in one of five


class System(NamedTuple):
    """What is measured, and with what."""

    denoise: CaptionDenoiser
    judge: Judge
    contrastive: Contrastive
    strokes: Strokes


Figure = Callable[[System, int], dict[str, Any]]


def plan() -> dict[str, Figure]:
    """Every figure by name, in the order in which they are made."""
    figures: dict[str, Figure] = {
        "times": lambda system, _: time_table(system.denoise, rounds=9, clock="processor"),
        "binding": lambda system, count: {
            **_rounded(binding_margin(system.contrastive, system.strokes)),
            **_rounded(judged_binding(system.judge, system.strokes)),
        },
    }
    for scale in SCALES:
        figures |= _at(scale)
    for words, settings in BEST.items():
        figures[f"many sentences, {words}"] = _many(settings)
    for scale in LIGHT[1:]:
        for prompt in STRIPPED:
            figures[f"red negated, {prompt}, s = {scale:g}"] = _negated(scale, prompt, "throughout")
    for window in WINDOWS:
        if window != "throughout":
            figures[f"red negated {window}, a seven, s = 4"] = _negated(4.0, "a seven", window)
    figures["best of 16, s = 4"] = lambda system, count: best_of(
        system.denoise, system.judge, system.contrastive, two_ink_sentences(max(2, count // 2), seed=2)
    )
    figures["ways"] = lambda system, count: measured_ways(system.denoise, system.contrastive, max(2, count // 2))
    for scale in (2.0, 4.0):
        figures[f"default negative, s = {scale:g}"] = _with_default(scale)
    figures["default negative, asked for smudges, s = 4"] = lambda s, n: against_what_is_asked(
        s.denoise, s.judge, max(2, n // 2)
    )
    return figures


def _at(scale: float) -> dict[str, Figure]:
    """What is counted at one scale: sentences, "a seven", and pairs of attributes."""
    settings, words = TEN_STEPS.changed(scale=scale), f"s = {scale:g}"
    times = TWICE if scale in COMPARED else 1
    figures: dict[str, Figure] = {f"a seven, {words}": lambda s, n: left_open(s.denoise, s.judge, times * n, settings)}
    if scale > 0:
        figures[f"sentences, {words}"] = lambda s, n: follow_sentences(s.denoise, s.judge, s.contrastive, n, settings)
    if scale in LIGHT:
        figures[f"two inks, {words}"] = lambda s, n: two_inks(s.denoise, s.judge, s.contrastive, n, settings)
        figures[f"held-out pairs, {words}"] = lambda s, n: held_out(s.denoise, s.judge, n, settings)
        figures[f"seen pairs, {words}"] = lambda s, n: seen(s.denoise, s.judge, n, settings)
    return figures


def _many(settings: Settings) -> Figure:
    return lambda s, n: many_sentences(s.denoise, s.judge, MANY * n, settings)


def _negated(scale: float, prompt: str, window: str) -> Figure:
    return lambda s, n: negated(s.denoise, s.judge, n, scale, prompt, window=WINDOWS[window])


def _with_default(scale: float) -> Figure:
    settings = TEN_STEPS.changed(scale=scale)

    def figure(system: System, count: int) -> dict[str, Any]:
        real = real_moments(system.contrastive, system.strokes)
        return default_negative(system.denoise, system.judge, system.contrastive, real, count, settings)

    return figure


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def load_system(file: str | Path, strokes: Strokes | None = None) -> System:
    """The system of a denoiser's file: its judge and its contrastive pair lie beside it, or in the package.

    Raises what `checkpoints.load` raises, ValueError for a file that is no text-to-image denoiser.
    """
    return System(*load_measured(file), strokes or load_strokes("test"))


def measure(
    system: System, out: Path, sha256: str, count: int, figures: dict[str, Figure], *, restart: bool = False
) -> dict[str, Any]:
    """Make the figures that the file lacks, keep each as it is made, and return all.

    Raises ValueError where the file holds figures of another network or another count, unless `restart`; and
    BlockingIOError where another process is writing it.
    """
    check_writable(out)
    with Lock(out):
        kept: dict[str, Any] = {"sha256": sha256, "count": count, "figures": {}}
        kept = read_json(out) if out.is_file() and not restart else kept
        if (kept.get("sha256"), kept.get("count")) != (sha256, count):
            raise ValueError(
                f"{out} holds figures of network {str(kept.get('sha256'))[:12]}... with {kept.get('count')} pictures "
                f"each; these would be of {sha256[:12]}... with {count}: choose another --out, or --restart"
            )
        missing = [name for name in figures if name not in kept["figures"]]
        bar = tqdm(missing, unit="figure")
        for name in bar:
            bar.set_description(name)
            kept["figures"][name] = figures[name](system, count)
            kept["where"] = description.describe(torch.device("cpu"))
            write_atomically(out, (json.dumps(kept, indent=1) + "\n").encode())
    return kept


def read(name: str = "captions-diffusion", file: Path | None = None) -> dict[str, Any]:
    """The figures that ship, by name: `read()["sentences, s = 4"]`.

    Raises NotMeasured where there is no table, ValueError for one of another network than the one that ships.
    """
    file = file or places.measurements() / NAME
    if not file.is_file():
        raise NotMeasured(f"{file.name}: make it with python -m {__spec__.name}")
    kept = read_json(file)
    if kept.get("sha256") != cards.read_card(name)["sha256"]:
        raise ValueError(f"{file} was measured on another network than {name}: measure anew with --restart")
    return kept["figures"]


def main(
    file: Annotated[str, typer.Argument(help="A denoiser's file, or its name in the package.")] = "captions-diffusion",
    out: Annotated[Path | None, typer.Option(help="By default the table that ships.")] = None,
    count: Annotated[int, typer.Option(min=2, help="Pictures for each figure.")] = 512,
    only: Annotated[str, typer.Option(help="Figures whose name begins with this.")] = "",
    restart: Annotated[bool, typer.Option("--restart", help="Drop the figures that are there.")] = False,
) -> None:
    """Measure the text-to-image system against the known truth; it may be interrupted and goes on where it stopped."""
    figures = {name: figure for name, figure in plan().items() if name.startswith(only)}
    if not figures:
        raise typer.BadParameter(f"no figure begins with {only!r}; they are {', '.join(plan())}", param_hint="--only")
    sha256 = cards.read_card(file)["sha256"]
    out = out or places.measurements() / NAME
    try:
        measure(load_system(file), out, sha256, count, figures, restart=restart)
    except KeyboardInterrupt:
        typer.echo(f"stopped; {out} keeps what was made, and the same command goes on", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{len(figures)} figures in {out}")


if __name__ == "__main__":
    typer.run(main)

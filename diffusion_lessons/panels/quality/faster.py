"""Techniques switched on and off: the point moves on the frontier to where they were measured, and nowhere else."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from diffusion_lessons.benchmark.latency import speed_up
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.techniques.candidates import SOLVER
from diffusion_lessons.benchmark.techniques.step_curve import EVEN, TITLES, Beside, beside, is_plain
from diffusion_lessons.benchmark.techniques.technique_table import at_batch
from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.frontier import plain_numbers
from diffusion_lessons.figures.quality.techniques import TIME, draw_curves, milliseconds, name_steps
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.panels.controls import choice_slider, menu, switch
from diffusion_lessons.panels.panel import Drawing, Panel

FINDINGS = {
    "better": "It beats taking fewer steps",
    "worse": "Taking fewer steps beats it",
    "undecided": "It is not told from taking fewer steps",
    "alone": "No measured plain run is as fast",
}


class Choice(NamedTuple):
    """What the switches say: techniques on the network, and half precision, placed steps and their count."""

    techniques: Techniques
    half: bool
    placed: bool
    steps: int

    @property
    def plain(self) -> bool:
        return self.techniques == Techniques() and not self.half and not self.placed

    def matches(self, row: Measurement) -> bool:
        """Whether a row was measured of just this."""
        settings = row.settings
        return (
            (settings.sampler, settings.steps, settings.scale, settings.spacing) == (SOLVER, self.steps, 1.0, EVEN)
            and (settings.precision != "float32", settings.placed is not None) == (self.half, self.placed)
            and row.techniques == self.techniques.words
        )

    @property
    def command(self) -> str:
        """The command that measures it."""
        done = self.techniques
        options = [f"--drop-blocks {len(done.blocks)}"] * bool(done.blocks)
        options += [f"--cache-features {done.features}"] * (done.features > 1)
        options += ["--int8"] * done.int8 + ["--compile"] * done.compile + ["--place-steps"] * self.placed
        options += ["--precision bfloat16"] * self.half
        options += [f"--steps {self.steps}"]
        return f"diffusion-lessons optimise mnist-small-diffusion {' '.join(options)} --out mine.json"


def techniques_panel(rows: Sequence[Measurement], *, int8: bool = False) -> Panel:
    """Switch techniques on and off, and see the measured point of them beside the plain step-count curve.

    rows: of `shipped_techniques`. Techniques that exclude each other say why; what was not measured together names the
    command that measures it.
    """

    def show_point(
        int8: bool,
        compiled: bool,
        half: bool,
        placed: bool,
        blocks: int,
        features: int,
        steps: int,
        batch: int,
        metric: str,
    ) -> Drawing:
        if int8 and half:
            raise ValueError("int8 decides what products are computed in: switch half precision off")
        done = Techniques(blocks=("",) * blocks, features=features, int8=int8, compile=compiled)
        return drawing(rows, Choice(done, half, placed, steps), batch, metric)

    controls: dict[str, Any] = {
        "int8": switch("int8", int8),
        "compiled": switch("compiled"),
        "half": switch("half precision"),
        "placed": switch("steps placed"),
        "blocks": choice_slider("blocks less", (0, 1, 2), 0),
        "features": choice_slider("features every", (1, 2, 3), 1),
        "steps": choice_slider("steps", (5, 10), 10),
        "batch": choice_slider("batch", (1, 25), 25),
        "metric": menu("figure", [(TITLES[name], name) for name in ("drift", "frechet", "adherence")]),
    }
    return Panel(show_point, controls)


def drawing(rows: Sequence[Measurement], choice: Choice, batch: int, metric: str) -> Drawing:
    """The frontier at this batch with the chosen point on it, and the verdict in words."""
    joined = [row for row in at_batch(rows, batch) if metric in row.quality and row.settings.scale == 1.0]
    start, verdict, words = found(joined, choice, metric)
    return Drawing(_frontier(joined, start, verdict, metric), words)


def found(joined: Sequence[Measurement], choice: Choice, metric: str) -> tuple[Measurement, Beside | None, str]:
    """The plain row of as many steps, the chosen row beside the plain ones (None without one), and that in words."""
    plain = [row for row in joined if is_plain(row)]
    start = next(row for row in plain if row.settings.sampler == SOLVER and row.settings.steps == choice.steps)
    row = next(filter(choice.matches, joined), None)
    if row is None:
        return start, None, f"These go together, but were not measured together. This does it: {choice.command}"
    if choice.plain:
        words = f"Nothing is switched on: {choice.steps} steps, {_figure(start, metric)}. Each point was measured."
        return start, None, words
    verdict = beside(row, plain, metric)
    return start, verdict, _words(verdict, start, metric)


def _words(verdict: Beside, start: Measurement, metric: str) -> str:
    try:
        times = f"{speed_up(verdict.row, start).measured} times as fast as plain"
    except NotMeasured:
        times = "timed in another session than the plain run"
    rival = verdict.rival
    figure = f"{TITLES[metric]} {rival.figure(metric):.2u}".replace("+/-", " ± ") if rival else ""
    against = f": {rival}, has {figure} (with its standard error) and takes no longer" if rival else ""
    where = f"At batch {start.settings.batch}, in {start.settings.steps} steps"
    plain = f"where plain has {start.quality[metric].value:.3g}"
    return f"{where}, {times}; {_figure(verdict.row, metric)}, {plain}. {FINDINGS[verdict.word]}{against}"


def _figure(row: Measurement, metric: str) -> str:
    score = row.quality[metric]
    return f"{TITLES[metric]} {score.value:.3g} ± {score.spread:.2g}"


def _frontier(
    joined: Sequence[Measurement],
    start: Measurement,
    verdict: Beside | None,
    metric: str,
) -> Figure:
    plain = [row for row in joined if is_plain(row)]
    title = "Switch something on" if verdict is None else FINDINGS[verdict.word]
    figure, plot = style.axes(title, TIME, TITLES[metric], size=(6.4, 3.8))
    draw_curves(plot, plain, metric)
    others = [row for row in joined if not is_plain(row)]
    x, y = [milliseconds(row) for row in others], [row.quality[metric].value for row in others]
    plot.plot(x, y, ".", color=style.GREY, markersize=4, zorder=1, label="measured")
    here = milliseconds(start), start.quality[metric].value
    if verdict is None:
        plot.plot(*here, "*", color=style.VERMILION, markersize=15, zorder=4, label="nothing switched on")
    else:
        there = milliseconds(verdict.row), verdict.row.quality[metric].value
        plot.annotate("", there, here, arrowprops={"arrowstyle": "->", "color": style.VERMILION, "lw": 1.4}, zorder=3)
        plot.plot(*there, "*", color=style.VERMILION, markersize=15, zorder=4, label="what you switched on")
    plot.set(xscale="log", yscale="linear" if metric == "adherence" else "log")
    plain_numbers(plot)
    plot.legend(fontsize=8)
    name_steps(plot, plain, metric, others)
    return figure

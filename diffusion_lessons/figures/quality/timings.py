"""Figures of latencies on the reader's machine: every run of every batch, and how much faster a technique is there."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from matplotlib.figure import Figure

from diffusion_lessons.figures import style
from diffusion_lessons.metrics.intervals import Interval

HEIGHT, SHIFT = 0.3, 0.16  # of a bar; upwards, where the reason is written beneath


def timings_figure(runs: Mapping[int, Sequence[float]], latency: Mapping[int, float], warmup: int) -> Figure:
    """Seconds of whole batches by their size: at the left for each image, at the right until the batch is there.

    runs: seconds of each run of a batch of that many images, in the order in which they were timed.
    latency: seconds for each image, as they are to be reported: a line in both halves.
    warmup: how many runs at the beginning do not count. They are crosses.

    Raises ValueError where not every batch has a latency and a run that counts.
    """
    if runs.keys() != latency.keys() or any(len(seconds) <= warmup for seconds in runs.values()):
        raise ValueError(f"batches {[*runs]}: give each a latency and more than {warmup} runs; got {[*latency]}")
    figure = Figure(figsize=(8.2, 3.6), layout="constrained")
    for plot, whole in zip(figure.subplots(1, 2), (False, True), strict=True):
        for place, (batch, seconds) in enumerate(runs.items()):
            share = 1 if whole else batch
            first, counted = seconds[:warmup], seconds[warmup:]
            sideways = [place + 0.3 * ((k + 0.5) / len(counted) - 0.5) for k in range(len(counted))]
            plot.plot([place] * len(first), [s / share for s in first], "x", color=style.VERMILION, label="warm-up")
            plot.plot(sideways, [s / share for s in counted], "o", color=style.GREY, markersize=4, label="runs")
            reported = latency[batch] * batch / share
            plot.hlines(reported, place - 0.3, place + 0.3, color=style.BLUE, lw=2, label="reported")
        plot.set(xticks=range(len(runs)), xticklabels=[str(batch) for batch in runs], xlim=(-0.6, len(runs) - 0.4))
        plot.set(
            xlabel="images in the batch", ylabel="seconds until the batch is there" if whole else "seconds an image"
        )
        plot.set_title("What each user waits" if whole else "What an image costs")
        plot.set_ylim(bottom=0)
        style.clean(plot)
    marks, names = figure.axes[0].get_legend_handles_labels()
    known = dict(zip(names, marks, strict=True))
    figure.axes[0].legend(known.values(), known.keys(), fontsize=9, frameon=False)
    return figure


PARTS = {"text": style.PURPLE, "denoiser": style.BLUE, "decoder": style.GREEN, "rest": style.GREY}


def parts_figure(runs: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Figure:
    """Where the seconds of a batch go: a plot for each number of steps, a bar in parts for each way of running it.

    runs: {"4 steps": {"cached": {"seconds": 0.46, "text": 0.01, "denoiser": 0.9, "decoder": 0.06, "rest": 0.03}, ...}},
    the parts as shares. Each plot has seconds of its own; above each bar stands the text encoder's share.
    """
    figure = Figure(figsize=(2.1 * len(runs), 3.4), layout="constrained")
    for plot, (steps, ways) in zip(figure.subplots(1, len(runs), squeeze=False)[0], runs.items(), strict=True):
        below = [0.0] * len(ways)
        for part, color in PARTS.items():
            seconds = [row["seconds"] * row[part] for row in ways.values()]
            plot.bar(range(len(ways)), seconds, 0.7, below, color=color, label=part)
            below = [low + more for low, more in zip(below, seconds, strict=True)]
        for place, row in enumerate(ways.values()):
            plot.text(place, below[place], f"text\n{row['text']:.1%}", ha="center", va="bottom", fontsize=8)
        plot.set(xticks=range(len(ways)), xticklabels=[*ways], ylim=(0, 1.22 * max(below)))
        plot.tick_params("x", rotation=20, labelsize=8)
        plot.set_title(steps)
        style.clean(plot)
    figure.axes[0].set_ylabel("seconds of a batch")
    style.legend_outside(figure.axes[-1])
    return figure


def speed_ups_figure(
    found: Mapping[str, Mapping[int, Interval]],
    skipped: Mapping[str, str],
    elsewhere: Mapping[str, Mapping[int, Interval]] | None = None,
    title: str = "On this machine",
) -> Figure:
    """How many times as fast each technique is in batches of each size, with its interval; what was skipped says why.

    found: {"bfloat16": {1: an interval of ratios, 25: another}}. skipped: {"int8": "there is no C++ compiler"}.
    elsewhere: as `found`, of another machine; hollow bars, for what was skipped on this one.
    """
    names, others = [*found, *skipped], {name: each for name, each in (elsewhere or {}).items() if name in skipped}
    figure, plot = style.axes(title, "times as fast as float32", "", size=(7.4, 1.4 + 0.75 * len(names)))
    batches = sorted({batch for each in (*found.values(), *others.values()) for batch in each})
    for place, (batch, colour) in enumerate(zip(batches, style.NETWORKS, strict=False)):
        full: dict[str, Any] = {"color": colour}
        hollow: dict[str, Any] = {"facecolor": "white", "edgecolor": colour}
        for table, look in ((found, full), (others, hollow)):
            rows = [(names.index(name), each[batch]) for name, each in table.items() if batch in each]
            if not rows:
                continue
            y = [row + HEIGHT * (place - (len(batches) - 1) / 2) - SHIFT * (table is others) for row, _ in rows]
            sides = [(one.value - one.low, one.high - one.value) for _, one in rows]
            errors: dict[str, Any] = {"xerr": list(zip(*sides, strict=True)), "ecolor": style.GREY, "capsize": 2}
            where = ", in the table" * (table is others)
            plot.barh(y, [one.value for _, one in rows], 0.9 * HEIGHT, label=f"batch {batch}{where}", **look, **errors)
    for row, (name, reason) in enumerate(skipped.items(), len(found)):
        words = fill(f"skipped: {reason}", 84)
        below = row + (0.3 if name in others else 0.0)
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        plot.text(0.03, below, words, va="center", fontsize=7, color=style.BLACK, zorder=4, bbox=white)
    plot.axvline(1, color=style.BLACK, lw=1, ls=":", zorder=0.5)
    plot.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.4, -0.6))
    ends = [one.high for each in (*found.values(), *others.values()) for one in each.values()]
    plot.set_xlim(0, 1.05 * max([2.2, *ends]))
    if batches:
        style.legend_outside(plot)
    return figure

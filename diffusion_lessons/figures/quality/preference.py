"""Strengths from votes beside what was measured: does what people prefer follow a score?"""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from diffusion_lessons.figures import style
from diffusion_lessons.metrics.preference.strengths import Strengths

MARKS = tuple(zip((style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.BLACK), "os^Dv", strict=True))


def preference_figure(
    strengths: Strengths, ways: Mapping[str, Mapping[str, Sequence[float]]], *, title: str = "", votes: str = "votes"
) -> Figure:
    """One panel for each measure: its value across, the strength from votes up, an interval of 95 % for both.

    ways: {way: {measure: (value, low, high)}}, as `benchmark.captions.measured_ways` returns it. votes: what the
    strengths are from, such as "simulated votes". Raises ValueError for more than five ways, and for one without votes.
    """
    if len(ways) > len(MARKS):
        raise ValueError(f"at most {len(MARKS)} ways of sampling can be told apart in one figure; got {len(ways)}")
    measures = list(next(iter(ways.values())))
    figure = Figure(figsize=(3.1 * len(measures) + 1.6, 3.2), layout="constrained")
    places = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for place, measure in zip(places, measures, strict=True):
        for (color, marker), (way, row) in zip(MARKS, ways.items(), strict=False):
            value, low, high = row[measure]
            up = strengths.strength(way)
            place.errorbar(
                value,
                up.value,
                xerr=[[value - low], [high - value]],
                yerr=[[up.value - up.low], [up.high - up.value]],
                color=color,
                marker=marker,
                capsize=2,
                label=way,
            )
        place.set_xlabel(measure)
        place.locator_params(axis="x", nbins=4)
        style.clean(place)
    places[0].set_ylabel(f"strength, from {votes}")
    style.legend_outside(places[-1])
    if title:
        figure.suptitle(title)
    return figure

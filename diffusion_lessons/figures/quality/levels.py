"""At which noise level a network is wrong: the rise of the distance, and of the variance within classes."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffusion_lessons.benchmark.levels import Level
from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.frontier import plain_numbers
from diffusion_lessons.metrics.intervals import interval

PANELS = {
    "frechet": ("Distance above that of the same images", "Fréchet distance, after minus before"),
    "variance": ("Variance within classes", "after minus before (real images: 1)"),
}


def by_level(levels: Sequence[Level]) -> Figure:
    """Real images noised to each level and denoised, against the same images untouched, with 95 % intervals in pairs.

    At the left the Fréchet distance, at the right the variance within classes: 0 is what a perfect network leaves.
    """
    figure = Figure(figsize=(9.2, 3.8), layout="constrained")
    for plot, (metric, (title, words)) in zip(figure.subplots(1, 2), PANELS.items(), strict=True):
        _draw(plot, levels, metric)
        plot.set(title=title, xlabel="noise level sigma / alpha", ylabel=words)
    return figure


def _draw(plot: Axes, levels: Sequence[Level], metric: str) -> None:
    found = [interval(one.rise(metric)) for one in levels]
    ends = [[one.value - one.low for one in found], [one.high - one.value for one in found]]
    plot.errorbar(
        [one.level for one in levels], [one.value for one in found], ends, fmt="o-", color=style.BLUE, capsize=3
    )
    plot.axhline(0, color=style.BLACK, lw=1, ls=":")
    plot.set_xscale("log")
    plain_numbers(plot)
    style.clean(plot)

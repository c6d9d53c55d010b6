"""One look for each sampler, the same in every figure of the course.

A family has a hue and a sampler its marker, so that a figure can be read by colour-blind readers and in grey print. The
hues are Okabe and Ito's (https://jfly.uni-koeln.de/color/), darkened until each has a contrast of 3 to 1 with white,
which lines need (WCAG 2, 1.4.11), and as far apart for colour-blind readers as theirs are. Words need 4.5 to 1 (1.4.3):
`TEXT` holds the colours that have it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure


class Look(NamedTuple):
    """Colour and marker of a sampler's line and points."""

    color: str
    marker: str


VERMILION, BLUE, GREEN = "#B84300", "#0072B2", "#009E73"
ORANGE, SKY, PURPLE, BLACK, GREY = "#D08000", "#2B96F0", "#CC79A7", "#000000", "#707070"
TEXT = (VERMILION, BLUE, BLACK, GREY)  # in which words may be written
SHADE = "#CCCCCC"  # the darkest grey of a density: coloured lines pass over it

LOOKS: dict[str, Look] = {
    "ddpm": Look(VERMILION, "o"),
    "ddim": Look(BLUE, "s"),
    "ddim_inversion": Look(BLUE, "<"),
    "euler": Look(ORANGE, "^"),
    "heun": Look(ORANGE, "v"),
    "midpoint": Look(ORANGE, "D"),
    "rk4": Look(ORANGE, "P"),
    "dpm_solver_1": Look(SKY, "s"),
    "dpm_solver_2": Look(SKY, "D"),
    "dpm_solver_3": Look(SKY, "P"),
    "dpm_solver_fast": Look(SKY, "X"),
    "dpm_solver_adaptive": Look(SKY, "*"),
    "dpm_solver_pp_2s": Look(GREEN, "h"),
    "dpm_solver_pp_2m": Look(GREEN, "D"),
    "dpm_solver_pp_3m": Look(GREEN, "P"),
    "dpm_solver_pp_2m_sde": Look(GREEN, "o"),
    "euler_maruyama": Look(ORANGE, "o"),
    "exponential_sde": Look(BLUE, "o"),
    "edm_stochastic": Look(ORANGE, "X"),
    "consistency": Look(PURPLE, "*"),
    "floor": Look(BLACK, ""),
    "exact flow": Look(BLACK, "."),
    "pairs": Look(PURPLE, "."),
}
OTHER = Look(GREY, "x")
NETWORKS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, BLACK)  # where several networks share a figure, in their order

LABELS: dict[str, str] = {
    "ddpm": "DDPM",
    "ddim": "DDIM",
    "ddim_inversion": "DDIM inversion",
    "euler": "Euler",
    "heun": "Heun",
    "midpoint": "midpoint",
    "rk4": "RK4",
    "dpm_solver_1": "DPM-Solver-1",
    "dpm_solver_2": "DPM-Solver-2",
    "dpm_solver_3": "DPM-Solver-3",
    "dpm_solver_fast": "DPM-Solver-fast",
    "dpm_solver_adaptive": "DPM-Solver adaptive",
    "dpm_solver_pp_2s": "DPM-Solver++(2S)",
    "dpm_solver_pp_2m": "DPM-Solver++(2M)",
    "dpm_solver_pp_3m": "DPM-Solver++(3M)",
    "dpm_solver_pp_2m_sde": "DPM-Solver++(2M) SDE",
    "euler_maruyama": "Euler-Maruyama",
    "exponential_sde": "exponential SDE",
    "edm_stochastic": "EDM stochastic",
    "consistency": "consistency",
}


def look(sampler: str) -> Look:
    """Colour and marker of a sampler by its name; a sampler of one's own is grey with a cross."""
    return LOOKS.get(sampler, OTHER)


def label(sampler: str) -> str:
    """A sampler as figures and tables write it: "DPM-Solver++(2M)"; other names as they are."""
    return LABELS.get(sampler, sampler)


def line(sampler: str, *, stochastic: bool | None = None, **more: Any) -> dict[str, Any]:
    """Keywords for `axes.plot` and `axes.errorbar`: `axes.plot(nfe, error, **style.line("ddim"))`.

    Markers of a `stochastic` run are hollow and its line is dashed, so that DDIM with eta = 1 keeps DDIM's colour.
    """
    color, marker = look(sampler)
    hollow = {"linestyle": "--", "markerfacecolor": "white"} if stochastic else {}
    return {"color": color, "marker": marker, "label": label(sampler), **hollow, **more}


def count(number: float, noun: str) -> str:
    """ "1 step", "2 steps"."""
    return f"{number:g} {noun}{'' if number == 1 else 's'}"


def axes(title: str, x: str, y: str, *, size: tuple[float, float] = (6.4, 4.2)) -> tuple[Figure, Axes]:
    """One pair of labelled axes on a figure of its own; `title` says what to see.

    Made without pyplot: nothing is kept in a global list, and a notebook shows the figure that a cell returns once.
    """
    figure = Figure(figsize=size, layout="constrained")
    plot = figure.subplots()
    plot.set(title=title, xlabel=x, ylabel=y)
    clean(plot)
    return figure, plot


def shade(plot: Axes, density: np.ndarray, extent: tuple[float, float, float, float], **more: Any) -> None:
    """A density [rows from below, columns], as a share of its greatest value, in shades of light grey.

    The root of the density is what is drawn, so that one can see where there is little of it.
    """
    grey = LinearSegmentedColormap.from_list("density", ["white", SHADE])
    look: dict[str, Any] = {"cmap": grey, "vmin": 0, "vmax": 1, "interpolation": "bilinear", **more}
    plot.imshow(density**0.5, extent=extent, origin="lower", **look)


def legend_outside(plot: Axes, handles: Sequence[Artist] | None = None) -> None:
    """A legend at the right of the axes, where it covers nothing and has room for words that can be read.

    handles: what it shows, where that is not what the axes hold.
    """
    plot.legend(handles=handles, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def clean(plot: Axes) -> None:
    """A faint grid and no frame above and at the right."""
    plot.grid(alpha=0.25)
    plot.spines[["top", "right"]].set_visible(False)

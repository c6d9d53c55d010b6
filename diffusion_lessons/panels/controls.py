"""The controls that panels share: sliders and menus of one width."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets

from diffusion_lessons import samplers
from diffusion_lessons.figures import style

LAYOUT: dict[str, Any] = {"layout": ipywidgets.Layout(width="360px"), "style": {"description_width": "90px"}}


def slider(name: str, value: int, low: int, high: int, step: int = 1, live: bool = True) -> ipywidgets.IntSlider:
    """A slider for whole numbers; `live` redraws while it moves, for what is drawn in a blink."""
    return ipywidgets.IntSlider(value, low, high, step, description=name, continuous_update=live, **LAYOUT)


def decimal_slider(name: str, value: float, high: float, step: float, *, live: bool = False) -> ipywidgets.FloatSlider:
    """A slider for numbers from 0 to `high`."""
    options = {"min": 0.0, "max": high, "step": step, "continuous_update": live}
    return ipywidgets.FloatSlider(value, description=name, **options, **LAYOUT)


def choice_slider(name: str, options: Sequence[int], value: int) -> ipywidgets.SelectionSlider:
    """A slider that stands at one of a few numbers."""
    return ipywidgets.SelectionSlider(options=options, value=value, description=name, continuous_update=False, **LAYOUT)


def switch(name: str, on: bool = False) -> ipywidgets.Checkbox:
    """A switch that is on or off."""
    return ipywidgets.Checkbox(on, description=name, indent=True, **LAYOUT)


def menu(name: str, options: Sequence[tuple[str, object]] | Sequence[str], value: object = None) -> ipywidgets.Dropdown:
    """A menu of names, or of (name, value); without a value it stands at the first."""
    chosen = {} if value is None else {"value": value}
    return ipywidgets.Dropdown(options=options, description=name, **LAYOUT, **chosen)


def sampler_menu(chosen: str) -> ipywidgets.Dropdown:
    """All samplers that walk a given grid with a denoiser, by the names that figures use.

    Consistency sampling is not among them: it takes what a denoiser sees for a finished sample, which only that of a
    student is.
    """
    able = (name for name, one in samplers.ALL.items() if one.info.stages is not None and name != "consistency")
    walking = [(style.label(name), name) for name in able]
    return menu("sampler", walking, chosen)


@contextmanager
def quietly() -> Iterator[None]:
    """Inside, settings are not warned of, as of a negative that the scale does not use or a grid that starts late:
    the controls get there, and the words say it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield

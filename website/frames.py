"""Panels that move without a kernel: each position of two of a panel's controls, drawn while the site is built.

The page has a range input or a menu for each, and shows the frame of their position with its words. The pictures come
from the panel's own function, so that they are what a learner sees who runs the lesson.
"""

import io
import itertools
import json
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from diffusion_lessons import checkpoints, panels, schedules, toys
from diffusion_lessons.panels.panel import Panel
from diffusion_lessons.sampling import generate
from diffusion_lessons.toys.convergence import MIXTURE
from website.lessons import fenced
from website.playground import clusters

WIDEST = 800  # pixels of a frame: what a page shows
QUALITY = 70  # of WebP


class Moving(NamedTuple):
    """A panel and the positions of its controls that are drawn; the others stay where they are."""

    make: Callable[[], Panel]
    positions: dict[str, list[Any]]


def uneven() -> toys.GaussianMixture:
    """The two clusters of lesson 16."""
    return toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4], weights=[0.3, 0.7])


def noising() -> Panel:
    digits = generate(checkpoints.load("mnist-diffusion"), 16, labels=range(10), steps=20, seed=2)[-1].x
    return panels.noising_panel(digits, [schedules.ddpm_linear(), schedules.cosine()], start=15)


def plane() -> toys.ConditionalMixture:
    """Three classes in the plane, as lesson 07 has them."""
    return toys.ConditionalMixture(
        [
            toys.GaussianMixture([[-1.2, 0.2], [-0.4, 1.2]], stds=[0.45, 0.35]),
            toys.GaussianMixture([[1.0, 0.6]], stds=0.6),
            toys.GaussianMixture([[0.0, -1.2]], stds=0.5),
        ]
    )


def near() -> toys.ConditionalMixture:
    """Three classes that touch, as lesson 08 has them."""
    means = ([0.0, 0.0], [1.4, 0.4], [-1.3, -0.7])
    return toys.ConditionalMixture([toys.GaussianMixture([mean], stds=0.6) for mean in means])


def flows() -> Panel:
    paths = [schedules.flow(), schedules.cosine(), schedules.ddpm_linear()]
    return panels.flow_panel(MIXTURE, paths)


STEPS = [1, 2, 3, 5, 10, 20, 50]
BUDGETS = [12, 16, 24, 48, 100]

MOVING = {
    "01_noise": Moving(noising, {"percent": list(range(0, 101, 5)), "schedule": ["linear", "cosine"]}),
    "02_training": Moving(
        lambda: panels.answers_panel(clusters(), schedules.ddpm_linear()), {"t": [1, 50, 150, 400, 999]}
    ),
    "04_ddim": Moving(
        lambda: panels.sampler_panel(clusters(), schedules.ddpm_linear()),
        {"sampler": ["ddim", "ddpm", "dpm_solver_pp_2m"], "steps": STEPS},
    ),
    "05_solvers": Moving(
        lambda: panels.order_panel(schedules.ddpm_linear()),
        {"second": ["dpm_solver_pp_2m", "heun", "rk4"], "budget": BUDGETS},
    ),
    "05b_orders": Moving(
        lambda: panels.order_panel(schedules.ddpm_linear(), first="dpm_solver_pp_3m", second="ddim", grid="trailing"),
        {"grid": ["trailing", "logsnr", "karras"], "budget": BUDGETS},
    ),
    "06_flow": Moving(flows, {"schedule": ["flow", "cosine", "linear"], "steps": [1, 2, 4, 8, 16, 30]}),
    "07_guidance": Moving(
        lambda: panels.field_panel(plane(), schedules.cosine(), scale=4.0),
        {"scale": [0.0, 1.0, 2.0, 4.0, 6.0, 10.0], "label": [0, 1, 2]},
    ),
    "08_negative": Moving(
        lambda: panels.field_panel(near(), schedules.ddpm_linear(), scale=2.0, negative=1),
        {"scale": [0.0, 1.0, 2.0, 4.0, 8.0], "percent": [10, 50, 90]},
    ),
    "11_few_steps": Moving(
        lambda: panels.few_steps_panel(clusters()),
        {"method": ["no student: the teacher", "reflow", "consistency"], "steps": [1, 2, 4, 8]},
    ),
    "15_real_systems": Moving(
        lambda: panels.table_panel(schedules.cosine(), sampler="dpm_solver_pp_2m", steps=8),
        {"sampler": ["dpm_solver_pp_2m", "ddim", "dpm_solver_pp_3m", "heun"], "steps": [2, 4, 8, 12, 20]},
    ),
    "16_one_picture": Moving(
        lambda: panels.noise_panel(uneven(), schedules.cosine(), noise=1.0, steps=40),
        {"noise": [0.0, 0.5, 1.0, 2.0, 4.0], "steps": [10, 40, 160]},
    ),
}


def positions(moving: Moving, panel: Panel) -> dict[str, list[Any]]:
    """The positions of each control that are drawn, that at which it stands among them."""
    found = {}
    for name, values in moving.positions.items():
        stands = panel.controls[name].value
        numbers = all(isinstance(value, int | float) for value in values)
        found[name] = values if stands in values else sorted([*values, stands]) if numbers else [stands, *values]
    return found


def frames(panel: Panel, drawn: dict[str, list[Any]]) -> Iterator[tuple[str, bytes, str]]:
    """(key, WebP, words) of every position; a key such as "2-0" counts the positions of each control."""
    for places in itertools.product(*(range(len(values)) for values in drawn.values())):
        for place, (name, values) in zip(places, drawn.items(), strict=True):
            panel.controls[name].value = values[place]
        yield "-".join(map(str, places)), small(panel.image.value), panel.alt


def small(png: bytes) -> bytes:
    """A picture as wide as the page shows it, as WebP."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.thumbnail((WIDEST, WIDEST))
    content = io.BytesIO()
    image.save(content, "WEBP", quality=QUALITY, method=4)
    return content.getvalue()


def moving_panel(name: str, folder: Path) -> str:
    """The controls of a lesson's panel as Markdown, to stand beneath its picture; its frames go to the folder."""
    panel = MOVING[name].make()
    drawn = positions(MOVING[name], panel)
    stands = [values.index(panel.controls[control].value) for control, values in drawn.items()]
    told = {}
    for key, content, words in frames(panel, drawn):
        (folder / f"{name}-{key}.webp").write_bytes(content)
        told[key] = words
    rows = [
        control(f"{name}-{one}", panel.controls[one], values, place)
        for (one, values), place in zip(drawn.items(), stands, strict=True)
    ]
    words = json.dumps(told, ensure_ascii=False).replace("</", "<\\/")
    script = f'<script type="application/json">{words}</script>'
    still = "The picture above moves. Every position of these controls was drawn by the lesson's own panel."
    html = f'<form class="moving" data-frames="../_static/frames/{name}-"><p>{still}</p>{"".join(rows)}{script}</form>'
    return fenced("raw", html, argument="html")


def control(identifier: str, widget: Any, values: list[Any], place: int) -> str:
    """A range input for numbers, a menu for names; its value is the place of the position."""
    names = {value: label for label, value in labelled(widget)}
    shown = [str(names.get(value, value if isinstance(value, str) else f"{value:g}")) for value in values]
    label = f'<label for="{identifier}">{escape(widget.description)}</label> '
    if all(isinstance(value, int | float) for value in values) and not names:
        words = escape(json.dumps(shown))
        limits = f'min="0" max="{len(values) - 1}" value="{place}"'
        slider = f'<input type="range" id="{identifier}" {limits} data-words="{words}">'
        return f'<p>{label}{slider} <output for="{identifier}">{shown[place]}</output></p>'
    options = "".join(
        f'<option value="{i}"{" selected" * (i == place)}>{escape(text)}</option>' for i, text in enumerate(shown)
    )
    return f'<p>{label}<select id="{identifier}">{options}</select></p>'


def labelled(widget: Any) -> list[tuple[str, Any]]:
    """(label, value) of a menu's options; a slider over numbers has none."""
    if type(widget).__name__ != "Dropdown":
        return []
    return [option if isinstance(option, tuple) else (str(option), option) for option in widget.options]

"""Panels that move without a kernel: each position of two of a panel's controls, drawn while the site is built.

The page has a range input or a menu for each, and shows the frame of their position with its words. The pictures come
from the panel's own function, so that they are what a learner sees who runs the lesson. They are drawn by several
processes, and kept beside the site as long as nothing changes from which they are made.
"""

import hashlib
import io
import itertools
import json
import multiprocessing
import os
import shutil
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from diffusion_lessons.figures.pictures.display import picture
from diffusion_lessons.machine import places
from diffusion_lessons.panels.panel import Panel
from website.lessons import fenced
from website.moving import MOVING, Moving

WIDEST = 800  # pixels of a frame: what a page shows
QUALITY = 70  # of WebP
LARGEST = 30  # MB of all frames
PROCESSES = 4  # at most: each holds PyTorch
CONTROLS = "controls.html"  # beside the frames of a panel
STILL = "The picture above moves. Every position of these controls was drawn by the lesson's own panel."


def positions(moving: Moving, panel: Panel) -> dict[str, list[Any]]:
    """The positions of each control that are drawn, that at which it stands among them."""
    found = {}
    for name, values in moving.positions.items():
        stands = panel.controls[name].value
        numbers = all(map(is_number, values))
        found[name] = values if stands in values else sorted([*values, stands]) if numbers else [stands, *values]
    return found


def frames(panel: Panel, drawn: dict[str, list[Any]]) -> Iterator[tuple[str, bytes, str]]:
    """(key, WebP, words) of every position; a key such as "2-0" counts the positions of each control."""
    for numbered in itertools.product(*(enumerate(values) for values in drawn.values())):
        chosen = {name: value for name, (_, value) in zip(drawn, numbered, strict=True)}
        try:
            drawing = panel.at(**chosen)
        except ValueError as error:
            raise ValueError(f"no frame at {chosen}: {error}") from error
        yield "-".join(str(number) for number, _ in numbered), small(picture(drawing.picture).content), drawing.words


def small(png: bytes) -> bytes:
    """A picture as wide as the page shows it, as WebP."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.thumbnail((WIDEST, WIDEST))
    content = io.BytesIO()
    image.save(content, "WEBP", quality=QUALITY, method=4)
    return content.getvalue()


def write_panel(name: str, number: int, folder: Path) -> None:
    """The frames of a lesson's panel, and its controls as a form, into a new folder: all of them, or none."""
    moving = MOVING[name][number]
    assert moving is not None
    panel = moving.make()
    drawn = positions(moving, panel)
    begun = folder.with_name(f"{folder.name}.begun")
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    told = {}
    for key, content, words in frames(panel, drawn):
        (begun / f"{folder.name}-{key}.webp").write_bytes(content)
        told[key] = words
    rows = [
        control(f"{folder.name}-{one}", panel.controls[one], values, values.index(panel.controls[one].value))
        for one, values in drawn.items()
    ]
    words = json.dumps(told, ensure_ascii=False).replace("</", "<\\/")
    script = f'<script type="application/json">{words}</script>'
    form = f'<form class="moving" data-frames="../_static/frames/{folder.name}-">'
    (begun / CONTROLS).write_text(f"{form}<p>{STILL}</p>{''.join(rows)}{script}</form>", encoding="utf-8")
    begun.rename(folder)


def made_from() -> str:
    """A name for everything that frames are made from: another one as soon as any of it changes."""
    measured = places.measurements()
    files = sorted(
        [file for file in places.PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        + [file for file in measured.rglob("*") if file.is_file()]
        + [Path(__file__).with_name(f"{name}.py") for name in ("frames", "moving", "playground")]
    )
    found = hashlib.sha256(
        repr([(name, version(name)) for name in ("torch", "matplotlib", "numpy", "pillow")]).encode()
    )
    for file in files:
        found.update(f"{file.name}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:16]


def moving_panels(names: Collection[str], target: Path, kept: Path) -> dict[str, list[str]]:
    """Lesson -> the controls of each of its panels as Markdown, "" for one that stays still; the frames go to `target`.

    `kept`: a folder for what is drawn, from which a second build takes it; what was made from something else leaves it.
    """
    store = kept / made_from()
    for old in kept.glob("*"):
        if old != store and old.is_dir():
            shutil.rmtree(old)
    wanted = [(name, number) for name in names for number, moving in enumerate(MOVING[name]) if moving is not None]
    draw([(name, number, store / f"{name}-{number}") for name, number in wanted])
    target.mkdir(parents=True, exist_ok=True)
    controls = {name: [""] * len(MOVING[name]) for name in names}
    for name, number in wanted:
        folder = store / f"{name}-{number}"
        for file in folder.glob("*.webp"):
            shutil.copyfile(file, target / file.name)
        if (size := sum(file.stat().st_size for file in target.iterdir()) / 1e6) > LARGEST:
            raise ValueError(f"the frames up to lesson {name} have {size:.1f} MB, at most {LARGEST}: fewer positions")
        controls[name][number] = fenced("raw", (folder / CONTROLS).read_text(encoding="utf-8"), argument="html")
    return controls


def draw(panels: list[tuple[str, int, Path]]) -> None:
    """Those of (lesson, number, folder) that are not there yet, in several processes where it is worth their start."""
    missing = [one for one in panels if not one[2].is_dir()]
    if len(missing) < 3:
        for name, number, folder in missing:
            write_panel(name, number, folder)
        return
    processes = min(PROCESSES, os.cpu_count() or 1)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=one_thread) as pool:
        for work in [pool.submit(write_panel, *one) for one in missing]:
            work.result()


def one_thread() -> None:
    """For a process beside others."""
    import torch

    torch.set_num_threads(1)


def control(identifier: str, widget: Any, values: list[Any], place: int) -> str:
    """A range input for numbers, a menu for names; its value is the place of the position."""
    names = {value: label for label, value in labelled(widget)}
    shown = [str(names.get(value, f"{value:g}" if is_number(value) else value)) for value in values]
    label = f'<label for="{identifier}">{escape(widget.description)}</label> '
    if all(map(is_number, values)) and not names:
        words = escape(json.dumps(shown))
        limits = f'min="0" max="{len(values) - 1}" value="{place}"'
        slider = f'<input type="range" id="{identifier}" {limits} data-words="{words}">'
        return f'<p>{label}{slider} <output for="{identifier}">{shown[place]}</output></p>'
    options = "".join(
        f'<option value="{i}"{" selected" * (i == place)}>{escape(text)}</option>' for i, text in enumerate(shown)
    )
    return f'<p>{label}<select id="{identifier}">{options}</select></p>'


def is_number(value: Any) -> bool:
    """Whether a value has its place on a slider; that of a switch has none, although Python counts with it."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def labelled(widget: Any) -> list[tuple[str, Any]]:
    """(label, value) of a menu's options, or of a switch; a slider over numbers has none."""
    if type(widget).__name__ == "Checkbox":
        return [("off", False), ("on", True)]
    if type(widget).__name__ != "Dropdown":
        return []
    return [option if isinstance(option, tuple) else (str(option), option) for option in widget.options]

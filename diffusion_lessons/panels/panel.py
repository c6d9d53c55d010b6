"""A panel: controls, and a picture that follows them.

    panel = Panel(draw, {"t": slider, "schedule": menu})

`draw(t=..., schedule=...)` returns a `Drawing`. Work that takes longer than a blink is a generator: it yields None
between its steps and the Drawing at the end. The notebook stays free meanwhile, and if a control moves again the old
work is dropped at its next step: the newest position wins.

A panel is what a cell ends with. Live it shows controls and picture; a stored notebook keeps the picture and its words,
so that on paper or on a web page nothing is lost but the controls.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import ipywidgets

from diffusion_lessons.figures.display import Output, caption_output, picture_output, publish

BUSY, BLINK = "<i>drawing ...</i>", 0.15  # shown when drawing takes longer than so many seconds


class Drawing(NamedTuple):
    """A picture as PNG, and what it shows in a sentence with its numbers."""

    png: bytes
    words: str


class Panel:
    """A function that draws, and named controls (anything with a `.value`) that it draws from."""

    def __init__(self, draw: Callable[..., Any], controls: Mapping[str, Any]):
        self.controls, self._draw = dict(controls), draw
        self.image = ipywidgets.Image(format="png")
        self.words = ipywidgets.HTML()
        self.box = ipywidgets.VBox([ipywidgets.HBox(self._rows()), self.image])
        self._work: asyncio.Task | None = None
        self._show(self._finished(self._steps()))
        for control in self.controls.values():
            control.observe(self._moved, names="value")

    @property
    def values(self) -> dict[str, Any]:
        """Where the controls stand."""
        return {name: control.value for name, control in self.controls.items()}

    def _rows(self) -> list[Any]:
        """The controls in columns of two."""
        controls = list(self.controls.values())
        return [ipywidgets.VBox(controls[i : i + 2]) for i in range(0, len(controls), 2)]

    def _steps(self) -> Iterator[Drawing | None]:
        """The work at the present position: None for each step, the Drawing last."""
        result = self._draw(**self.values)
        if inspect.isgenerator(result):
            yield from result
        else:
            yield result

    @staticmethod
    def _finished(steps: Iterator[Drawing | None]) -> Drawing:
        *_, last = steps
        assert last is not None
        return last

    def _moved(self, _: Any) -> None:
        if self._work is not None:
            self._work.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a script or a test: nobody waits
            self._show(self._finished(self._steps()))
        else:
            self._work = loop.create_task(self._follow())

    async def _follow(self) -> None:
        """Draw step by step and let go after each, so that a newer move can cancel this work."""
        started = time.monotonic()
        try:
            await asyncio.sleep(0.01)  # moves that have already arrived come first
            for drawing in self._steps():
                if drawing is not None:
                    self._show(drawing)
                elif time.monotonic() - started > BLINK:
                    self.words.value = BUSY
                await asyncio.sleep(0)
        except ValueError as error:  # a choice that does not go together; the message says what to do
            self.words.value = f"<b>{error}</b>"

    def _show(self, drawing: Drawing) -> None:
        self.image.value, self.words.value = drawing
        self.alt = drawing.words
        self.image.layout.width = f"{self.width}px"  # as it was drawn: pages stretch images without a width

    @property
    def width(self) -> int:
        """Of the picture, in pixels: bytes 16 to 20 of a PNG."""
        return int.from_bytes(self.image.value[16:20], "big")

    def outputs(self) -> list[Output]:
        """Controls and picture, then the words: each alive, and beside it what a stored notebook keeps of it."""
        kept = picture_output(self.image.value, self.alt, self.width), caption_output(self.alt)
        pairs = zip((self.box, self.words), kept, strict=True)
        return [({**live._repr_mimebundle_(), **data}, metadata) for live, (data, metadata) in pairs]

    def _ipython_display_(self) -> None:
        publish(self.outputs())

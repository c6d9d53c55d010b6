"""A panel: controls, and a picture that follows them.

    panel = Panel(draw, {"t": slider, "schedule": menu})

`draw(t=..., schedule=...)` returns a `Drawing`. Work that takes longer than a blink is a generator: it yields None
between its steps and the Drawing at the end. The notebook stays free meanwhile, and if a control moves again the old
work is dropped at its next step: the newest position wins. A picture that is not of the present position is dimmed.

A panel is what a cell ends with. Live it shows controls, picture and words; a stored notebook keeps the picture and its
words, so that on paper or on a web page nothing is lost but the controls.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any, NamedTuple

import ipywidgets

from diffusion_lessons.figures.pictures.display import Drawn, Output, caption_output, picture, picture_output, publish

BUSY, BLINK = "drawing ...", 0.15  # shown when drawing takes longer than so many seconds
EARLIER = "The picture is of an earlier choice."
SAID = '<div role="status" aria-live="polite">{}</div>'  # read out by screen readers when it changes
DIMMED = "diffusion-lessons-dimmed"
RULES = f"<style>.{DIMMED} {{ opacity: 0.3; }}</style>"
# ipywidgets gives a slider no name and a picture no alternative text, and has no option for either: the page does it.
NAMED = """
    for (const slider of panel.querySelectorAll('.widget-slider')) {
        const name = slider.querySelector('.widget-label').textContent;
        for (const part of slider.querySelectorAll('.noUi-handle, .widget-readout')) part.ariaLabel = name;
    }
    for (const image of panel.querySelectorAll('.widget-image')) image.alt = 'What it shows is said beneath it.';
"""


VIEW = "application/vnd.jupyter.widget-view+json"


def live(widget: ipywidgets.Widget) -> dict[str, Any]:
    """What shows a widget where its kernel runs. Google Colab has ipywidgets 7, which makes no such bundle itself."""
    return {VIEW: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}, "text/plain": repr(widget)}


def on_page(script: str, rules: str = "") -> ipywidgets.HTML:
    """A widget that is not seen and runs a script on the page, in which `panel` is the box that it stands in.

    An image that cannot be loaded runs it, half a second later, when the views beside it have been made.
    """
    run = f"setTimeout(() => {{ const panel = this.closest('.widget-vbox'); {script} }}, 500)"
    return ipywidgets.HTML(f'{rules}<img src="data:," alt="" onerror="{run}">', layout={"display": "none"})


class Drawing(NamedTuple):
    """A picture, and what it shows in a sentence with its numbers."""

    picture: Drawn
    words: str


class Panel:
    """A function that draws, and named controls (anything with a `.value`) that it draws from."""

    def __init__(self, draw: Callable[..., Any], controls: Mapping[str, Any]):
        self.controls, self._draw = dict(controls), draw
        self.image = ipywidgets.Image(format="png")
        self.words = ipywidgets.HTMLMath()
        self.box = ipywidgets.VBox([self._rows(), self.image, on_page(NAMED, RULES)])
        self._work: asyncio.Task | None = None
        self._show(self.at())
        for control in self.controls.values():
            control.observe(self._moved, names="value")

    @property
    def values(self) -> dict[str, Any]:
        """Where the controls stand."""
        return {name: control.value for name, control in self.controls.items()}

    def _rows(self) -> ipywidgets.HBox:
        """The controls in columns of two, which stand below each other where the page is narrow."""
        controls = list(self.controls.values())
        pairs = [controls[i : i + 2] for i in range(0, len(controls), 2)]
        columns = [ipywidgets.VBox(pair, layout={"flex": "0 0 auto"}) for pair in pairs]
        return ipywidgets.HBox(columns, layout={"flex_flow": "row wrap"})

    def at(self, **values: Any) -> Drawing:
        """What is drawn with these values in the place of those at which their controls stand, which do not move."""
        return self._finished(self._steps(**values))

    def _steps(self, **values: Any) -> Iterator[Drawing | None]:
        """The work at the present position: None for each step, the Drawing last."""
        result = self._draw(**{**self.values, **values})
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
            self._show(self.at())
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
                    self._outdated(f"<i>{BUSY}</i>")
                await asyncio.sleep(0)
        except ValueError as error:  # a choice that does not go together; the message says what to do
            self._outdated(f"<b>{escape(str(error))}</b> {EARLIER}")
        except Exception as error:  # nobody sees what a task raises, so whatever it is stands on the page
            self._outdated(f"<b>{escape(f'{type(error).__name__}: {error}')}</b> {EARLIER}")

    def _show(self, drawing: Drawing) -> None:
        (self.image.value, self.width), self.alt = picture(drawing.picture), drawing.words
        self.image.layout.width = f"{self.width}px"  # as it was drawn: pages stretch images without a width
        self.image.remove_class(DIMMED)
        self.words.value = SAID.format(escape(drawing.words))

    def _outdated(self, said: str) -> None:
        """The picture is not, or not yet, of the present position: dim it, and say why."""
        self.image.add_class(DIMMED)
        self.words.value = SAID.format(said)

    def outputs(self) -> list[Output]:
        """Controls and picture, then the words: each alive, and beside it what a stored notebook keeps of it."""
        kept = picture_output(self.image.value, self.alt, self.width), caption_output(self.alt)
        pairs = zip((self.box, self.words), kept, strict=True)
        return [({**live(widget), **data}, metadata) for widget, (data, metadata) in pairs]

    def _ipython_display_(self) -> None:
        publish(self.outputs())

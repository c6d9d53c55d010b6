"""Panels without a browser: a control is set, the newest position wins, and errors are words."""

import asyncio

import ipywidgets
import pytest

from diffusion_lessons.figures.pictures.display import Picture
from diffusion_lessons.panels.panel import BUSY, DIMMED, EARLIER, VIEW, Drawing, Panel, live

OUT_OF_MEMORY = 13  # a position that fails as no panel expects


class Slow:
    """A drawing in five steps that remembers what it finished and how far it came."""

    def __init__(self):
        self.steps, self.finished = 0, []

    def __call__(self, n):
        for _ in range(5):
            self.steps += 1
            yield None
        if n < 0:
            raise ValueError("choose a number > 0")
        if n == OUT_OF_MEMORY:
            raise RuntimeError("no memory left for <n>")
        self.finished.append(n)
        yield Drawing(Picture(f"a picture of the number {n}".encode(), 10), f"n is {n} < 100")


@pytest.fixture
def panel():
    return Panel(Slow(), {"n": ipywidgets.IntSlider(1, min=-5)})


def move(panel, *numbers):
    """Move the slider as a person does, and wait for the last position."""

    async def moved():
        for n in numbers:
            panel.controls["n"].value = n
            await panel._work

    asyncio.run(moved())


def test_the_newest_position_wins(monkeypatch):
    monkeypatch.setattr("diffusion_lessons.panels.panel.BLINK", 0.0)
    slow, said, dimmed = Slow(), [], []
    panel = Panel(slow, {"n": ipywidgets.IntSlider(1)})

    async def move():
        for n in (2, 3, 4):
            panel.controls["n"].value = n
        while slow.steps < 8:  # five steps of the first picture, then some of the newest
            await asyncio.sleep(0)
        panel.controls["n"].value = 5
        await panel._work

    panel.words.observe(lambda change: said.append(change["new"]), names="value")
    panel.image.observe(lambda change: dimmed.append(DIMMED in change["new"]), names="_dom_classes")
    asyncio.run(move())
    busy, done = said
    assert BUSY in busy and "n is 5" in done and dimmed == [True, False]
    assert panel.image.value == b"a picture of the number 5" and panel.alt == "n is 5 < 100"
    assert slow.finished == [1, 5]


@pytest.mark.parametrize(
    ("n", "said"),
    [(-1, "choose a number &gt; 0"), (OUT_OF_MEMORY, "RuntimeError: no memory left for &lt;n&gt;")],
)
def test_what_cannot_be_drawn_says_so_over_a_dimmed_picture(panel, n, said):
    move(panel, n)
    assert f"{said}</b> {EARLIER}" in panel.words.value and DIMMED in panel.image._dom_classes
    assert panel.image.value == b"a picture of the number 1"
    move(panel, 7)
    assert "n is 7" in panel.words.value and DIMMED not in panel.image._dom_classes


def test_a_screen_reader_is_told_the_words_and_signs_are_no_markup(panel):
    assert 'aria-live="polite"' in panel.words.value and "n is 1 &lt; 100" in panel.words.value


def test_controls_stand_below_each_other_on_a_narrow_page(panel):
    rows = panel.box.children[0]
    assert rows.layout.flex_flow == "row wrap" and all(one.layout.flex == "0 0 auto" for one in rows.children)


def test_a_widget_is_shown_as_its_library_shows_it(panel):
    """Also by ipywidgets 7, which has no bundle of its own to compare with."""
    shown = live(panel.box)
    assert shown[VIEW] == panel.box._repr_mimebundle_()[VIEW]
    data, _ = panel.outputs()[0]
    assert data[VIEW] == shown[VIEW] and "image/png" in data

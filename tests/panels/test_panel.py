"""Panels without a browser: a control is set, the newest position wins, and errors are words."""

import asyncio

import ipywidgets

from diffusion_lessons.panels.panel import BUSY, Drawing, Panel


class Slow:
    """A drawing in five steps that remembers what it finished and how far it came."""

    def __init__(self):
        self.steps, self.finished = 0, []

    def __call__(self, n):
        for _ in range(5):
            self.steps += 1
            yield None
        if n < 0:
            raise ValueError("choose a number above 0")
        self.finished.append(n)
        yield Drawing(f"a picture of the number {n}".encode(), f"n is {n}")


def test_the_newest_position_wins(monkeypatch):
    monkeypatch.setattr("diffusion_lessons.panels.panel.BLINK", 0.0)
    slow, said = Slow(), []
    panel = Panel(slow, {"n": ipywidgets.IntSlider(1)})

    async def move():
        for n in (2, 3, 4):
            panel.controls["n"].value = n
        while slow.steps < 8:  # five steps of the first picture, then some of the newest
            await asyncio.sleep(0)
        panel.controls["n"].value = 5
        await panel._work

    panel.words.observe(lambda change: said.append(change["new"]), names="value")
    asyncio.run(move())
    assert said == [BUSY, "n is 5"]
    assert panel.image.value == b"a picture of the number 5" and panel.words.value == "n is 5"
    assert slow.finished == [1, 5]


def test_a_choice_that_does_not_go_together_says_so():
    panel = Panel(Slow(), {"n": ipywidgets.IntSlider(1, min=-5)})

    async def move():
        panel.controls["n"].value = -1
        await panel._work

    asyncio.run(move())
    assert "choose a number above 0" in panel.words.value and panel.image.value == b"a picture of the number 1"

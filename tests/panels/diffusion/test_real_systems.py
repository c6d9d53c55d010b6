"""The panel of tables says how far back a sampler looks, and draws another picture for another sampler."""

from diffusion_lessons import schedules
from diffusion_lessons.figures import style
from diffusion_lessons.panels.diffusion.real_systems import SHOWN, table_panel


def test_the_words_are_those_of_the_table():
    panel = table_panel(schedules.cosine(), sampler="ddim", steps=4)
    assert panel.alt.startswith("DDIM, 4 steps: 4 looks of the network, at most 1 clean sample in a row")
    picture = panel.image.value
    panel.controls["sampler"].value = "dpm_solver_pp_2m"
    assert "at most 2 clean samples" in panel.alt and panel.image.value != picture
    panel.controls["sampler"].value = "heun"
    assert "7 looks" in panel.alt
    for name in SHOWN:
        panel.controls["sampler"].value = name
        assert "look" in panel.alt


def test_looks_are_counted_from_one(monkeypatch):
    drawn, axes = [], style.axes
    monkeypatch.setattr(style, "axes", lambda *words: drawn.append(axes(*words)) or drawn[-1])
    table_panel(schedules.cosine(), sampler="ddim", steps=4)
    (_, shown), *_ = drawn
    assert list(shown.images[0].get_extent()) == [0.5, 4.5, 4.5, 0.5]
    assert all(tick == int(tick) for tick in [*shown.get_xticks(), *shown.get_yticks()])

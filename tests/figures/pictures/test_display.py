"""A shown picture has its words, and the same bytes each time."""

import io

import torch
from matplotlib.figure import Figure
from PIL import Image

from diffusion_lessons.figures.diffusion import trajectories
from diffusion_lessons.figures.pictures.display import beside, freeze, picture, show
from diffusion_lessons.figures.pictures.images import image_grid
from tests.figures.ten_paths import LINEAR, MIXTURE

ALT = "Ten paths from noise at the left to data at the right."


def test_shown_pictures_have_words_and_the_same_bytes(states):
    first, second = (show(trajectories.trajectory_figure(MIXTURE, LINEAR, {"ddim": states}), ALT) for _ in range(2))
    assert first.content == second.content
    (data, metadata), _ = first.outputs()
    assert data["text/plain"] == metadata["image/png"]["alt"] == ALT
    grid = image_grid(torch.zeros(4, 1, 8, 8))
    assert beside(grid, grid).width == 2 * grid.width + 16 == show(beside(grid, grid), ALT).width


def test_the_words_stand_beneath_the_picture_as_outputs_of_the_cell(monkeypatch):
    said = "All of it, for s < 1 & $t$."
    given = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: given.append(data))
    show(image_grid(torch.zeros(1, 1, 8, 8)), said)._ipython_display_()
    above, beneath = given
    assert "image/png" in above and "image/png" not in beneath
    assert beneath["text/markdown"] == beneath["text/plain"] == said
    assert "<figcaption" in beneath["text/html"] and "s &lt; 1 &amp; $t$." in beneath["text/html"]


def test_a_figure_has_twice_the_pixels_of_the_page_also_beside_an_image(states):
    figure = trajectories.trajectory_figure(MIXTURE, LINEAR, {"ddim": states})
    drawn, grid = picture(figure), image_grid(torch.zeros(1, 1, 8, 8))
    row = beside(grid, figure)
    assert drawn.width == round(100 * figure.get_figwidth()) and row.width == grid.width + 16 + drawn.width
    for one in (drawn, row, picture(row)):
        assert Image.open(io.BytesIO(one.content)).width == 2 * one.width
    assert picture(grid).width == Image.open(io.BytesIO(picture(grid).content)).width == grid.width


def test_a_frozen_layout_has_room_for_the_titles_of_square_axes():
    figure = Figure(figsize=(7.6, 3.9), layout="constrained")
    for axes in figure.subplots(1, 2):
        axes.set(aspect="equal", xlabel="x", ylabel="y", title="a title")
        axes.label_outer()
    freeze(figure)
    figure.draw_without_rendering()
    assert all(axes.title.get_window_extent().y1 <= figure.bbox.y1 for axes in figure.axes)

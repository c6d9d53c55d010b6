"""A notebook is saved without the widgets that something in it can stand for."""

from types import SimpleNamespace

import pytest

from diffusion_lessons.commands import saved_notebooks
from diffusion_lessons.commands.saved_notebooks import VIEW


@pytest.fixture
def save():
    """save(output data) -> the data as they are written."""
    hooks, later = [], []
    loop, manager = SimpleNamespace(add_callback=later.append), SimpleNamespace(register_pre_save_hook=hooks.append)
    server = SimpleNamespace(io_loop=loop, contents_manager=SimpleNamespace())
    saved_notebooks._load_jupyter_server_extension(server)
    server.contents_manager = manager  # as an extension that is loaded later may do
    for call in later:
        call()

    def saved(data):
        cells = [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": [{"text": "so"}, {"data": dict(data)}]}]
        model = {"type": "notebook", "content": {"cells": cells}}
        (hook,) = hooks
        hook(path="a.ipynb", model=model, contents_manager=manager)
        return cells[1]["outputs"][1]["data"]

    saved.hook = lambda model: hooks[0](path="a", model=model, contents_manager=manager)
    return saved


@pytest.mark.parametrize("kind", ["image/png", "text/markdown", "text/html"])
def test_what_stands_for_a_widget_is_kept_without_it(save, kind):
    assert save({VIEW: {"model_id": "a"}, kind: "kept", "text/plain": "VBox()"}) == {
        kind: "kept",
        "text/plain": "VBox()",
    }


def test_a_widget_that_stands_alone_is_kept(save):
    alone = {VIEW: {"model_id": "a"}, "text/plain": "IntSlider()"}
    assert save(alone) == alone


@pytest.mark.parametrize("model", [{"type": "file", "content": "text"}, {"type": "directory"}, {"type": "notebook"}])
def test_other_files_are_let_alone(save, model):
    before = dict(model)
    save.hook(model)
    assert model == before


def test_the_module_is_an_extension_of_the_server():
    assert saved_notebooks._jupyter_server_extension_points() == [{"module": saved_notebooks.__name__}]


@pytest.mark.parametrize("text", ["training:   0%|          | 0/1200 [00:00<?, ?it/s]", ["100%|##", "########|"]])
def test_a_progress_bar_is_left_out(text):
    bar, words = {"data": {VIEW: {}, "text/plain": text}}, {"data": {"text/plain": "50%| of it"}}
    notebook = {"cells": [{"cell_type": "code", "outputs": [bar, words]}]}
    saved_notebooks.leave_out_views(notebook)
    assert notebook["cells"][0]["outputs"] == [words]

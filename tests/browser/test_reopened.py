"""The next day: a lesson that was run and saved is opened again, and pictures and questions are there."""

from pathlib import Path

import nbformat
import pytest

LESSONS = Path(__file__).parents[2] / "notebooks" / "lessons"
NAME = "01_noise"


@pytest.mark.timeout(600)
def test_a_saved_lesson_shows_its_pictures_and_questions(open_notebook, notebooks):
    lesson = nbformat.read(LESSONS / f"{NAME}.ipynb", 4)
    page = open_notebook(lesson, f"lessons/{NAME}-reopened.ipynb")
    page.run_all()
    page.panel()  # alive, so that there is a widget to leave out
    page.save_and_reopen()
    assert page.trusted()
    looked_at = {"panel": 0, "predict": 0, "scope_check": 0}
    for number, cell in enumerate(lesson.cells):
        kind = "panel" if "panel" in cell.metadata.get("tags", []) else cell.source.partition("(")[0]
        if kind not in looked_at:
            continue
        looked_at[kind] += 1
        shown = page.cell(number).locator(".jp-OutputArea")
        if kind == "panel":
            shown.locator("img").wait_for()
            assert "is still data" in shown.inner_text()  # the words of the picture
        else:
            shown.get_by_text("Predict, then run" if kind == "predict" else "Does a measurement settle").wait_for()
        assert "Error displaying widget" not in shown.inner_text()
    assert all(looked_at.values()), looked_at

"""An assignment in a real browser: what a student is given opens, its checks run, and nbgrader validates it."""

import re

import nbformat
import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom import course
from tests.browser.server import serve
from tests.classroom.made_class import POINTS, Maker

VALIDATE_SECONDS = 200  # nbgrader runs the notebook once more


@pytest.fixture(scope="session")
def address(browser, notebooks, tmp_path_factory):
    """Lab with nbgrader's tools on its pages."""
    with serve(notebooks, tmp_path_factory.mktemp("class"), for_class=True) as address:
        yield address


@pytest.fixture
def released(tmp_path, browser):
    """A course with A2 released, and who fills it in; made only where there is a browser."""
    course.new(tmp_path / "course")
    course.release(tmp_path / "course", "A2")
    return Maker(tmp_path / "course", tmp_path)


@pytest.mark.timeout(600)
def test_a_student_runs_the_checks_and_validates(released, open_notebook, usual_complaints):
    empty = nbformat.read(released.release, 4)
    page = open_notebook(empty, "untouched.ipynb")
    with pytest.raises(AssertionError, match="NotImplementedError"):
        page.run_all()

    page = open_notebook(released.solved("Ada"), "A2.ipynb")
    page.run_all()
    checks = [cell for cell in page.cells() if re.match(r'check\("', cell["source"])]
    assert len(checks) == len(POINTS)
    assert all(cell["outputs"] for cell in checks)
    assert set(page.complaints) <= usual_complaints

    page.page.get_by_text("Validate", exact=True).click()
    dialog = page.page.locator(".jp-Dialog").filter(has_text=re.compile("Validation|passes|failed"))
    dialog.get_by_text("Your notebook passes all the tests").wait_for(timeout=VALIDATE_SECONDS * 1000)

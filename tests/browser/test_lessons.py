"""The lessons in a real browser: they run, their panels are alive, and the console has nothing to say."""

import io
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from tests.browser.server import TOKEN

LESSONS = Path(__file__).parents[2] / "notebooks" / "lessons"
WITH_A_PANEL = ("04_ddim", "07_guidance", "10_frontier")
WRITTEN = [name for name in WITH_A_PANEL if (LESSONS / f"{name}.ipynb").exists()]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", WRITTEN)
def test_lesson_runs_and_its_slider_moves_the_picture(name, open_notebook, usual_complaints, request):
    from tests.browser.notebook_page import move, settle

    page = open_notebook(nbformat.read(LESSONS / f"{name}.ipynb", 4), f"lessons/{name}.ipynb")
    page.run_all()
    panel = page.panel()
    move(panel, slider=0)
    settle(panel)
    keep_screenshot(page.page, name, request.config.getoption("--screenshots", None))
    assert set(page.complaints) <= usual_complaints
    assert not page.strangers


def keep_screenshot(page, name, folder):
    """The page as a PNG of 64 colours: small enough to be part of the repository."""
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
        page.wait_for_timeout(1000)
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        shot.quantize(64, dither=Image.Dither.NONE).save(Path(folder) / f"lab-{name}.png", optimize=True)


def test_lab_opens_at_the_first_lesson(browser, address):
    """Also behind a base URL, which the address has."""
    page = browser.new_page()
    assert page.goto(f"{address}?token={TOKEN}").url.startswith(f"{address}lab/tree/lessons/00_start_here.ipynb")
    page.locator(".lm-TabBar-tabLabel", has_text="00_start_here.ipynb").first.wait_for(timeout=120_000)
    page.close()

"""JupyterLab on this machine and the system's Chromium, driven by Playwright; without them these tests are skipped."""

import shutil
from pathlib import Path

import nbformat
import pytest

from tests.browser.server import KERNEL, serve

FIRST_LESSON = Path(__file__).parents[2] / "notebooks" / "lessons" / "00_start_here.ipynb"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
VIEW = {"width": 1100, "height": 820}


def pytest_addoption(parser):
    parser.addoption("--screenshots", metavar="FOLDER", help="keep the pictures of the lessons' panels here")


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install -e '.[browser]'")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium: on Debian, apt install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def notebooks(tmp_path_factory):
    """The folder that Lab serves, with the first lesson in it. Lab saves what it runs, so the tests put copies here."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "lessons").mkdir()
    shutil.copy(FIRST_LESSON, folder / "lessons")
    return folder


@pytest.fixture(scope="session")
def address(browser, notebooks, tmp_path_factory):
    """Where Lab answers; started when the first test asks, and not at all without a browser."""
    with serve(notebooks, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture
def open_notebook(browser, address, notebooks):
    """open_notebook(notebook, name) -> NotebookPage; its kernel ends with the test."""
    from tests.browser.notebook_page import NotebookPage

    pages = []

    def opened(notebook, name="notebook.ipynb"):
        nbformat.write(notebook, notebooks / name)
        pages.append(NotebookPage(browser.new_page(viewport=VIEW), address, name))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def usual_complaints(browser, address, notebooks):
    """What the console says of an empty notebook: Lab's own errors, which no lesson can help."""
    from tests.browser.notebook_page import NotebookPage

    nbformat.write(nbformat.v4.new_notebook(metadata=KERNEL), notebooks / "empty.ipynb")
    page = NotebookPage(browser.new_page(viewport=VIEW), address, "empty.ipynb")
    page.run_all()
    page.close()
    return set(page.complaints)

"""A submission full of scripts, opened where a teacher and a student read it: nothing of it runs."""

import copy
from urllib.parse import urlsplit

import nbformat
import pytest

pytest.importorskip("nbgrader")

from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook

from diffusion_lessons.classroom import course
from diffusion_lessons.classroom.collecting import collect
from diffusion_lessons.classroom.grading import whole_class
from diffusion_lessons.classroom.grading.feedback import feedback
from tests.browser.server import TOKEN, serve
from tests.classroom import hostile
from tests.classroom.made_class import Maker

pytestmark = pytest.mark.timeout(900)
STUDENT, ASSIGNMENT, ESSAY = "mallory", "A2", "a2_explain"
# Links that run something, one after the other: a second one would cancel the first.
CLICK = """async () => {
    for (const link of document.querySelectorAll("a[href^='javascript:'], a[href^='data:']")) {
        link.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
        await new Promise(done => setTimeout(done, 50));
    }
}"""
WAIT_MS = 3000  # after a page is loaded; scripts that run at all run at once


@pytest.fixture(scope="module")
def submission(browser, tmp_path_factory):
    """A course in which one submission was graded, and that submission as it was handed in."""
    root = tmp_path_factory.mktemp("hostile")
    folder, inbox = root / "course", root / "inbox"
    inbox.mkdir()
    course.new(folder)
    course.release(folder, ASSIGNMENT)
    maker = Maker(folder, inbox)
    notebook = maker.solved(STUDENT)
    hostile.attack(notebook, ESSAY)
    maker.write(STUDENT, notebook)
    assert collect(folder, ASSIGNMENT, inbox).students == [STUDENT]
    records = list(whole_class.grade(folder, ASSIGNMENT, [STUDENT], processes=1))
    assert [record.trouble for record in records] == [""]
    return folder, notebook


@pytest.fixture(scope="module")
def formgrader(submission, tmp_path_factory):
    """The address of the submission in Formgrader."""
    folder, _ = submission
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        number = gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, STUDENT).id
    with serve(folder, tmp_path_factory.mktemp("home"), start_in=folder) as address:
        yield address, f"{address}formgrader/submissions/{number}/?token={TOKEN}"


@pytest.fixture
def visit(browser):
    """visit(url) -> the page, and the traps that were asked for: which attempts ran, or fetched something."""
    pages = []

    def visited(url, ready="body"):
        page = browser.new_page()
        pages.append(page)
        traps = set()
        page.on("request", lambda request: traps.add(request.url) if hostile.TRAP in request.url else None)
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.route(lambda url: urlsplit(url).scheme.startswith("http") and not here(url), lambda route: route.abort())
        page.goto(url, wait_until="load", timeout=120_000)
        page.locator(ready).first.wait_for(timeout=120_000)
        page.wait_for_timeout(WAIT_MS)
        page.evaluate(CLICK)
        page.wait_for_timeout(500)
        return page, sorted(url.removeprefix(hostile.TRAP) for url in traps)

    yield visited
    for page in pages:
        page.close()


def here(url):
    return urlsplit(url).hostname == "127.0.0.1" and hostile.TRAP not in url


def test_the_traps_work(submission, visit, tmp_path):
    """As nbconvert writes the page of such a notebook by itself, many of them run."""
    notebook = copy.deepcopy(submission[1])
    for cell in notebook.cells:
        cell.source = cell.source.replace("attachment:nothing", "x")
    page = tmp_path / "page.html"
    page.write_text(HTMLExporter(template_name="classic").from_notebook_node(notebook)[0])
    _, traps = visit(page.as_uri())
    assert {"essay-script", "essay-onerror", "essay-onload", "essay-md", "markdown-script"} <= set(traps)
    assert {"stored-html-script", "stored-markdown-onerror"} <= set(traps)


def check_feedback(folder, visit):
    page = feedback(folder, ASSIGNMENT, anyway=True).folder / STUDENT / ASSIGNMENT / f"{ASSIGNMENT}.html"
    shown, traps = visit(page.as_uri())
    assert traps == []
    assert "An honest sentence: $a < b$ and x & y." in shown.inner_text("body")


def check_formgrader(address, visit):
    shown, traps = visit(address, ready=f"input.score#{ESSAY}")
    assert traps == []
    assert "An honest sentence: $a < b$ and x & y." in shown.inner_text("body")


def test_nothing_runs_in_the_feedback_page(submission, visit):
    check_feedback(submission[0], visit)


def test_nothing_runs_in_formgrader(formgrader, visit):
    check_formgrader(formgrader[1], visit)


def test_nothing_runs_where_the_graded_copy_is_opened(formgrader, visit):
    path = f"autograded/{STUDENT}/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    _, traps = visit(f"{formgrader[0]}lab/tree/{path}?token={TOKEN}&reset", ready=".jp-Notebook .jp-Cell")
    assert traps == []


def test_nothing_runs_if_the_graded_copy_was_not_cleaned(submission, formgrader, visit):
    """A copy from before there was any cleaning, or one that somebody changed: pages clean by themselves."""
    folder, notebook = submission
    path = folder / "autograded" / STUDENT / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    kept = path.read_text()
    try:
        nbformat.write(notebook, path)
        check_formgrader(formgrader[1], visit)
        check_feedback(folder, visit)
    finally:
        path.write_text(kept)

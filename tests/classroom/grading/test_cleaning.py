"""What is left of a submission where it is read: what honest students write, and nothing that runs.

Whether a script runs is decided by a browser (tests/browser/test_hostile.py); here pages are parsed.
"""

import copy
from html.parser import HTMLParser

import nbformat
import pytest

pytest.importorskip("nbgrader")

from nbconvert.exporters import HTMLExporter

from diffusion_lessons.classroom.grading import cleaning
from diffusion_lessons.classroom.grading.cleaning import clean, clean_html, without_tags
from tests.classroom import hostile

KERNEL = {"name": "python3", "display_name": "Python 3"}
HARMLESS = {"href", "src", "alt", "title", "class", "width", "height", "start", "colspan", "rowspan"}


class Page(HTMLParser):
    """The tags of a page, and whatever in it could run or ask for something."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.faults, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in cleaning.TAGS:
            self.faults.append(tag)
        for name, value in attributes:
            if name not in HARMLESS or (name == "src" and not value.startswith("data:image/")):
                self.faults.append((tag, name, value))
            if name == "href" and not value.startswith(("http", "#", "mailto:")):
                self.faults.append((tag, name, value))

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.faults.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def rendered(source, **cell):
    return cleaning.markdown2html({"cell": cell}, source)


def written(notebook, **options):
    """The page of a notebook from the plainest of nbconvert's templates: nothing in it but the notebook's own."""
    return HTMLExporter(template_name="basic", **options).from_notebook_node(notebook)[0]


OURS = {"preprocessors": [cleaning.Clean], "filters": {"markdown2html": cleaning.markdown2html}}


@pytest.fixture
def attacked():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("x", metadata={"nbgrader": {"grade_id": "e"}})]
    )
    hostile.attack(notebook, "e")
    return notebook


@pytest.mark.parametrize(
    "source", [hostile.ESSAY, hostile.attempts("x"), "> " * 400 + "x", "[x](data:text/html,<script>)"]
)
def test_no_markdown_becomes_anything_that_runs(source):
    page = Page(rendered(source, attachments=hostile.ATTACHMENTS))
    assert not page.faults


def test_what_an_output_shows_holds_nothing_that_runs():
    assert not Page(clean_html(hostile.attempts("x"))).faults


def test_an_honest_essay_stays_as_it_was_written():
    essay = (
        "## (a)\n\nFor $\\sigma_t < \\sigma_s$ and $a & b$, a<b: *less* than `x < 3` & **more**.\n\n"
        "| n | error |\n| - | - |\n| 1 | <b>0.5</b> |\n\n1. one\n2. two\n\n```python\nif a < b: pass\n```\n"
        "See [the paper](https://arxiv.org/abs/2010.02502). x<sub>0</sub>"
    )
    assert without_tags(essay) == essay.replace("a<b:", "a< b:")
    page = Page(rendered(essay))
    assert {"h2", "table", "th", "td", "b", "ol", "li", "pre", "code", "a", "sub", "em", "strong"} <= set(page.tags)
    assert "$\\sigma_t < \\sigma_s$" in page.text and "$a & b$" in page.text and "x < 3" in page.text
    assert not page.faults


def test_pasted_pictures_stay_and_missing_ones_stop_nobody():
    attached = {"p.png": {"image/png": "iVBORw0K"}}
    page = rendered("![seen](attachment:p.png) ![gone](attachment:q.png)", attachments=attached)
    assert 'src="data:image/png;base64,iVBORw0K"' in page and "gone" in page
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("x", attachments=attached)])
    clean(notebook)
    assert notebook.cells[0].attachments == attached


def test_a_table_of_a_data_frame_stays_a_table():
    table = (
        "<div><style scoped>.x { color: red }</style><table border='1' class='dataframe'><thead><tr><th>n</th></tr>"
        "</thead><tbody><tr><td colspan='2'>1</td></tr></tbody></table></div>"
    )
    expected = (
        '<div><table><thead><tr><th>n</th></tr></thead><tbody><tr><td colspan="2">1</td></tr></tbody></table></div>'
    )
    assert clean_html(table) == expected


def test_a_page_written_from_a_hostile_notebook_holds_nothing_of_it_that_runs(attacked):
    unclean = copy.deepcopy(attacked)
    unclean.cells[0].source = unclean.cells[0].source.replace("attachment:nothing", "x")  # no page with nbconvert's own
    assert len(Page(written(unclean)).faults) > 20
    own = {"div", "id", "class"}
    faults = [
        fault for fault in Page(written(attacked, **OURS)).faults if fault[0] not in own and "cell-id" not in str(fault)
    ]
    assert faults == []


def test_the_graded_copy_holds_no_script_but_in_code_and_as_text(attacked):
    attacked.cells[1].metadata["nbgrader"] = {"grade_id": "t", "grade": True}
    attacked.cells[1].outputs[0].metadata[cleaning.FLAG] = {"check": "x"}
    attacked.cells[1]["execution_count"] = hostile.attempts("count")
    clean(attacked)
    assert set(attacked.metadata) == {"language_info"}
    assert attacked.metadata.language_info == cleaning.LANGUAGE
    for cell in attacked.cells:
        assert set(cell.metadata) <= {"nbgrader"}
        for output in cell.get("outputs", []):
            kinds = set(output.get("data", {}))
            assert kinds <= {*cleaning.TEXTS, *cleaning.PICTURES, "text/html", "text/markdown"}
            assert not Page(output.get("data", {}).get("text/html", "")).faults
    assert attacked.cells[1].execution_count is None
    assert attacked.cells[1].outputs[0].metadata == {cleaning.FLAG: {"check": "x"}}
    assert "attachments" not in attacked.cells[0]
    nbformat.validate(attacked)
    again = copy.deepcopy(attacked)
    clean(again)
    assert again == attacked


def test_code_is_left_as_it_is():
    source = "if a<b: print('<script>')\n%timeit x"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    clean(notebook)
    assert notebook.cells[0].source == source
    assert "<script" not in written(notebook, **OURS)


def test_what_was_shown_stays():
    size = {"image/png": {"width": 300, "height": 200, "alt": "x"}}
    cell = nbformat.v4.new_code_cell("f", execution_count=3)
    cell.outputs = [
        nbformat.v4.new_output("display_data", {"image/png": "iVBORw0K", "text/plain": "<Figure>"}, metadata=size),
        nbformat.v4.new_output("execute_result", {"text/plain": "3"}, execution_count=3),
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("error", ename="E", evalue="v", traceback=["\x1b[31mE\x1b[0m"]),
    ]
    before = copy.deepcopy(cell.outputs)
    del before[0].metadata["image/png"]["alt"]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": KERNEL, "cut_short": "why"})
    clean(notebook)
    assert notebook.cells[0].outputs == before and notebook.cells[0].execution_count == 3
    assert notebook.metadata.kernelspec == KERNEL and notebook.metadata.cut_short == "why"


def test_what_nobody_would_read_to_the_end_is_cut_off():
    cell = nbformat.v4.new_code_cell("")
    long = "x" * 3_000_000
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=long),
        nbformat.v4.new_output("error", ename=long, evalue=long, traceback=[long]),
        nbformat.v4.new_output("display_data", {"text/html": long}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell(long)])
    clean(notebook)
    assert len(hostile.text_of(notebook)) < 6 * cleaning.LONGEST
    assert "cut off" in notebook.cells[1].source and "cannot be shown" in str(cell.outputs[2])

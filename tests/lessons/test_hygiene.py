"""The rules for lessons can fail: a good little lesson passes, and each way of spoiling it is found."""

import copy

import pytest
from build_notebooks import Stale, check, content, keep_outputs, normalise
from lesson_files import read_source
from lesson_hygiene import budget_line, budget_problems
from lesson_hygiene import check as rules
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

COST = {"seconds": 12.0, "memory_mb": 700, "download_mb": 0}
OPENING = f"# 04 DDIM\n\n**Question.** Why?\n\n{budget_line(COST)}\n\n**Afterwards you can** tell."
END = "## Further reading\n\n- https://arxiv.org/abs/2010.02502\n- https://arxiv.org/abs/2006.11239"
ALT = "A curve that falls from one to zero."


def ran(source, *outputs, tags=()):
    return new_code_cell(source, execution_count=1, outputs=list(outputs), metadata={"tags": list(tags)})


def picture(alt=ALT):
    return new_output("display_data", {"image/png": "", "text/plain": alt}, metadata={"image/png": {"alt": alt}})


def caption(words=ALT):
    return new_output("display_data", {"text/markdown": words, "text/plain": words})


@pytest.fixture
def lesson():
    """Cells by index: 0 opening, 1 section, 2 code, 3 exercises, 4 check, 5 panel, 6 pitfalls, then the end."""
    return new_notebook(
        cells=[
            new_markdown_cell(OPENING),
            new_markdown_cell("## One step\n\nSee [pitfalls](#Pitfalls) and [the source](../source/concepts.json)."),
            ran("print('so it is')", new_output("stream", name="stdout", text="so it is\n"), picture(), caption()),
            new_markdown_cell("## Exercises"),
            ran('def ddim_step(x):\n    raise NotImplementedError\n\n\ncheck("ddim_step", ddim_step)'),
            ran("panel", picture(), caption(), tags=["panel"]),
            new_markdown_cell("## Pitfalls"),
            new_markdown_cell("## What to remember\n\n## Scope check"),
            new_markdown_cell(END),
        ]
    )


def found(notebook) -> str:
    return "\n".join(text for _, text in rules(notebook))


def test_a_number_may_bear_a_letter(lesson):
    lesson.cells[0].source = lesson.cells[0].source.replace("# 04 DDIM", "# 05b Orders")
    assert found(lesson) == ""


def test_a_good_lesson_passes(lesson):
    assert found(lesson) == "" and budget_problems(lesson, COST) == []


def set_source(cell, source):
    return lambda notebook: notebook.cells[cell].update(source=source)


def add_output(cell, output):
    return lambda notebook: notebook.cells[cell].outputs.append(output)


SPOILED = {
    "no name": (set_source(0, OPENING.replace("# 04 DDIM", "# DDIM")), "begins with its number"),
    "no question": (set_source(0, OPENING.replace("**Question.**", "")), "lacks **Question.**"),
    "two titles": (set_source(1, "# Another"), "one heading of the first level"),
    "a level skipped": (set_source(1, "#### Deep"), "skips a level"),
    "two alike": (set_source(1, "## Pitfalls"), "two headings are 'Pitfalls'"),
    "no scope check": (set_source(7, "## What to remember"), "the last sections are"),
    "a long cell": (set_source(2, "x = 1\n" * 26), "26 lines of code"),
    "a redefinition": (set_source(2, "class GaussianMixture:\n    pass"), "GaussianMixture is the library's"),
    "many places": (
        set_source(
            2,
            "import torch\nimport claims.texts\n"
            + "".join(f"from diffusion_lessons.a{n} import b\n" for n in range(6)),
        ),
        "imports from 7 places, at most 6: claims.texts, diffusion_lessons.a0",
    ),
    "more than imports": (set_source(2, "import torch\nx = torch.zeros(1)"), "imports alone"),
    "a red band": (set_source(2, "from tqdm import tqdm"), "from tqdm.auto import tqdm"),
    "no exercise": (set_source(4, "check"), "no exercise calls check"),
    "no answer": (set_source(3, "## Exercises\n\n**2. To investigate.** Which times?"), "how its answer is opened"),
    "an unknown answer": (
        set_source(3, '## Exercises\n\n**2. To investigate.** See `check("ten_times").solution(found)`.'),
        "ten_times is none of the answers",
    ),
    "no panel": (lambda notebook: notebook.cells[5].metadata.update(tags=[]), 'tagged "panel"'),
    "never run": (lambda notebook: notebook.cells[2].update(execution_count=None), "was never run"),
    "no alt text": (add_output(2, picture("")), "without alt text"),
    "no caption": (lambda notebook: notebook.cells[5].outputs.pop(), "without a caption"),
    "another caption": (
        lambda notebook: notebook.cells[5].outputs[1].data.update({"text/markdown": "Else."}),
        "caption",
    ),
    "an unseen picture": (set_source(2, "if True:\n    show(figure, words)"), "a picture that nobody sees"),
    "a picture passed over": (set_source(2, "show(figure, words)\nx = 1"), "a picture that nobody sees"),
    "an answer in the cell": (
        set_source(2, 'predict("How?", ["a", "b"], answer=1, why="So.")'),
        "a question in the cell",
    ),
    "an image without alt": (set_source(1, "## One step\n\n![](figure.png)"), "without alt text"),
    "an error": (add_output(2, new_output("error", ename="KeyError", evalue="x", traceback=[])), "stops with KeyError"),
    "a warning": (add_output(2, new_output("stream", name="stderr", text="deprecated")), "warns: deprecated"),
    "a bare True": (add_output(2, new_output("execute_result", {"text/plain": "True"})), "bare True"),
    "a dead widget": (
        add_output(2, new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})),
        "shows nothing without a kernel",
    ),
    "widget state": (lambda notebook: notebook.metadata.update(widgets={}), "state of its widgets"),
    "a dead link": (set_source(1, "## One step\n\n[there](nowhere.md)"), "links to nowhere.md"),
    "a dead anchor": (set_source(1, "## One step\n\n[there](#Nowhere)"), "links to #Nowhere"),
    "no references": (set_source(8, "## Further reading"), "fewer than two references"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_lesson_is_found(lesson, name):
    spoil, expected = SPOILED[name]
    spoil(lesson)
    assert expected in found(lesson)


def test_six_places_are_allowed(lesson):
    lines = ["import torch", "import diffusion_lessons as dl", "from diffusion_lessons import load"]
    lesson.cells[2].source = "\n".join(lines + [f"from diffusion_lessons.a{n} import b" for n in range(5)])
    assert found(lesson) == ""


def test_many_long_cells_are_too_many(lesson):
    lesson.cells[2:2] = [ran("x = 1\n" * 15) for _ in range(3)]
    assert "aim for 12" in found(lesson)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ({**COST, "seconds": 30.0}, "states 12 seconds and the build measured 30"),
        ({**COST, "memory_mb": 1500}, "GB and the build measured"),
        ({**COST, "download_mb": 5}, "no download"),
        (None, "no recorded budget"),
    ],
)
def test_a_budget_that_was_not_measured_is_found(lesson, cost, expected):
    assert expected in "; ".join(budget_problems(lesson, cost))


def test_text_may_change_without_a_run_and_code_may_not(lesson):
    changed = copy.deepcopy(lesson)
    changed.cells[1].source = "## Another text"
    changed.cells[2].outputs = []
    keep_outputs(changed, lesson)
    assert changed.cells[2].outputs == lesson.cells[2].outputs
    changed.cells[2].source = "print('the loss is 0.124')"
    with pytest.raises(Stale, match="a code cell changed"):
        keep_outputs(changed, lesson)


def test_normalising_keeps_tags_and_pictures_only(lesson):
    lesson.cells[5].outputs[0].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "a5f"}
    lesson.cells[5].metadata["execution"] = {"iopub.status.busy": "now"}
    lesson.metadata["widgets"] = {}
    normalise(lesson)
    assert lesson.cells[5].metadata == {"tags": ["panel"]}
    assert set(lesson.cells[5].outputs[0].data) == {"image/png", "text/plain"}
    assert set(lesson.metadata) == {"kernelspec", "language_info"}


def test_a_cell_of_imports_is_folded_and_no_other(lesson):
    lesson.cells[2].source = "import torch\nfrom diffusion_lessons import (\n    load,\n)"
    lesson.cells[4].source = "import math\nmath.pi"
    normalise(lesson)
    assert lesson.cells[2].metadata == {"jupyter": {"source_hidden": True}}
    assert lesson.cells[4].metadata == {}


def test_a_changed_source_is_out_of_step(tmp_path, monkeypatch):
    import build_notebooks

    (tmp_path / "04_x.py").write_text('# %% [markdown]\n# # 04 X\n\n# %% tags=["panel"]\nprint(1)\n')
    monkeypatch.setattr(build_notebooks, "SOURCES", tmp_path)
    monkeypatch.setattr(build_notebooks, "LESSONS", tmp_path)
    notebook = read_source(tmp_path / "04_x.py")
    assert content(notebook)[3] == ("code", "print(1)", ["panel"])
    normalise(notebook)
    (tmp_path / "04_x.ipynb").write_text(__import__("nbformat").writes(notebook))
    assert build_notebooks.in_step("04_x")
    (tmp_path / "04_x.py").write_text("# %% [markdown]\n# # 04 X\n\n# %%\nprint(1)\n")
    assert "not in step" in check("04_x")[0]


def test_a_picture_that_jupyterlab_does_not_show_is_not_attached(lesson):
    assert found(lesson) == ""
    lesson.cells[0].attachments = {"badge.png": {"image/png": ""}}
    assert found(lesson) == ""
    lesson.cells[0].attachments = {"badge.svg": {"image/svg+xml": ""}}
    assert found(lesson) == "JupyterLab does not show image/svg+xml in the text: attach badge.svg as PNG"

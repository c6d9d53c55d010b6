"""Notebooks as pages, on small made ones and on the lessons as they are."""

import base64
import re

import nbformat
import pytest

pytest.importorskip("ziamath", reason="the site's libraries are missing: pip install -e '.[site]'")

from website import lessons
from website.links import Site

LINK = re.compile(r"\]\([^)]*\)")  # which lead elsewhere on a page
PIXEL = base64.b64encode(b"a picture").decode()


def cell_of(*outputs, source="show()", **metadata):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata=metadata)


def picture(alt):
    described = {"image/png": {"alt": alt, "width": 320}} if alt else {}
    return nbformat.v4.new_output("display_data", {"image/png": PIXEL}, metadata=described)


def caption(words):
    return nbformat.v4.new_output("display_data", {"text/markdown": words, "text/html": f"<p>{words}</p>"})


def test_a_picture_and_its_caption_are_one_figure(tmp_path):
    made = list(lessons.outputs(cell_of(picture('A "seven"'), caption('A "seven"')), "04-001", tmp_path))
    assert len(made) == 1
    assert made[0].startswith("```{figure} pictures/04-001-0.png\n")
    assert r':alt: "A \"seven\""' in made[0] and made[0].count('A "seven"') == 1
    assert (tmp_path / "04-001-0.png").read_bytes() == b"a picture"


def test_words_that_are_no_caption_stay(tmp_path):
    made = list(lessons.outputs(cell_of(picture("A seven"), caption("Something else")), "x", tmp_path))
    assert len(made) == 2 and made[1] == "Something else"


def test_a_picture_without_words_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"has no words: the lesson's cell ends with show"):
        list(lessons.outputs(cell_of(picture("")), "x", tmp_path))


def test_printed_lines_that_hold_a_fence_stay_inside_their_own(tmp_path):
    printed = nbformat.v4.new_output("stream", name="stdout", text="```\nnot the end\n```")
    (made,) = lessons.outputs(cell_of(printed), "x", tmp_path)
    assert made.startswith("````{code-block} text") and made.endswith("\n````")


def test_tables_keep_no_style_of_their_own(tmp_path):
    table = nbformat.v4.new_output("execute_result", {"text/html": "<style scoped>td {}</style><table></table>"})
    (made,) = lessons.outputs(cell_of(table), "x", tmp_path)
    assert "<table>" in made and "<style" not in made


def test_a_question_answers_each_of_its_options_and_names_one_right():
    made = lessons.question("04.middle_state")
    assert made.count("<details>") == 3 and made.count("Yes.") == 1 and made.count("No.") == 2
    right = made.split("<details>")[1:]
    (answer,) = [option for option in right if "Yes." in option]
    assert "<summary>1.77</summary>" in answer


def test_folded_code_is_folded():
    folded = lessons.code(cell_of(source="import math", jupyter={"source_hidden": True}))
    assert folded.startswith("<details") and "<details" not in lessons.code(cell_of(source="import math"))


@pytest.mark.parametrize("name", lessons.names())
def test_a_lesson_loses_no_picture_and_no_text(name, tmp_path):
    lessons.write_lesson(Site(tmp_path), name)
    page = (tmp_path / f"lessons/{name}.md").read_text()
    notebook = nbformat.read(tmp_path / f"lessons/{name}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    stored = [output for output in outputs if "image/png" in output.get("data", {})]
    assert page.count("```{figure}") == len(stored) == len(list((tmp_path / "lessons/pictures").iterdir()))
    for output in stored:
        assert output.metadata["image/png"]["alt"] in page
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert LINK.sub("]", cell.source.splitlines()[0]) in LINK.sub("]", page)

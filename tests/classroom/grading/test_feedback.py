"""Feedback pages: for those who are graded in whole, and no others."""

import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom.course import ClassError
from diffusion_lessons.classroom.grading.feedback import feedback
from tests.classroom import graded


def pages(folder):
    return {path.parts[-3] for path in (folder / "feedback").glob("*/A1/A1.html")}


def test_only_what_is_graded_gets_a_page_and_the_rest_is_told(released, run):
    graded.grade(released, "ana", essay=3)
    graded.grade(released, "waits")
    graded.grade(released, "ended", essay=0)
    graded.record(released, "ended", trouble="grading failed: it was ended after 30 s")
    graded.grade(released, "killed", essay=0)
    (released / "graded/A1/killed.json").unlink()  # grading was killed after the graded copy was written
    graded.grade(released, "anew", essay=0).write_text("{}")  # handed in again, not graded again
    graded.submit(released, "late")
    for student in ("killed", "gone"):  # pages of an earlier run
        (released / "feedback" / student / "A1").mkdir(parents=True)
        (released / "feedback" / student / "A1/A1.html").write_text("old points")
    (released / "feedback/killed/A2").mkdir()
    result = run("feedback", "A1", "--course", released)
    assert result.exit_code == 0 and pages(released) == {"ana"} and (released / "feedback/killed/A2").exists()
    assert "1 essays are still to grade by hand, no page yet" in result.output and ": waits\n" in result.output
    assert "no page: anew, ended, killed, late\n" in result.output and "1 pages:" in result.output
    shown = (released / "feedback/ana/A1/A1.html").read_text()
    assert "24.0 / 25.0" in shown.replace("\n", "")
    again = feedback(released, "A1", anyway=True)
    assert pages(released) == {"ana", "waits"} == set(again.written) and again.waiting == ("waits",)


def test_where_nothing_is_graded_nothing_is_written(released):
    graded.submit(released, "ana")
    with pytest.raises(ClassError, match="no submission of A1 is graded: diffusion-lessons class grade A1"):
        feedback(released, "A1")

"""One set of marks: what a teacher changes in Formgrader counts wherever marks are shown."""

import csv

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Course

from diffusion_lessons.classroom.course import ClassError
from diffusion_lessons.classroom.grading import gradebook, report, whole_class
from diffusion_lessons.classroom.grading.gradebook import Marks, marks, stay_graded
from tests.classroom import graded


def test_corrections_and_extra_credit_count_in_the_report(released):
    graded.grade(released, "ana")
    assert report.rows(released, "A1")[0].total == 21
    graded.correct(released, "ana", "forward_test", manual_score=1.5)
    graded.correct(released, "ana", "ddpm_step_test", extra_credit=2.0)
    graded.correct(released, "ana", graded.ESSAY, manual_score=3.0, extra_credit=0.5, needs_manual_grade=False)
    (row,) = report.rows(released, "A1")
    assert (row.points["forward"], row.points["ddpm_step"], row.by_hand) == (1.5, 8.0, 3.5)
    assert row.total == marks(released, "A1")["ana"].total == 21 - 2.5 + 2 + 3.5 and not row.needs_hand
    with gradebook.opened(released) as book:
        assert row.total == book.find_submission("A1", "ana").score
    (line,) = csv.DictReader(report.save(released, "A1", [row]).read_text().splitlines())
    assert line["total"] == "24" and line["by hand"] == "3.5"


def test_a_penalty_for_handing_in_late_counts_and_marks_do_not_fall_below_zero(released):
    graded.grade(released, "ana", essay=1)
    with gradebook.opened(released) as book:
        book.find_submission("A1", "ana").notebooks[0].late_submission_penalty = 5.0
        book.db.commit()
    assert report.rows(released, "A1")[0].total == 21 + 1 - 5
    assert Marks({"a": 1.0}, penalty=3.0).total == 0 == report.Row("ana", {"a": 1.0}, penalty=3.0).total


def test_who_waits_for_a_person(released):
    graded.grade(released, "ana")
    graded.grade(released, "bo", essay=2)
    assert {name: found.waiting for name, found in marks(released, "A1").items()} == {"ana": (graded.ESSAY,), "bo": ()}
    assert marks(released, "A2") == {}


def test_grading_the_same_work_again_asks_nobody_to_look_again(released, monkeypatch):
    graded.grade(released, "ana", essay=2)
    graded.grade(released, "bo")
    before = marks(released, "A1")
    for name in before:  # what nbgrader does
        graded.correct(released, name, graded.ESSAY, needs_manual_grade=True)
        stay_graded(released, "A1", name, before[name])
    assert marks(released, "A1")["ana"].waiting == () and marks(released, "A1")["bo"].waiting == (graded.ESSAY,)


@pytest.mark.parametrize("changed", [False, True])
def test_a_new_version_is_looked_at_again(released, monkeypatch, changed):
    path = graded.grade(released, "ana", essay=2)
    if changed:
        path.write_text(path.read_text() + "\n")

    class Again:
        def autograde(self, assignment, student, force):
            graded.correct(released, student, graded.ESSAY, needs_manual_grade=True)
            return {"success": True}

    monkeypatch.setattr(whole_class, "api", lambda course, not_run: Again())
    whole_class.grade_one(str(released), "A1", "ana")
    assert bool(marks(released, "A1")["ana"].waiting) == changed


@pytest.mark.parametrize("damage", [b"garbage" * 100, b""])
def test_a_damaged_gradebook_is_named_with_what_to_do(released, damage):
    graded.grade(released, "ana")
    (released / "gradebook.db").write_bytes(damage)
    with pytest.raises(ClassError, match=r"gradebook\.db cannot be read \(.*put a copy of it back"):
        report.rows(released, "A1")


def test_a_copy_of_the_course_is_entered_once(released):
    """Two processes that each entered it would be one too many."""
    copy = released.rename(released.with_name("copy-of-the-course"))
    for _ in range(2):
        gradebook.enter_course(copy)
    with gradebook.opened(copy) as book:
        book.check_course("copy-of-the-course")  # nothing is left to enter
        assert {"copy-of-the-course", "released"} <= {course.id for course in book.db.query(Course)}

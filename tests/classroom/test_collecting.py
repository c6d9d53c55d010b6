"""Real inboxes: everybody who handed in something is in the course, or is told, and nobody stops the class."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom import course, submission
from diffusion_lessons.classroom.collecting import NOT_A_NAME, collect
from diffusion_lessons.classroom.course import ClassError
from diffusion_lessons.classroom.grading import whole_class
from tests.classroom import graded
from tests.classroom.inboxes import MOODLE, changed, fill, packed, without_marks


@pytest.fixture
def a1(released):
    return (released / "release/A1/A1.ipynb").read_bytes()


@pytest.fixture
def inbox(tmp_path):
    return lambda files: fill(tmp_path / "inbox", files)


def left_out(done):
    return dict(done.left_out)


def stored(folder, student, assignment="A1"):
    return (folder / "submitted" / student / assignment / f"{assignment}.ipynb").read_bytes()


def test_the_class_of_the_manual(released, a1, inbox, run):
    """Names, archives, links, other files: all in one inbox."""
    a4 = (released / "source/A4/A4.ipynb").read_bytes()
    place = inbox(
        {
            "ana.ipynb": a1,
            "Jörg Müller.zip": packed({"A1.ipynb": a1}),
            "O'Brien/work.ipynb": a1,
            "李雷/A1.ipynb": a1,
            "wrong.ipynb": a4,
            "lost.ipynb": without_marks(a1),
            "pdf/A1.pdf": b"%PDF",
            "broken.ipynb": b"{ this is",
            "lesson.ipynb": json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}).encode(),
            "A1 (2).ipynb": a1,
            "data.csv": b"1,2",
        }
    )
    (place / "eve.ipynb").symlink_to("ana.ipynb")
    (place / "eva").mkdir()
    (place / "eva/A1.ipynb").symlink_to(released / "source/A1/A1.ipynb")
    result = run("collect", "A1", place, "--course", released)
    assert result.exit_code == 0, result.exception
    assert set(whole_class.submissions(released, "A1")) == {"ana", "Jörg-Müller", "O-Brien", "李雷", "lost"}
    for line in (
        "Jörg Müller -> Jörg-Müller",
        "O'Brien -> O-Brien",
        "lost: its cells have lost their marks",
        "wrong.ipynb: this is A4, not A1; ask for A1",
        "pdf/A1.pdf: no notebook",
        "broken.ipynb: it is damaged",
        "lesson.ipynb: nothing in it is of A1",
        "A1 (2).ipynb: the name of a file, not of a student",
        "eve.ipynb: a link",
        "eva/A1.ipynb: a link",
        "5 submissions of A1, 8 files left out. Next: diffusion-lessons class grade A1",
    ):
        assert line in result.output
    assert "Jörg-Müller,Jörg Müller," in (released / "students.csv").read_text(encoding="utf-8")


def test_the_later_of_several_counts_and_the_others_are_told(released, a1, inbox):
    place = inbox({"ana/A1.ipynb": changed(a1, v="1"), "ana/A1-Copy1.ipynb": changed(a1, v="2"), "bo.ipynb": a1})
    os.utime(place / "ana/A1.ipynb", (2e9, 2e9))
    done = collect(released, "A1", place)
    assert stored(released, "ana") == changed(a1, v="1") and done.students == ["ana", "bo"]
    assert left_out(done) == {"ana/A1-Copy1.ipynb": "ana handed in several; ana/A1.ipynb was taken"}


def test_a_file_named_after_any_assignment_is_no_student(released, a1, inbox):
    files = [
        "A2.ipynb",
        "A1-Copy1.ipynb",
        "A1_final.ipynb",
        "a1-final (2).ipynb",
        "A1_v2.ipynb",
        "A1 solution new.ipynb",
    ]
    people = ["A1_ana.ipynb", "A1_v.newman.ipynb", "bo.ipynb"]
    done = collect(released, "A1", inbox(dict.fromkeys([*files, *people], a1)))
    assert done.students == ["A1_ana", "A1_v.newman", "bo"]
    assert left_out(done) == dict.fromkeys(files, NOT_A_NAME)


def test_of_the_same_time_the_higher_number_counts(released, a1, tmp_path):
    names = ["smithana_12_4711_A1.ipynb", "smithana_12_4712_A1-1.ipynb", "smithana_LATE_12_4713_A1-10.ipynb"]
    place = fill(tmp_path / "inbox", {name: changed(a1, v=name) for name in names})
    for name in names:
        os.utime(place / name, (1e9, 1e9))
    done = collect(released, "A1", place)
    assert stored(released, "smithana") == changed(a1, v=names[2])
    assert ("smithana", "marked as late by the platform") in done.notes and len(done.left_out) == 2


def test_a_notebook_of_the_assignment_comes_before_a_later_one_without_marks(released, a1, inbox):
    place = inbox({"ana/old.ipynb": a1, "ana/new.ipynb": without_marks(a1)})
    os.utime(place / "ana/old.ipynb", (1e9, 1e9))
    collect(released, "A1", place)
    assert stored(released, "ana") == a1


def test_handing_in_again_replaces_and_is_told_and_the_same_is_not(released, a1, inbox):
    place = inbox({"ana.ipynb": a1, "bo.ipynb": a1})
    assert collect(released, "A1", place).replaced == []
    assert collect(released, "A1", place).replaced == []
    graded.record(released, "ana")
    inbox({"ana.ipynb": changed(a1, v="2"), "bo.ipynb": b"{"})
    done = collect(released, "A1", place)
    assert done.replaced == done.students == ["ana"] and stored(released, "bo") == a1
    assert "ana" in whole_class.waiting(released, "A1")  # its record is of what was there before


def test_namesakes_are_told_apart(released, a1, inbox):
    other = "Jörg Müller_4712_assignsubmission_file/A1.ipynb"
    done = collect(released, "A1", inbox({f"{MOODLE}/A1.ipynb": changed(a1, v="1"), other: changed(a1, v="2")}))
    assert done.students == ["Jörg-Müller-4711", "Jörg-Müller-4712"]
    assert stored(released, "Jörg-Müller-4712") == changed(a1, v="2")
    assert done.names["Jörg Müller (4711)"] == "Jörg-Müller-4711"


def test_every_assignment_is_recognised_with_and_without_its_marks(released):
    names = course.assignments(released)
    for name in names:
        notebook, _ = submission.parse((released / f"source/{name}/{name}.ipynb").read_bytes())
        bare, _ = submission.parse(without_marks((released / f"source/{name}/{name}.ipynb").read_bytes()))
        assert submission.judge(notebook, released, name, names) == ""
        assert "lost their marks" in submission.judge(bare, released, name, names)
        for other in set(names) - {name}:
            for each in (notebook, bare):
                with pytest.raises(submission.Unreadable, match=f"this is {name}, not {other}"):
                    submission.judge(each, released, other, names)


def test_an_essay_that_is_gone_is_told(released, a1, inbox):
    content = json.loads(a1)
    content["cells"] = [cell for cell in content["cells"] if "a1_explain" not in json.dumps(cell["metadata"])]
    done = collect(released, "A1", inbox({"ana.ipynb": json.dumps(content).encode()}))
    assert [student for student, note in done.notes if "the cell of the essay is gone" in note] == ["ana"]


@pytest.mark.parametrize("files", [{}, {"ana.ipynb": b"{"}, {"A1.ipynb": b"{}"}])
def test_an_inbox_without_any_is_refused_and_nothing_is_written(released, inbox, tmp_path, files):
    (tmp_path / "inbox").mkdir()
    with pytest.raises(ClassError, match=r"no notebooks of A1 in .*; expected NAME\.ipynb, NAME/A1\.ipynb"):
        collect(released, "A1", inbox(files))
    assert not (released / "submitted").exists() and not (released / "students.csv").exists()


def test_collecting_waits_for_no_heavy_import():
    code = "import sys, diffusion_lessons.classroom.collecting; print({'torch', 'nbgrader'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_a_student_with_very_many_notebooks_is_one_line(released, a1, inbox):
    place = inbox({"bo.ipynb": a1, **{f"ana/{number}.ipynb": b"{" for number in range(100)}, "ana/200.ipynb": a1})
    for number in (*range(100), 200):
        os.utime(place / f"ana/{number}.ipynb", (1e9, 1e9))
    done = collect(released, "A1", place)
    assert done.students == ["ana", "bo"] and len(done.left_out) == 20
    assert done.left_out[0][1] == "ana handed in 101; the latest 20 were looked at"


def test_a_name_of_many_signs_is_read_in_no_time_that_grows_with_them(released, a1, inbox):
    """Nested repetition would try every way to divide them, which are 2^39 for forty digits."""
    name = f"A1{'1' * 40}x"
    assert collect(released, "A1", inbox({f"{name}.ipynb": a1})).students == [name]

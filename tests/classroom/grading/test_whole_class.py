"""Which submissions are graded, without grading any."""

import json
import time

import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom.course import ClassError
from diffusion_lessons.classroom.grading import report, whole_class
from tests.classroom import graded


def test_parts_share_the_class(folder, run):
    for student in "abcdefg":
        path = folder / "submitted" / student / "A1" / "A1.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    names = list(whole_class.submissions(folder, "A1"))
    parts = [names[k - 1 :: 3] for k in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == names
    for student in names:  # all are graded: no part has anything to do
        checksum = whole_class._checksum(folder, "A1", folder / "submitted" / student / "A1" / "A1.ipynb")
        record = {"student": student, "checksum": checksum, "seconds": 1.0, "trouble": ""}
        (folder / "graded/A1").mkdir(parents=True, exist_ok=True)
        (folder / f"graded/A1/{student}.json").write_text(json.dumps(record))
    (folder / "release" / "A1").mkdir(parents=True)
    assert run("grade", "A1", "--course", folder, "--part", "2/3").output == "nothing new to grade\n"
    (folder / "submitted/b/A1/A1.ipynb").write_text("{ }")
    assert not whole_class.is_graded(folder, "A1", "b", folder / "submitted/b/A1/A1.ipynb")


def test_a_part_in_another_form_is_refused(folder, run):
    assert "k/n" in str(run("grade", "A1", "--course", folder, "--part", "two").exception)


def stuck(course, assignment, student):
    """Stands for grade_one: one submission hangs after its graded copy was begun."""
    if student == "a":
        time.sleep(600)
    return whole_class.GradingRecord(student, "checksum", 1.0)


def stuck_again(course, assignment, reasons, student):
    raise ValueError(reasons[student])


def values_alone(course, assignment, reasons, student):
    return whole_class.GradingRecord(student, reasons[student], 1.0)


def test_a_submission_that_hangs_is_graded_by_its_values(folder, monkeypatch):
    monkeypatch.setattr(whole_class, "grade_one", stuck)
    monkeypatch.setattr(whole_class, "grade_values", values_alone)
    monkeypatch.setattr(whole_class, "deadline", lambda course: 30)
    graded = list(whole_class.grade(folder, "A1", ["a", "b"], processes=2))
    assert [(record.student, record.checksum) for record in graded] == [
        ("b", "checksum"),
        ("a", "it was ended after 30 s"),
    ]


def test_a_submission_that_hangs_stops_nobody_and_is_told(folder, monkeypatch):
    for student in "ab":
        for path in (folder / "submitted" / student / "A1", folder / "autograded" / student / "A1"):
            path.mkdir(parents=True)
            (path / "A1.ipynb").write_text("{}")
    (folder / "release" / "A1").mkdir(parents=True)
    monkeypatch.setattr(whole_class, "grade_one", stuck)
    monkeypatch.setattr(whole_class, "deadline", lambda course: 30)
    monkeypatch.setattr(whole_class, "grade_values", stuck_again)
    told = {record.student: record.trouble for record in whole_class.grade(folder, "A1", ["a", "b"], processes=2)}
    assert told == {"a": "grading failed: ValueError: it was ended after 30 s", "b": ""}
    assert {name: record.trouble for name, record in whole_class.records(folder, "A1").items()} == told
    assert not (folder / "autograded/a/A1").exists() and (folder / "autograded/b/A1").exists()
    submission = folder / "submitted/a/A1/A1.ipynb"
    assert not whole_class.is_graded(folder, "A1", "a", submission)  # a later run tries it again


def test_the_deadline_follows_from_the_limits(folder):
    (folder / "limits.json").write_text(json.dumps({"notebook_seconds": 100, "cell_seconds": 7}))
    assert whole_class.deadline(folder) == 207 + whole_class.SPARE_SECONDS


@pytest.mark.parametrize("text", ["{", "[1]", '{"cpu_secods": 7}', '{"memory_mb": "4 GB"}', '{"processes": 0}'])
def test_limits_that_are_none_are_refused_in_one_line(folder, text):
    (folder / "limits.json").write_text(text)
    with pytest.raises(ClassError, match="limits.json: .*(expected whole numbers from 1 for cell_seconds|mend it)"):
        whole_class.deadline(folder)


def test_a_file_that_is_no_notebook_is_told_in_plain_words(released):
    path = released / "submitted/ana/A1/A1.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("<html>")
    trouble = whole_class.grade_one(str(released), "A1", "ana").trouble
    assert trouble == "a web page, and no notebook; ask for the notebook again"


def test_the_last_error_of_a_log_is_the_reason():
    log = "  raise ValidationError(msg) from None\nx.y.ValidationError: first\n\ntext\nOSError: the disk is full\nmore"
    assert whole_class._reason({"log": log, "error": None}) == "OSError: the disk is full"
    pointing = "IntegrityError: it is there\nx.NbGraderException: see the above traceback"
    assert whole_class._reason({"log": pointing, "error": None}) == "IntegrityError: it is there"
    assert whole_class._reason({"log": "", "error": None}) == "no reason given"
    assert whole_class._reason({"log": "one\ntwo", "error": None}) == "two"


LOG = """[INFO] Converting notebook A1.ipynb
[ERROR] There was an error processing assignment: submitted/ana/A1
[ERROR] Traceback (most recent call last):
      File "nbconvert/exporters/exporter.py", line 322, in _validate_preprocessor
        nbformat.validate(notebook, relax_add_props=True)
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      File "nbformat/validator.py", line 486, in _validate
        raise error
    nbformat.validator.NotebookValidationError: 'name' is a required property
~
    On instance['cells'][3]:
    ValueError: what a student wrote
~
[ERROR] Please see the the above traceback for details on the specific errors on the above failures.
""".replace("~", "    ")  # as the log ends an empty line of its traceback
POINTING = """Traceback (most recent call last):
  File "nbgrader/converters/base.py", line 468, in convert_notebooks
    raise NbGraderException(msg)
nbgrader.converters.base.NbGraderException: Please see the the above traceback for details
"""


def test_the_reason_is_the_error_that_ends_the_indented_traceback_of_the_log():
    told = "nbformat.validator.NotebookValidationError: 'name' is a required property"
    assert whole_class._reason({"log": LOG, "error": POINTING}) == told
    assert (
        whole_class._reason({"log": "    OSError: the disk is full", "error": POINTING}) == "OSError: the disk is full"
    )
    assert "NbGraderException" in whole_class._reason({"log": "", "error": POINTING})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"student": "ana"}', '{"student": "ana", "x": 1}', "\x00"])
def test_a_damaged_record_is_no_record(released, text):
    graded.grade(released, "ana")
    assert whole_class.waiting(released, "A1") == []
    (released / "graded/A1/ana.json").write_text(text)
    assert whole_class.records(released, "A1") == {} and whole_class.waiting(released, "A1") == ["ana"]
    assert [row.trouble for row in report.rows(released, "A1")] == [report.NOT_GRADED]


def test_a_gradebook_that_was_replaced_is_told(released):
    graded.grade(released, "ana")
    (released / "gradebook.db").unlink()
    assert [row.trouble for row in report.rows(released, "A1")] == [report.NOT_IN_GRADEBOOK]


def test_a_copy_of_the_course_is_entered_before_its_processes_start(released, monkeypatch):
    entered = []
    monkeypatch.setattr(whole_class, "enter_course", entered.append)
    monkeypatch.setattr(whole_class, "outcomes", lambda *_, **__: [])
    assert list(whole_class.grade(released, "A1", ["ana"])) == [] and entered == [released]

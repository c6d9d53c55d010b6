"""Graded submissions without a run: what grading leaves behind, for tests of what is made from it."""

import json
from dataclasses import asdict

import nbformat
from nbformat.v4 import new_output

from diffusion_lessons.classroom.grading import gradebook, whole_class
from diffusion_lessons.classroom.submission import FLAG

ESSAY = "a1_explain"


def submit(folder, student, assignment="A1"):
    """Hand in the released notebook; its path."""
    path = folder / "submitted" / student / assignment / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True)
    notebook = nbformat.read(folder / "release" / assignment / f"{assignment}.ipynb", 4)
    nbformat.write(notebook, path)
    return path


def grade(folder, student, *, essay=None, assignment="A1"):
    """Full points for every test of a submission; the essay waits unless it has points (0 is a mark, too)."""
    path = submit(folder, student, assignment)
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        marked = cell.metadata.get("nbgrader", {})
        if marked.get("grade") and cell.cell_type == "code":
            flag = {"check": marked["grade_id"].removesuffix("_test"), "mistake": None}
            shown = {"text/plain": f"{marked['points']:g}"}
            cell.outputs = [new_output("execute_result", shown, metadata={FLAG: flag}, execution_count=1)]
    graded = folder / "autograded" / student / assignment / f"{assignment}.ipynb"
    graded.parent.mkdir(parents=True)
    nbformat.write(notebook, graded)
    with gradebook.opened(folder) as book:
        book.update_or_create_student(student)
        for mark in book.add_submission(assignment, student).notebooks[0].grades:
            waits = mark.name == ESSAY
            mark.auto_score = None if waits else mark.max_score
            mark.manual_score = essay if waits else None
            mark.needs_manual_grade = waits and essay is None
        book.db.commit()
    record(folder, student, assignment)
    return path


def record(folder, student, assignment="A1", trouble=""):
    checksum = whole_class._checksum(folder, assignment, whole_class.submissions(folder, assignment)[student])
    target = folder / "graded" / assignment / f"{student}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(asdict(whole_class.GradingRecord(student, checksum, 1.0, trouble))))


def correct(folder, student, name, assignment="A1", **fields):
    """Change a mark as Formgrader does."""
    with gradebook.opened(folder) as book:
        grade = book.find_grade(name, assignment, assignment, student)
        for field, value in fields.items():
            setattr(grade, field, value)
        book.db.commit()

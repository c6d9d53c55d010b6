"""From a clone to graded feedback, with a class of made submissions: what arrives, and what it earns."""

import csv
import json
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom import course
from diffusion_lessons.classroom.collecting import collect
from diffusion_lessons.classroom.grading import report, whole_class
from diffusion_lessons.classroom.grading.feedback import feedback
from diffusion_lessons.classroom.sandbox.sandbox import bubblewrap
from tests.classroom import made_class
from tests.classroom.made_class import FULL, POINTS, Maker, before, find

pytestmark = pytest.mark.timeout(1500)  # ten submissions are graded before the first test
SANDBOX = bubblewrap() is not None
EXPECTED = {
    "right": FULL,
    "stub": 0,
    "wrong": FULL - 5 - 4 - 5,
    "syntax": FULL - 5,
    "loop": FULL - 5,
    "endless-cell": 3,  # what stands before it
    "deleted": FULL - 4,  # two tests, which are put back, and a solution
    "edited": FULL - 5,
    "patched": FULL - 5,
    "wrapped": FULL - 5,
    "taken": FULL - 3 - 5,
}
PARTS, TWICE = ("part-1", "part-2"), {"right", "stub", "wrong"}  # graded once more, on two "machines"
CUT_SHORT = {"loop": "CPU time", "endless-cell": "CPU time", "burst": "processes"}
if SANDBOX:  # without it these would be let loose on this machine
    EXPECTED |= {"looks-around": FULL, "burst": 3}


def wrong(notebook):
    find(notebook, "ddim_step").source = made_class.FORGOT_DIRECTION
    find(notebook, "strided_times").source = made_class.STEPS_OF_FLOOR
    find(notebook, "ddim_eta_step").source = made_class.DIRECTION_NOT_SHORTENED


def syntax(notebook):
    find(notebook, "ddim_step").source = "def ddim_step(x, eps\n    return x"


def loop(notebook):
    find(notebook, "ddim_step").source = made_class.ENDLESS


def endless_cell(notebook):
    before(notebook, "ddim_step", made_class.ENDLESS_CELL)


def wrapped(notebook):
    find(notebook, "ddim_step").source = made_class.WRAPPED


def taken(notebook):
    find(notebook, "by_hand").source = made_class.TAKEN
    find(notebook, "ddim_step").source = made_class.TAKEN_STEP


def deleted(notebook):
    gone = ("ddim_step_test", "ddim_std_test", "strided_times")
    notebook.cells = [cell for cell in notebook.cells if made_class.name(cell) not in gone]


def edited(notebook):
    find(notebook, "ddim_step").source = made_class.FORGOT_DIRECTION
    test = find(notebook, "ddim_step_test")
    test.source = "pass  # all is well"
    test.metadata.nbgrader.points = 100
    test.metadata.nbgrader.solution = True
    test.metadata.nbgrader.locked = False


def patched(notebook):
    find(notebook, "ddim_step").source = "def ddim_step(*args):\n    return args[0]"
    before(notebook, "ddim_step", made_class.PATCHED)


def burst(notebook):
    before(notebook, "ddim_step", made_class.BURST)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course after grading, the records of the grading, and the folder of submissions."""
    root = tmp_path_factory.mktemp("class")
    folder, handed_in = root / "course", root / "handed-in"
    handed_in.mkdir()
    assert course.new(folder) == ["A1", "A2", "A3", "A4", "A5"]
    limits = json.loads((folder / "limits.json").read_text())
    limits |= {"processes": 40, "cpu_seconds": 25, "cell_seconds": 300, "notebook_seconds": 600}
    (folder / "limits.json").write_text(json.dumps(limits))
    course.release(folder, "A2")
    maker = Maker(folder, handed_in)
    for student in EXPECTED:
        notebook = maker.solved(student)
        change = globals().get(student.replace("-", "_"))
        if student == "stub":
            notebook = nbformat.read(maker.release, 4)
            notebook.cells = [cell for cell in notebook.cells if "plt.subplots" not in cell.source]
        elif student == "looks-around":
            listener = socket.create_server(("127.0.0.1", 0))
            (root / "victim.txt").write_text("unharmed")
            details = {"course": str(folder), "port": listener.getsockname()[1], "victim": str(root / "victim.txt")}
            code = made_class.LOOKS_AROUND.format(**details)
            find(notebook, "ddim_step").source = code + find(notebook, "ddim_step").source + made_class.UNLESS_FOUND
        elif change:
            change(notebook)
        maker.write(student, notebook)
    (handed_in / "damaged.ipynb").write_text("{ this is no notebook")
    collected = collect(folder, "A2", handed_in)
    assert set(collected.students) == set(EXPECTED) and len(collected.left_out) == 1
    broken = folder / "submitted/broken/A2/A2.ipynb"  # as a tool of somebody else's may put it there
    broken.parent.mkdir(parents=True)
    shutil.copyfile(handed_in / "damaged.ipynb", broken)
    for part in PARTS:
        shutil.copytree(folder, root / part, ignore=shutil.ignore_patterns(*EXPECTED.keys() - TWICE, "broken"))
    secret_before = (folder / "secret.txt").read_text()
    graded_now = list(whole_class.grade(folder, "A2", whole_class.waiting(folder, "A2"), processes=2))
    assert (folder / "secret.txt").read_text() == secret_before
    return folder, {record.student: record for record in graded_now}, root


@pytest.fixture(scope="module")
def rows(graded):
    return {row.student: row for row in report.rows(graded[0], "A2")}


@pytest.mark.parametrize("student", EXPECTED)
def test_each_submission_gets_its_points(rows, student):
    assert bool(rows[student].trouble) == (student in CUT_SHORT), rows[student]
    assert CUT_SHORT.get(student, "") in rows[student].trouble
    assert rows[student].total == pytest.approx(EXPECTED[student], abs=0.01), rows[student]


def test_one_broken_submission_stops_nobody_and_is_reported(graded, rows):
    assert graded[1]["broken"].trouble and rows["broken"].trouble
    assert {name for name, record in graded[1].items() if record.trouble} == {"broken"}


def test_known_mistakes_are_named(graded, rows):
    assert rows["wrong"].mistakes == {
        "ddim_step": "direction term forgotten",
        "strided_times": "steps of T // steps, from T",
        "ddim_eta_step": "direction not shortened",
    }
    mistakes = report.common_mistakes(list(rows.values()))
    assert mistakes[0] == ("ddim_step", "direction term forgotten", 2)  # wrong and edited


def test_an_answered_question_waits_for_a_person_an_empty_one_does_not(rows):
    assert rows["right"].needs_hand and not rows["stub"].needs_hand


def test_the_gradebook_agrees(graded):
    found = {row["student"]: row for row in course.api(graded[0]).get_submissions("A2")}
    for student, points in EXPECTED.items():
        assert found[student]["score"] == pytest.approx(points, abs=0.01)
        assert found[student]["max_score"] == FULL + 4


def test_what_was_graded_is_not_graded_again(graded):
    folder, handed_in = graded[0], graded[2] / "handed-in"
    (folder / "submitted" / "broken" / "A2" / "A2.ipynb").unlink()
    assert whole_class.waiting(folder, "A2") == []
    assert whole_class.records(folder, "A2")["right"].seconds > 0
    assert (handed_in / "right.ipynb").exists()


def test_reaching_for_the_solutions_is_worth_a_look(rows):
    assert rows["patched"].look and rows["taken"].look and not rows["right"].look


@pytest.mark.skipif(not SANDBOX, reason="bubblewrap cannot start on this machine")
def test_nothing_of_the_course_can_be_found_where_the_notebook_runs(graded):
    notebook = nbformat.read(graded[0] / "autograded/looks-around/A2/A2.ipynb", 4)
    assert "found []" in nbformat.writes(notebook)


def test_two_parts_on_two_machines_are_one_class(graded, rows):
    """As a job array does it: one command for each part, at the same time, each in its own copy of the course."""
    root = graded[2]
    program = Path(sys.executable).with_name("diffusion-lessons")
    job = f"{shlex.quote(str(program))} class grade A2 --course part-$0 --part $0/2 --processes 1"
    subprocess.run(["xargs", "-P2", "-n1", "sh", "-c", job], input="1 2", text=True, cwd=root, check=True)
    graded_by = [set(whole_class.records(root / part, "A2")) for part in PARTS]
    assert sorted(map(len, graded_by)) == [1, 2] and set.union(*graded_by) == TWICE
    assert report.joined([root / part for part in PARTS], "A2") == [rows[student] for student in sorted(TWICE)]


def test_report_is_a_table(graded, rows):
    path = report.save(graded[0], "A2", list(rows.values()))
    table = {line["student"]: line for line in csv.DictReader(path.read_text().splitlines())}
    assert table["right"]["total"] == f"{FULL}" and table["right"]["still to grade by hand"] == "yes"
    assert set(POINTS) <= set(table["right"])


def test_feedback_shows_the_hint(graded):
    pages = feedback(graded[0], "A2", anyway=True)
    assert "broken" not in pages.written and "wrong" in pages.waiting
    page = (pages.folder / "wrong" / "A2" / "A2.html").read_text()
    assert "direction term forgotten" in page and "lesson 04" in page


def test_the_machine_is_unharmed(graded):
    assert not [
        child for child in psutil.Process().children(recursive=True) if "ipykernel" in " ".join(child.cmdline())
    ]
    if SANDBOX:
        assert (graded[2] / "victim.txt").read_text() == "unharmed"


@pytest.mark.skipif(SANDBOX, reason="bubblewrap works here: submissions are sandboxed")
def test_without_bubblewrap_a_warning_says_what_is_not_protected(graded):
    with pytest.warns(UserWarning, match="bubblewrap .* cannot start here"):
        list(whole_class.grade(graded[0], "A2", ["stub"]))

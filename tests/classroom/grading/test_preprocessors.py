"""The judge alone: which values earn which points, and what happens to values from a process that lies."""

import json

import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError

pytest.importorskip("nbgrader")

from diffusion_lessons.checks import EXERCISES, collect, exercise, inputs, variant
from diffusion_lessons.checks.portable.answers import LONGEST, ask, encode
from diffusion_lessons.classroom.grading.preprocessors import (
    ENDED_BY_ITSELF,
    NO_ANSWERS,
    NOT_FOUND,
    Execute,
    RestoreTests,
    SandboxedExecute,
    Who,
    _outputs,
    verdict,
)
from diffusion_lessons.classroom.sandbox.answers import Question, Sent
from diffusion_lessons.classroom.submission import CUT_SHORT

CELL = nbformat.v4.new_code_cell("")


def judged(name, seed, answers, most=5.0):
    """Points, words and flag of what a process sent in answer to a test."""
    return verdict(CELL, most, Question(0, name, seed), Sent(answers))


def sent(name, function, seed):
    return encode(collect(exercise(name), function, seed))


def test_right_values_earn_all_points():
    text = sent("ddim_step", EXERCISES["ddim_step"].solution, 77)
    points, words, flag = judged("ddim_step", 77, text, 5.0)
    assert points == 5.0 and "right" in words
    assert flag == {"check": "ddim_step", "mistake": None, "written": True}


def test_a_part_earns_its_share_and_the_mistake_is_flagged():
    mistake = next(m for m in EXERCISES["ddpm_step"].mistakes if m.name == "noise on the last step")
    points, words, flag = judged("ddpm_step", 5, sent("ddpm_step", mistake.function, 5), 6.0)
    assert points == 4.0
    assert flag["mistake"] == "noise on the last step" and mistake.hint in words


def test_values_for_other_inputs_earn_nothing():
    """What a replayed visible check, or a hard-wired answer, would send."""
    text = sent("ddim_step", EXERCISES["ddim_step"].solution, 0)
    assert judged("ddim_step", 77, text, 5.0)[0] == 0


def test_no_values_no_points():
    points, words, flag = verdict(CELL, 5.0, Question(0, "guide", 3), Sent(None, "NameError: x"))
    assert points == 0 and words.startswith(NO_ANSWERS) and "NameError: x" in words and not flag["written"]


def test_own_numbers_are_those_of_the_name_under_which_it_was_handed_in():
    solve = EXERCISES["by_hand"].solution
    text = encode(ask(solve(*inputs("by_hand", variant("ana")).values()), exercise("by_hand").cases(0)))
    assert judged("by_hand", variant("ana"), text, 3.0)[0] == 3
    assert judged("by_hand", variant("bo"), text, 3.0)[0] == 0


@pytest.mark.parametrize(
    "handed_in_as, typed, points",
    [
        (("ana-smith", "Ana Smith"), "Ana Smith", 3),
        (("smithana", "smithana"), "Ana Smith", 3),
        (("Ana-Smith-4711", "Ana Smith"), "Ana Smith", 3),
        (("s4711", "s4711"), "S4711", 3),
        (("s4711", "s4711"), "Ana Smith", 0),
        (("eve", "eve"), "Ana Smith", 0),
    ],
)
def test_own_numbers_go_with_the_name_however_it_is_written(handed_in_as, typed, points):
    """What a platform makes of a name earns; another name is told, and named, in place of a mistake of method."""
    who = Who(*handed_in_as, (typed,))
    solved = EXERCISES["by_hand"].solution(*inputs("by_hand", variant(typed)).values())
    text = encode(ask(solved, exercise("by_hand").cases(0)))
    question = Question(0, "by_hand", variant(who.name), own=True)
    earned, words, flag = verdict(CELL, 3.0, question, Sent(text), who)
    assert earned == points
    if not points:
        assert f"the numbers of the name {typed!r}, but the work was handed in under {who.name!r}" in words
        assert flag["mistake"] == "of another name"


ESSAY = "a1_explain"


@pytest.fixture
def restored(released):
    """restored(change): the cells of a submission to A1 after its marks were put back."""

    def put_back(change):
        notebook = nbformat.read(released / "release/A1/A1.ipynb", 4)
        change(notebook)
        about = {"db_url": f"sqlite:///{released / 'gradebook.db'}", "notebook": "A1", "assignment": "A1"}
        RestoreTests(course=str(released)).preprocess(notebook, {"nbgrader": about})
        return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}

    return put_back


def answer(notebook, text="My own words."):
    essay = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == ESSAY)
    essay.source = text
    return essay


def drop_marks(notebook):
    answer(notebook)
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()


def drop_marks_and_ids(notebook):
    drop_marks(notebook)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"new-{number}"


def drop_the_essay(notebook):
    notebook.cells.remove(answer(notebook))


def empty(notebook):
    answer(notebook, " \n")


def forge(notebook):
    for cell, marks in zip(notebook.cells, ("x", ["y"], {"grade_id": ["z"]}, {"grade_id": {}}, 7), strict=False):
        cell.metadata["nbgrader"] = marks


@pytest.mark.parametrize(
    "change, essay",
    [
        (drop_marks, "My own words."),
        (drop_marks_and_ids, "My own words."),
        (drop_the_essay, NOT_FOUND),
        (empty, "*Your answer here.*"),
        (forge, "*Your answer here.*"),
    ],
)
def test_every_mark_is_put_back_and_the_essay_is_found(restored, change, essay):
    cells = restored(change)
    assert {name for name, cell in cells.items() if cell.metadata.nbgrader.grade} == {
        *(f"{name}_test" for name in ("alpha_bar", "forward", "predict_x0", "training_loss", "ddpm_step")),
        ESSAY,
    }
    assert cells[ESSAY].source == essay and cells[ESSAY].metadata.nbgrader.points == 4


LIES = {
    "no json": "{",
    "not text": 5,
    "another form": json.dumps({"points": 100}),
    "a list of numbers": json.dumps([1, 2]),
    "unknown fields": json.dumps([[{"points": 5}]]),
    "deep": "[" * 200_000,
    "deep values": json.dumps([[{"value": json.loads("[" * 50 + "]" * 50), "error": None}]]),
    "long": "x" * (LONGEST + 1),
    "nothing": json.dumps([]),
    "true": json.dumps([[{"value": True, "error": None}] * 2] * 4),
}


@pytest.mark.parametrize("lie", LIES)
def test_values_in_another_form_earn_nothing_and_break_nothing(lie):
    points, words, _ = judged("guide", 3, LIES[lie])
    assert points == 0 and words


def test_a_teachers_own_test_cell_counts_as_nbgrader_counts_it():
    cell = nbformat.v4.new_code_cell("assert True")
    assert verdict(cell, 2.0, None, Sent())[0] == 2.0
    cell.outputs = [nbformat.v4.new_output("error", ename="AssertionError", evalue="", traceback=[])]
    assert verdict(cell, 2.0, None, Sent())[0] == 0.0


TIMEOUT = CellTimeoutError("A cell timed out while it was being executed, after 7 seconds.\nThe message was: ...")


@pytest.mark.parametrize(
    "error, found, reason",
    [
        (DeadKernelError("Kernel died"), "it used up its CPU time", "it used up its CPU time"),
        (DeadKernelError("Kernel died"), None, ENDED_BY_ITSELF),
        (TIMEOUT, None, "a cell took more than the 7 s that it may"),
        (TIMEOUT, "5000 MB of memory", "5000 MB of memory"),
        (TimeoutError("\x1b[2J"), None, "\N{REPLACEMENT CHARACTER}[2J"),
    ],
)
def test_why_a_run_ended_is_kept(monkeypatch, error, found, reason):
    """The kernel's manager is gone when nbclient's error arrives; what the watch said is not."""

    def ended(execute, *arguments):
        assert execute.kernel_manager_class.watched is execute._watched
        execute.km, execute._watched._found = None, found
        raise error

    monkeypatch.setattr(Execute, "preprocess", ended)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x")])
    SandboxedExecute(limits={"cell_seconds": 7}).preprocess(notebook)
    assert notebook.metadata[CUT_SHORT] == reason


def test_a_notebook_that_is_not_to_run_does_not(monkeypatch):
    monkeypatch.setattr(Execute, "preprocess", lambda *_: pytest.fail("it ran"))
    notebook = nbformat.v4.new_notebook()
    SandboxedExecute(not_run="it was given up").preprocess(notebook)
    assert notebook.metadata[CUT_SHORT] == "it was given up"


@pytest.mark.parametrize("kind", ["stream", "display_data", "error", "comm_open", "comm_msg"])
def test_output_of_every_kind_counts(monkeypatch, kind):
    kept = []
    monkeypatch.setattr(Execute, "process_message", lambda *arguments: kept.append(arguments))
    execute = SandboxedExecute(longest_output=1000)
    execute._printed = 0
    message = {"header": {"msg_type": kind}, "content": {"text": "x" * 600}}
    for _ in range(5):
        execute.process_message(message, CELL, 0)
    execute.process_message({"header": {"msg_type": "status"}, "content": {"execution_state": "idle"}}, CELL, 0)
    assert len(kept) == 2


def test_a_verdict_says_its_points_in_lines_that_fit_on_a_page():
    points, text = _outputs(1.5, 4.0, "word " * 60 + "\n  ok     a part", {"check": "x"})
    lines = text.text.splitlines()
    assert points.data["text/plain"] == "1.5" and lines[0] == "1.5 of 4 points." and lines[-1] == "  ok     a part"
    assert all(len(line) <= 100 for line in lines)


def test_what_builds_on_an_earlier_function_is_judged_with_a_right_one():
    right, wrong = (sent("guide_doubled", function, 7) for function in (EXERCISES["guide_doubled"].solution, max))
    question = Question(0, "guide_doubled", 7)
    points, words, flag = verdict(CELL, 3.0, question, Sent(wrong, given=right))
    assert points == 3 and "judged with a right one in its place" in words and flag["mistake"] is None
    assert verdict(CELL, 3.0, question, Sent(wrong, given=wrong))[0] == 0
    assert verdict(CELL, 3.0, question, Sent(wrong))[0] == 0
    assert "in its place" not in verdict(CELL, 3.0, question, Sent(right, given=wrong))[1]


@pytest.mark.parametrize("given", [*LIES.values()])
def test_lies_about_it_earn_nothing_either(given):
    wrong = sent("guide_doubled", max, 7)
    assert verdict(CELL, 3.0, Question(0, "guide_doubled", 7), Sent(wrong, given=given))[0] == 0

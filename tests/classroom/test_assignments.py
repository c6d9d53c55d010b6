"""Every assignment: its solution runs and passes, and students are given neither solution nor hidden test."""

import re

import matplotlib.pyplot as plt
import nbformat
import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.checks import EXERCISES, check
from diffusion_lessons.classroom import assignments, course
from diffusion_lessons.classroom.grading.preprocessors import JUDGED

NAMES = ["A1", "A2", "A3", "A4", "A5"]
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def locked(notebook):
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("locked")]


def test_there_are_five():
    assert assignments.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_runs_from_top_to_bottom(name, monkeypatch):
    """Also the experiments; the visible tests are in the cells and raise where something is wrong."""
    monkeypatch.setattr(plt, "show", plt.close)
    space: dict = {}
    for cell in assignments.build(name, "secret").cells:
        if cell.cell_type == "code":
            code = cell.source.replace("from diffusion_lessons.checks import check\n", IMPORTS)
            exec(compile(code, f"{name}-{cell.id}", "exec"), space)


IMPORTS = "from diffusion_lessons.checks import check, variant\n"


@pytest.mark.parametrize("name", NAMES)
def test_every_test_has_a_hidden_seed_of_its_own(name):
    cells = locked(assignments.build(name, "one"))
    sent = [JUDGED.search(cell.source) for cell in cells]
    assert all(sent) and len(cells) >= 4
    assert {match[1] for match in sent} <= EXERCISES.keys()
    again = [JUDGED.search(cell.source)[2] for cell in locked(assignments.build(name, "one"))]
    other = [JUDGED.search(cell.source)[2] for cell in locked(assignments.build(name, "two"))]
    seeds = [match[2] for match in sent]
    assert seeds == again
    assert all(a != b for a, b in zip(seeds, other, strict=True) if a != "None")
    assert "0" not in seeds  # the visible one


@pytest.mark.parametrize("name", NAMES)
def test_solutions_pass_the_hidden_tests_and_prose_does_not_hold_them(name):
    notebook = assignments.build(name, "secret")
    prose = "\n".join(cell.source for cell in notebook.cells if not cell.metadata.get("nbgrader"))
    for cell in notebook.cells:
        for solution in SOLUTION.findall(cell.source):
            assert not any(line in prose for line in code_lines(solution))
    assert sum(cell.metadata.nbgrader.get("points", 0) for cell in notebook.cells if "nbgrader" in cell.metadata) >= 20


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release") / "course"
    course.new(folder)
    return {name: nbformat.read(course.release(folder, name), 4) for name in NAMES}, folder


@pytest.mark.parametrize("name", NAMES)
def test_the_release_holds_no_solution_and_no_hidden_test(released, name):
    notebook, folder = released[0][name], released[1]
    text = nbformat.writes(notebook)
    plain = "\n".join(cell.source for cell in notebook.cells)
    built = nbformat.read(folder / "source" / name / f"{name}.ipynb", 4)
    for cell in built.cells:
        for solution in SOLUTION.findall(cell.source):
            for line in code_lines(solution):
                assert line not in plain, line
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "markdown":
            assert not any(line in plain for line in cell.source.splitlines() if len(line) > 20)
    for cell in locked(built):
        assert JUDGED.search(cell.source)[0] not in plain
        seed = JUDGED.search(cell.source)[2]
        assert seed == "None" or seed not in text
    for word in ("SOLUTION", "HIDDEN", "judged:", "classroom", "ubric", (folder / "secret.txt").read_text().strip()):
        assert word not in text
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert code.count("raise NotImplementedError()") == sum("### BEGIN SOLUTION" in cell.source for cell in built.cells)


def code_lines(solution):
    return [line.strip() for line in solution.splitlines() if len(line.strip()) > 12]


def test_a_stub_of_the_release_fails_its_check_and_says_so(released):
    space: dict = {}
    cell = next(c for c in released[0]["A1"].cells if "def forward(" in c.source)
    exec(cell.source, space)
    assert "not written yet" in check("forward", space["forward"]).text


def test_an_unknown_assignment_is_told():
    with pytest.raises(ValueError, match="no assignment 'A9'; there are A1, A2"):
        assignments.build("A9", "secret")


def test_one_hidden_seed_tells_nothing_of_the_others():
    """Sums of checks are linear: two seeds whose names differ alike would differ alike in every course."""
    names, secrets = ("ddim_step", "ddpm_step"), ("one", "two")
    (a, b), (c, d) = [[assignments.hidden_seed(secret, name) - 1000 for name in names] for secret in secrets]
    assert a ^ b != c ^ d

"""A course folder, without grading anything: what is made, what is kept, and what a teacher is told."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest
from traitlets.utils.importstring import import_item

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom import course
from diffusion_lessons.classroom.course import ClassError
from diffusion_lessons.classroom.grading import whole_class
from diffusion_lessons.classroom.sandbox.sandbox import Limits
from diffusion_lessons.machine import places
from tests.classroom import graded


def test_new_keeps_the_secret_and_the_limits(folder, run):
    secret = (folder / "secret.txt").read_text()
    (folder / "limits.json").write_text(json.dumps({"cpu_seconds": 7}))
    built = (folder / "source/A1/A1.ipynb").read_bytes()
    assert run("new", folder).exit_code == 0
    assert (folder / "secret.txt").read_text() == secret
    assert json.loads((folder / "limits.json").read_text()) == {"cpu_seconds": 7}
    assert (folder / "source/A1/A1.ipynb").read_bytes() == built  # a rebuild gives the same bytes
    assert (folder / "secret.txt").stat().st_mode & 0o077 == 0


def test_two_courses_have_two_secrets(folder, tmp_path):
    course.new(tmp_path / "other")
    assert (folder / "secret.txt").read_text() != (tmp_path / "other/secret.txt").read_text()


def test_settings_take_effect(folder):
    (folder / "limits.json").write_text(json.dumps({"cell_seconds": 7}))
    config = course.api(folder).config
    assert config.SandboxedExecute.limits == config.Judge.limits == asdict(Limits(cell_seconds=7))
    steps = [step for step in config.Autograde.autograde_preprocessors if isinstance(step, str)]
    assert [step.rpartition(".")[2] for step in steps] == ["SandboxedExecute", "Judge", "Clean"]
    assert all(isinstance(import_item(step), type) for step in steps)
    assert str(folder) in config.CourseDirectory.db_url


@pytest.mark.parametrize("command", ["release", "collect", "grade", "report", "feedback"])
def test_an_assignment_or_a_course_that_there_is_not_is_refused_by_every_command(folder, tmp_path, run, command):
    inbox = [tmp_path] if command == "collect" else []
    for name in ("A9", "a1"):
        error = run(command, name, *inbox, "--course", folder).exception
        assert isinstance(error, ClassError) and f"no assignment '{name}' in {folder}; there are A1, A2" in str(error)
    error = run(command, "A1", *inbox, "--course", tmp_path).exception
    assert isinstance(error, ClassError) and "is not a course folder" in str(error)


def test_errors_say_what_to_do(folder, tmp_path, monkeypatch):
    with pytest.raises(ClassError, match="not a course folder; make one with: diffusion-lessons class new"):
        course.build(tmp_path, "A1")
    with pytest.raises(ClassError, match="A1 was not released: diffusion-lessons class release A1"):
        whole_class.waiting(folder, "A1")
    (folder / "release" / "A1").mkdir(parents=True)
    with pytest.raises(ClassError, match="a part is k/n"):
        whole_class.waiting(folder, "A1", part=(3, 2))
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "site-packages" / "diffusion_lessons")
    with pytest.raises(FileNotFoundError, match="needs a clone of the repository"):
        course.new(tmp_path / "other")


@pytest.mark.parametrize("file, command", [("limits.json", "grade"), ("secret.txt", "release")])
def test_a_file_of_the_course_that_is_missing_is_told_with_what_to_do(released, run, file, command):
    graded.submit(released, "ana")
    (released / file).unlink()
    ended = run(command, "A1", "--course", released)
    assert isinstance(ended.exception, ClassError)
    assert file in str(ended.exception) and f"diffusion-lessons class new {released}" in str(ended.exception)


def test_no_command_waits_for_torch():
    """It takes seconds to import, and only the processes that grade need it."""
    code = (
        "import sys\n"
        "from diffusion_lessons.cli import classroom\n"
        "classroom.needs_nbgrader()\n"
        "from diffusion_lessons.classroom import assignments, collecting\n"
        "from diffusion_lessons.classroom.grading import feedback, whole_class\n"
        "assert 'nbgrader' not in sys.modules\n"
        "from diffusion_lessons.classroom.grading import report\n"
        "from nbgrader.apps import NbGraderAPI\n"
        "print(sorted({'torch', 'lark', 'diffusion_lessons.checks'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    "arguments", [("grade", "A1", "--processes", "0"), ("grade", "A1", "--processes", "x"), ("mark", "A1")]
)
def test_wrong_usage_ends_in_a_line_and_status_2(folder, run, arguments):
    done = run(*arguments, "--course", folder)
    assert done.exit_code == 2 and "Traceback" not in done.output and not (folder / "graded").exists()

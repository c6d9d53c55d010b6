"""A course folder, without grading anything: what is made, what is kept, and what a teacher is told."""

import json

import pytest
from traitlets.utils.importstring import import_item

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom import course
from diffusion_lessons.classroom.course import ClassError
from diffusion_lessons.classroom.grading import whole_class
from diffusion_lessons.machine import places


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
    assert config.SandboxedExecute.limits == {"cell_seconds": 7}
    steps = [step for step in config.Autograde.autograde_preprocessors if isinstance(step, str)]
    assert [step.rpartition(".")[2] for step in steps] == ["SandboxedExecute", "Judge", "Clean"]
    assert all(isinstance(import_item(step), type) for step in steps)
    assert str(folder) in config.CourseDirectory.db_url


def test_collect_takes_files_and_folders(folder, tmp_path, run):
    inbox = tmp_path / "inbox"
    for name in ("ana.ipynb", "bo/A1.ipynb", "cy/sub/work.ipynb", ".hidden/x.ipynb", "cy/.ipynb_checkpoints/x.ipynb"):
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_text(name)
    result = run("collect", "A1", inbox, "--course", folder)
    assert result.exit_code == 0 and "3 submissions" in result.output
    assert {name: path.read_text() for name, path in whole_class.submissions(folder, "A1").items()} == {
        "ana": "ana.ipynb",
        "bo": "bo/A1.ipynb",
        "cy": "cy/sub/work.ipynb",
    }


@pytest.mark.parametrize(
    "files, message",
    [
        ([], "no notebooks in"),
        (["ana.ipynb", "ana/A1.ipynb"], "two notebooks of ana"),
        (["a b.ipynb"], "'a b' is no name for a student"),
    ],
)
def test_collect_refuses_what_is_not_clear(folder, tmp_path, files, message):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in files:
        (inbox / name).parent.mkdir(exist_ok=True)
        (inbox / name).write_text("{}")
    with pytest.raises(ClassError, match=message):
        course.collect(folder, "A1", inbox)
    assert not (folder / "submitted").exists()


def test_errors_say_what_to_do(folder, tmp_path, monkeypatch):
    with pytest.raises(ClassError, match="not a course folder; make one with: diffusion-lessons class new"):
        course.build(tmp_path, "A1")
    with pytest.raises(ClassError, match="A1 was not released: diffusion-lessons class release A1"):
        list(whole_class.grade(folder, "A1"))
    (folder / "release" / "A1").mkdir(parents=True)
    with pytest.raises(ClassError, match="a part is k/n"):
        list(whole_class.grade(folder, "A1", part=(3, 2)))
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "site-packages" / "diffusion_lessons")
    with pytest.raises(FileNotFoundError, match="needs a clone of the repository"):
        course.new(tmp_path / "other")

"""A course folder, without grading anything: what is made, what is kept, and what a teacher is told."""

import json

import pytest
from typer.testing import CliRunner

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom import course
from diffusion_lessons.classroom.course import ClassError
from diffusion_lessons.classroom.grading import whole_class
from diffusion_lessons.cli.classroom import app
from diffusion_lessons.machine import places


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    course.new(tmp_path / "course")
    return tmp_path / "course"


def test_new_keeps_the_secret_and_the_limits(folder):
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
    assert config.JailedExecute.limits == {"cell_seconds": 7}
    assert [each.__name__ for each in config.Autograde.autograde_preprocessors][:2] == ["JailedExecute", "Judge"]
    assert str(folder) in config.CourseDirectory.db_url


def test_collect_takes_files_and_folders(folder, tmp_path):
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


def test_parts_share_the_class(folder, monkeypatch):
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
    assert not whole_class._is_graded(folder, "A1", "b", folder / "submitted/b/A1/A1.ipynb")


def test_a_part_in_another_form_is_refused(folder):
    assert "k/n" in str(run("grade", "A1", "--course", folder, "--part", "two").exception)

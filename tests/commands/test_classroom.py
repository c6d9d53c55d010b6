"""What a teacher reads while a class is graded."""

from types import SimpleNamespace

import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.commands import classroom


def test_those_that_could_not_be_graded_are_named_and_counted(monkeypatch, tmp_path, capsys):
    def graded(course, assignment, **options):
        asked.update(options)
        yield SimpleNamespace(student="ana", trouble=""), 1
        yield SimpleNamespace(student="bo", trouble="the notebook is cut short"), 0

    asked = {}
    monkeypatch.setattr(classroom.whole_class, "grade", graded)
    classroom.grade(tmp_path, "A1", part="2/5", processes=1)
    said = capsys.readouterr()
    assert "bo: the notebook is cut short" in said.out + said.err and "ana" not in said.out
    assert "1 graded, 1 could not be. Next: diffusion-lessons class report A1" in said.out
    assert asked == {"processes": 1, "again": False, "part": (2, 5)}


def test_nothing_new_is_said_and_a_part_that_is_none_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(classroom.whole_class, "grade", lambda *course, **options: iter(()))
    classroom.grade(tmp_path, "A1")
    assert capsys.readouterr().out == "nothing new to grade\n"
    with pytest.raises(ValueError, match="--part is k/n, such as 2/5; got 'half'"):
        classroom.grade(tmp_path, "A1", part="half")

"""What a teacher reads while a class is graded."""

from types import SimpleNamespace

import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom.grading import whole_class
from diffusion_lessons.commands import classroom


def test_those_that_could_not_be_graded_or_not_whole_are_named_and_counted(monkeypatch, tmp_path, capsys):
    def waiting(course, assignment, **options):
        asked.update(options)
        return ["ana", "bo", "cy"]

    def graded(course, assignment, students, **options):
        asked.update(options)
        yield SimpleNamespace(student="ana", trouble="", cut_short="")
        yield SimpleNamespace(student="bo", trouble="the notebook\x1b[2J is cut short", cut_short="")
        yield SimpleNamespace(student="cy", trouble="", cut_short="it used up its\x1b[2J time")

    asked = {}
    monkeypatch.setattr(whole_class, "waiting", waiting)
    monkeypatch.setattr(whole_class, "grade", graded)
    classroom.grade(tmp_path, "A1", part="2/5", processes=1)
    said = capsys.readouterr()
    assert "bo: the notebook\N{REPLACEMENT CHARACTER}[2J is cut short" in said.out + said.err and "ana" not in said.out
    assert (
        "cy: graded, but its run was cut short: it used up its\N{REPLACEMENT CHARACTER}[2J time" in said.out + said.err
    )
    assert "2 graded (1 of them cut short), 1 could not be. Next: diffusion-lessons class report A1" in said.out
    assert asked == {"processes": 1, "again": False, "part": (2, 5)}


def test_nothing_new_is_said_and_a_part_that_is_none_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(whole_class, "waiting", lambda *course, **options: [])
    classroom.grade(tmp_path, "A1")
    assert capsys.readouterr().out == "nothing new to grade\n"
    for part in ("half", "²/3", "1/③"):
        with pytest.raises(ValueError, match=f"--part is k/n, such as 2/5; got '{part}'"):
            classroom.grade(tmp_path, "A1", part=part)

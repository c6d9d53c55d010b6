"""The report: a table, and which mistakes are common."""

import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom.grading.report import Row, common_mistakes, table


def test_table_and_common_mistakes():
    rows = [
        Row("ana", {"guide": 5.0, "ema": 1.5}, {"ema": "no averaging"}, by_hand=2.0),
        Row("bo", {"guide": 0.0}, {"guide": "w taken for s", "ema": "no averaging"}, needs_hand=True, name="Bö"),
        Row("cy", trouble="not graded yet"),
    ]
    lines = table(rows).splitlines()
    assert lines[0] == "student,name,guide,ema,by hand,total,still to grade by hand,look at,trouble"
    assert lines[1:] == ["ana,ana,5,1.5,2,8.5,,,", "bo,Bö,0,,0,0,yes,,", "cy,cy,,,0,0,,,not graded yet"]
    assert common_mistakes(rows) == [("ema", "no averaging", 2), ("guide", "w taken for s", 1)]


def test_nothing_in_it_is_a_formula_or_a_command():
    row = Row("x", name='=HYPERLINK("http://x")', trouble="@SUM(1)\x1b[2J", look="-1+1")
    line = table([row]).splitlines()[1]
    assert line == """x,"'=HYPERLINK(""http://x"")",0,0,,'-1+1,'@SUM(1)\N{REPLACEMENT CHARACTER}[2J"""

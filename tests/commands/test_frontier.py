"""A frontier of several tables: comparable rows only, each with its network's name."""

import pytest

from diffusion_lessons.benchmark import table
from diffusion_lessons.commands.frontier import show_frontier
from tests.benchmark.made import row, teacher


def test_a_frontier_of_two_tables_names_both_networks(tmp_path, capsys):
    student = [row("student", "ddim", 1, 1.8), row("student", "ddim", 4, 1.2, samples=500)]
    for name, rows in {"net": teacher(), "student": student}.items():
        for each in rows:
            table.append(tmp_path / f"{name}.jsonl", each)
    best = show_frontier(str(tmp_path / "net.jsonl"), str(tmp_path / "student.jsonl"))
    assert list(best["who"]) == ["student", "net", "net"] and (best["samples"] == 2000).all()
    assert "student: DDIM@1" in capsys.readouterr().out
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(ValueError, match="frontier needs clipped, unguided rows .*; an empty table: none"):
        show_frontier(str(tmp_path / "net.jsonl"), str(tmp_path / "empty.jsonl"))


@pytest.fixture
def net(tmp_path):
    for each in teacher():
        table.append(tmp_path / "net.jsonl", each)
    return str(tmp_path / "net.jsonl")


def test_what_was_not_measured_makes_no_column(net, capsys):
    show_frontier(net)
    printed = capsys.readouterr().out
    assert "frechet_floor" in printed and "None" not in printed and "seconds_per_image" not in printed


@pytest.mark.parametrize(
    "axes, message",
    [
        ({"x": "nope"}, "unknown cost 'nope'; the costs are nfe, seconds_per_image, parameters, peak_memory_mb$"),
        ({"x": "sampler"}, "unknown cost 'sampler'"),
        ({"quality": "nope"}, "unknown metric 'nope'; the metrics are frechet, kernel, "),
        ({"quality": "kernel"}, "net.jsonl: no row has kernel$"),
        ({"x": "seconds_per_image"}, "net.jsonl: no row has seconds_per_image$"),
    ],
)
def test_an_axis_that_is_none_or_was_not_measured_is_one_short_line(net, axes, message):
    with pytest.raises(ValueError, match=message) as refused:
        show_frontier(net, **axes)
    assert len(str(refused.value).replace(net, "net.jsonl")) < 140

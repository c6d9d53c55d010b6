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
    with pytest.raises(ValueError, match="frontier needs clipped, unguided rows .*they have an empty table: none"):
        show_frontier(str(tmp_path / "net.jsonl"), str(tmp_path / "student.jsonl"), x="peak_memory_mb")

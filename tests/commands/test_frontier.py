"""A frontier of several tables: comparable rows only, each with its network's name."""

from dataclasses import replace

import pytest

from diffusion_lessons.benchmark import table
from diffusion_lessons.commands.frontier import show_frontier
from tests.made import row, teacher


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


@pytest.mark.parametrize("quality", ["adherence", "kernel", "recall"])
def test_every_metric_of_a_table_has_a_frontier(quality, capsys):
    best = show_frontier("mnist-diffusion", quality=quality)
    assert f"{quality}_value" in (printed := capsys.readouterr().out) and "frechet" not in printed
    assert len(best) > 1


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


def test_every_row_is_compared_in_pairs_with_the_one_that_is_named(net, capsys):
    show_frontier(net, against="ddim@8")
    lines = capsys.readouterr().out.split("samples each, in pairs:\n")[1].splitlines()
    assert lines[0].split() == ["nfe", "difference", "[95", "%]", "p", "(Holm)"] and len(lines) == len(teacher())
    assert lines[1].startswith("DPM-Solver++(2M)@20")
    own = next(line for line in lines if line.startswith("DDIM@4"))
    low, high = (0.6 + sign * 2.064 * 0.01 * 2**0.5 for sign in (-1, 1))  # two rows of made-up luck share nothing
    assert own.split()[:-1] == ["DDIM@4", "4", "0.6", f"[{low:.3g},", f"{high:.3g}]"]
    show_frontier(net, against="DPM-Solver++(2M)@20")
    assert "minus that of DPM-Solver++(2M)@20, 2000 samples each" in capsys.readouterr().out


def test_a_row_that_is_not_there_is_named_with_those_that_are(net):
    with pytest.raises(ValueError, match="no row 'ddim@7'; the rows are 'DDIM@1', 'DDIM@2', "):
        show_frontier(net, against="ddim@7")


def test_rows_without_what_pairs_them_are_not_compared(tmp_path):
    for each in teacher():
        score = each.quality["frechet"]._replace(replicates=())
        table.append(tmp_path / "old.jsonl", replace(each, quality={"frechet": score}))
    with pytest.raises(ValueError, match="frechet was kept without the replicates .* `diffusion-lessons benchmark"):
        show_frontier(str(tmp_path / "old.jsonl"), against="ddim@8")


def test_ten_steps_of_mnist_against_fifty(capsys):
    """Lesson 10's comparison: with this network fewer steps are nearer to the data, and pairs show it."""
    show_frontier("mnist-small-diffusion", against="ddim@50")
    told = capsys.readouterr().out.split("in pairs:\n")[1].splitlines()
    (ten,) = (line for line in told if line.startswith("DDIM@10 "))
    assert float(ten.split("[")[1].split(",")[1].split("]")[0]) < 0

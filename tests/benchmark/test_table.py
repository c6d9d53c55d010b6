"""Rows as lines of a file: what is appended is read, and what was cut short is dropped."""

import pytest

from diffusion_lessons.benchmark import table
from tests.benchmark.made import row, teacher


@pytest.fixture
def file(tmp_path):
    for one in teacher():
        table.append(tmp_path / "deeper" / "net.jsonl", one)
    return tmp_path / "deeper" / "net.jsonl"


def test_what_is_appended_is_read(file):
    assert table.read(file) == table.read(file, "net") == teacher()
    assert len(file.read_text().splitlines()) == len(teacher())


def test_a_last_line_that_was_cut_short_is_dropped_and_the_next_row_has_a_line_of_its_own(file):
    file.write_bytes(file.read_bytes()[:-20])
    assert table.read(file) == teacher()[:-1]
    table.drop_unfinished_line(file)
    table.append(file, row("net", "ddim", 50, 1.1))
    assert table.read(file) == [*teacher()[:-1], row("net", "ddim", 50, 1.1)]
    whole = file.read_bytes()
    table.drop_unfinished_line(file)
    assert file.read_bytes() == whole


def test_rows_of_another_checkpoint_and_other_files_are_refused(file, tmp_path):
    with pytest.raises(ValueError, match="line 1: measured on checkpoint net, and this one is other"):
        table.read(file, "other")
    with pytest.raises(ValueError, match=r"whose name ends in \.jsonl"):
        table.append(tmp_path / "net.csv", row("net", "ddim", 1, 1.0))
    with pytest.raises(FileNotFoundError):
        table.read(tmp_path / "none.jsonl")

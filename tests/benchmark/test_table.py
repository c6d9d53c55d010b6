"""Rows as lines of a file: what is appended is read, and what was cut short is dropped."""

import errno
import json
import re
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons.benchmark import table
from tests.made import row, teacher


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


HOLD = """
import sys
from pathlib import Path
from diffusion_lessons.machine.files import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_write_one_table_at_once(file, monkeypatch):
    """While another process writes, a row waits for its turn; what is being written is not cut off as unfinished."""
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    before = file.read_bytes()
    with monkeypatch.context() as impatient:
        impatient.setattr(table, "WAIT", 0.0)
        with pytest.raises(BlockingIOError, match=r"net\.jsonl is being written by another process"):
            table.append(file, row("net", "ddim", 50, 1.1))
    assert file.read_bytes() == before
    threading.Timer(0.3, other.kill).start()
    table.append(file, row("net", "ddim", 50, 1.1))
    other.communicate()
    assert len(table.read(file)) == len(teacher()) + 1


def test_a_full_disk_names_the_table(file, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("diffusion_lessons.machine.files.os.fsync", full)
    with pytest.raises(OSError, match=r"could not write .*net\.jsonl .*No space left on device"):
        table.append(file, row("net", "ddim", 50, 1.1))


@settings(max_examples=80)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), max_size=3), cut=st.floats(0, 1))
def test_damaged_tables_give_whole_rows_or_name_the_line(tmp_path_factory, flips, cut):
    """Flipped bits and a missing end: each row that is returned is a Measurement, or one line says which is damaged."""
    damaged_file = tmp_path_factory.getbasetemp() / "damaged.jsonl"
    content = bytearray(b"".join(json.dumps(one.to_json()).encode() + b"\n" for one in teacher()))
    for place, bit in flips:
        content[int(place * len(content))] ^= 1 << bit
    damaged_file.write_bytes(content[: round(cut * len(content))])
    try:
        rows = table.read(damaged_file)
    except ValueError as error:
        assert re.search(r"damaged\.jsonl, line \d+: ", str(error)) and len(str(error).splitlines()) == 1
    else:
        assert len(rows) <= len(teacher()) + len(flips) and all(len(one.checkpoint) > 0 for one in rows)
    table.drop_unfinished_line(damaged_file)
    assert damaged_file.read_bytes()[-1:] in (b"", b"\n")

"""A file is written whole or not at all, and by one process at a time; a failure says what to do."""

import errno
import os
import subprocess
import sys

import pytest

from diffusion_lessons.machine import files
from diffusion_lessons.machine.files import (
    Lock,
    append_line,
    check_writable,
    unfinished,
    write_atomically,
    write_together,
)


def test_folders_are_made_and_an_older_file_is_replaced(tmp_path):
    file = tmp_path / "a" / "b" / "rows.json"
    for content in (b"first", b"second"):
        write_atomically(file, content)
        assert file.read_bytes() == content
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call):
    file = tmp_path / "rows.json"
    file.write_bytes(b"old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(
        OSError, match=r"could not write .*rows\.json \(2\.0 MB\): No space left.*free some space"
    ) as told:
        write_atomically(file, bytes(2_000_000))
    assert told.value.errno == errno.ENOSPC
    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("older", [True, False])
@pytest.mark.parametrize(("call", "number"), [("fsync", 2), ("replace", 1), ("replace", 2)])
def test_files_that_belong_together_are_all_replaced_or_none(tmp_path, monkeypatch, call, number, older):
    one, two = tmp_path / "one", tmp_path / "two"
    if older:
        write_together({one: b"old 1", two: b"old 2"})
    made, calls = getattr(os, call), []

    def fails_once(*arguments):
        calls.append(arguments)
        if len(calls) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return made(*arguments)

    monkeypatch.setattr(files.os, call, fails_once)
    with pytest.raises(OSError, match=rf"could not write .*{'one' if number == 1 else 'two'}"):
        write_together({one: b"new 1", two: b"new 2"})
    left = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert left == ({"one": b"old 1", "two": b"old 2"} if older else {})
    write_together({one: b"new 1", two: b"new 2"})
    assert (one.read_bytes(), two.read_bytes()) == (b"new 1", b"new 2")


@pytest.mark.parametrize("number", [1, 2])
def test_ctrl_c_between_two_renames_leaves_the_old_files(tmp_path, monkeypatch, number):
    one, two = tmp_path / "one", tmp_path / "two"
    write_together({one: b"old 1", two: b"old 2"})
    rename, calls = os.replace, []

    def pressed(*arguments):
        calls.append(arguments)
        rename(*arguments)
        if len(calls) == number:
            raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", pressed)
    with pytest.raises(KeyboardInterrupt):
        write_together({one: b"new 1", two: b"new 2"})
    contents = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert contents in ({"one": b"old 1", "two": b"old 2"}, {"one": b"new 1", "two": b"new 2"})


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"5", b"\xff", b"[" * 100_000], ids=range(6))
def test_a_damaged_json_file_is_named(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json is not readable as JSON \(") as told:
        files.read_json(tmp_path / "a.json")
    assert len(str(told.value).splitlines()) == 1
    (tmp_path / "a.json").write_bytes(b'{"a": 1}')
    assert files.read_json(tmp_path / "a.json") == {"a": 1}


def test_a_kill_between_two_renames_leaves_the_later_file_to_be_found(tmp_path):
    killed = """
import os, signal, sys
from pathlib import Path
from diffusion_lessons.machine import files
rename = os.replace
def then_die(*arguments):
    rename(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
files.os.replace = then_die
files.write_together({Path(sys.argv[1], "one"): b"1", Path(sys.argv[1], "two"): b"2"})
"""
    assert subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False).returncode != 0
    assert (tmp_path / "one").read_bytes() == b"1" and not (tmp_path / "two").exists()
    assert [file.read_bytes() for file in unfinished(tmp_path / "two")] == [b"2"]


def test_a_line_is_added_or_the_file_is_named(tmp_path, monkeypatch):
    file = tmp_path / "a" / "rows.jsonl"
    append_line(file, "{}")
    append_line(file, "é")
    assert file.read_bytes() == "{}\né\n".encode()
    monkeypatch.setattr(files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match=r"could not write .*rows\.jsonl .*No space left"):
        append_line(file, "{}")


def test_a_place_is_tried_without_writing(tmp_path, monkeypatch):
    check_writable(tmp_path / "new" / "folder" / "a.png")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for file, why in ((tmp_path, "is a folder"), (tmp_path / "file" / "a.png", r"could not write .*a\.png: Not a dir")):
        with pytest.raises(OSError, match=why):
            check_writable(file)

    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", read_only)
    with pytest.raises(OSError, match=r"could not write .*a\.png: Read-only file system.*choose another folder"):
        check_writable(tmp_path / "a.png")


HOLD = """
import sys
from pathlib import Path
from diffusion_lessons.machine.files import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_keeps_another_process_away_until_that_ends_or_is_killed(tmp_path):
    target = tmp_path / "new" / "rows.jsonl"
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(BlockingIOError, match="is being written by another process: wait until that has ended"):
        Lock(target)
    other.kill()
    other.communicate()
    with Lock(target), Lock(target, seconds=5.0):  # the same process may
        pass


def test_a_file_system_without_locks_is_said_and_does_not_stop_the_work(tmp_path, monkeypatch):
    def without(self, **_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files.filelock.FileLock, "acquire", without)
    with pytest.warns(UserWarning, match="cannot be locked on this file system"), Lock(tmp_path / "a"):
        pass


def test_a_lock_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"could not write .*rows\.jsonl"):
        Lock(tmp_path / "file" / "rows.jsonl")

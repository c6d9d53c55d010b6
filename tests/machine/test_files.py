"""A file is written whole or not at all, and a failure says what to do."""

import errno

import pytest

from diffusion_lessons.machine import files
from diffusion_lessons.machine.files import write_atomically


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

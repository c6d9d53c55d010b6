"""Files that are either whole or not there, and that two processes do not write at once."""

import errno
import json
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock


def write_atomically(file: Path, content: bytes) -> None:
    """Write to a temporary neighbour, then rename: a reader, or a crash, never meets half a file.

    Raises OSError with what to do when the disk is full or the folder cannot be written; nothing is left behind.
    """
    write_together({file: content})


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together: an error leaves all of them as they were.

    All are on the disk beside their places before the first is renamed. Where a process is killed between two renames,
    the later files still lie there, and a reader that knows what belongs together finds them with `unfinished`.

    Raises OSError, with the file's name and what to do, as `write_atomically` does.
    """
    temporaries = {file: file.with_name(f".{file.name}.{os.getpid()}.tmp") for file in contents}
    before: dict[Path, bytes | None] = {}
    try:
        for file, content in contents.items():
            with _named(file, content):
                file.parent.mkdir(parents=True, exist_ok=True)
                _write(temporaries[file], content)
        for file, content in contents.items():
            with _named(file, content):
                before[file] = file.read_bytes() if len(contents) > 1 and file.is_file() else None
                os.replace(temporaries[file], file)
    except BaseException:  # Ctrl-C, too
        if len(contents) > 1:
            _put_back(before)
        raise
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):  # a folder that is none
                temporary.unlink(missing_ok=True)


def unfinished(file: Path) -> list[Path]:
    """What a process that was killed had written to become `file`, and had not renamed yet."""
    return sorted(file.parent.glob(f".{file.name}.*.tmp"))


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ValueError, which names the file, for what is damaged or holds no object."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not readable as JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} is not readable as JSON (it holds no object)")
    return content


def append_line(file: Path, line: str) -> None:
    """Add a line to a text file, which is on the disk when this returns. The error names the file."""
    content = f"{line}\n".encode()
    with _named(file, content):
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "ab") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())


def check_writable(file: Path) -> None:
    """Raise OSError now if `file` could not be written later, so that hours of work do not end in that. Writes nothing.

    The nearest folder that exists is tried with a temporary file; folders that are missing are made when they are
    needed.
    """
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder: give the name of a file in it")
    folder = next(parent for parent in file.absolute().parents if parent.exists())
    with _named(file, b""), tempfile.TemporaryFile(dir=folder):
        pass


class Lock:
    """Keeps other processes that ask for the same lock away from a file: `with Lock(file): ...`, or until `release`.

    The operating system ends it with the process, even if that is killed: then a small hidden file is left beside the
    file, and no harm. Within one process the same lock may be taken several times.

    seconds   how long to wait for another process
    Raises BlockingIOError if it is still there after that, OSError if nothing can be written there.
    """

    def __init__(self, file: Path, seconds: float = 0.0) -> None:
        self._hidden = file.absolute().with_name(f".{file.name}.lock")
        with _named(file, b""):
            file.absolute().parent.mkdir(parents=True, exist_ok=True)
            self._lock = filelock.FileLock(self._hidden, thread_local=False, is_singleton=True)
            try:
                self._lock.acquire(timeout=seconds)
                return
            except filelock.Timeout:
                pass
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):
                    raise
                warnings.warn(f"{file} cannot be locked on this file system: start no second run there", stacklevel=2)
                return
        raise BlockingIOError(
            f"{file} is being written by another process: wait until that has ended, or use another place"
        )

    def release(self) -> None:
        """Let others in."""
        if self._lock.lock_counter == 1:
            with suppress(OSError):  # Windows removes it when it is released
                self._hidden.unlink()
        self._lock.release()

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def _named(file: Path, content: bytes) -> Iterator[None]:
    """An OSError of the block says which file could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        size = f" ({len(content) / 1e6:.1f} MB)" if content else ""
        raise OSError(
            error.errno,
            f"could not write {file}{size}: {error.strerror}. What stood there before is untouched; free some space or "
            "choose another folder",
        ) from error


def _write(file: Path, content: bytes) -> None:
    with open(file, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())  # a full disk may say so only here


def _put_back(before: Mapping[Path, bytes | None]) -> None:
    for file, content in before.items():
        with suppress(OSError):
            if content is None:
                file.unlink()
            else:
                write_atomically(file, content)

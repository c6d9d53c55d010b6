"""Files that are either whole or not there."""

import os
from contextlib import suppress
from pathlib import Path


def write_atomically(file: Path, content: bytes) -> None:
    """Write to a temporary neighbour, then rename: a reader, or a crash, never meets half a file.

    Raises OSError with what to do when the disk is full or the folder cannot be written; nothing is left behind.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())  # a full disk may say so only here
        os.replace(temporary, file)
    except OSError as error:
        raise OSError(
            error.errno,
            f"could not write {file} ({len(content) / 1e6:.1f} MB): {error.strerror}. "
            "What stood there before is untouched; free some space or choose another folder",
        ) from error
    finally:
        with suppress(OSError):  # a folder that is none
            temporary.unlink(missing_ok=True)

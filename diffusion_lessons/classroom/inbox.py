"""What was handed in: a folder or a zip, as people fill it and as learning platforms download it.

    ana.ipynb                                        named after the student
    ana/anything.ipynb, ana.zip                      a student's folder, or the same packed
    Ana Smith_4711_assignsubmission_file/A1.ipynb    Moodle (also ..._file_A1.ipynb, without folders)
    smithana_LATE_4711_81234_A1-2.ipynb              Canvas
    submission_4711/A1.ipynb                         Gradescope, whose submission_metadata.yml says whose it is

Whose a file is follows from the first part of its path alone, since what lies deeper was named by the student: an
archive within cannot hand in for somebody else. Nothing is unpacked to the disk, and no link is followed.
"""

import io
import lzma
import re
import stat
import struct
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Any

LARGEST = 100 * 2**20  # bytes of one file
MOST_FILES = 20_000  # in one archive
DEEPEST = 3  # archives in archives
MOST_ARCHIVES = 20  # of one student
DAMAGED: tuple[type[Exception], ...] = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError)
DAMAGED += (ArithmeticError, LookupError, RuntimeError, ValueError, OSError)  # what reading a damaged archive raises
OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")
MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?:_.*)?", re.DOTALL)
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:(?P<late>LATE)_)?(?P<number>\d+)_\d{3,}_.+", re.DOTALL)
GRADESCOPE = re.compile(r"submission_(?P<number>\d+)")
METADATA = "submission_metadata.yml"
LINK = "a link; ask for the file itself"


class Unreadable(ValueError):
    """A file that cannot be read; the message says why, and what to do."""


@dataclass(frozen=True)
class File:
    """A file by its path in the inbox (archives are folders on the way), or why it was left out."""

    parts: tuple[str, ...]
    read: Callable[[], bytes] = bytes
    changed: float = 0.0  # seconds since the epoch
    left_out: str = ""

    @property
    def where(self) -> str:
        return printable("/".join(self.parts))

    @property
    def is_notebook(self) -> bool:
        return ".ipynb" in self.parts[-1].lower()  # browsers save A1.ipynb.txt and A1.ipynb.json, too

    @property
    def order(self) -> tuple:
        """Later versions last: by time, then as A1.ipynb, A1-1.ipynb, A1-2.ipynb are numbered."""
        return self.changed, [int(digits[:18]) for digits in re.findall(r"\d+", self.parts[-1])], self.parts


@dataclass(frozen=True)
class Student:
    """Whose a file is: a name as it was written, and the number by which the platform tells namesakes apart."""

    name: str
    number: str = ""
    late: bool = False


def contents(inbox: Path) -> list[tuple[Student, File]]:
    """Every file of an inbox with whose it is. Raises FileNotFoundError, or ValueError for what is no inbox."""
    if not inbox.exists():
        raise FileNotFoundError(f"{inbox}: no such folder or archive")
    if inbox.is_dir():
        files = list(_folder(inbox, (), Counter()))
    elif inbox.suffix.lower() == ".zip":
        files = _without_wrapper(list(_archive(File((inbox.name,)), (), Counter(), inbox)))
    else:
        raise ValueError(f"{inbox}: expected a folder of notebooks, or a zip of one")
    people = _gradescope(files)
    return [pair for file in files if file.parts != (METADATA,) for pair in _whose(file, people)]


def printable(text: str) -> str:
    """A text from outside for the terminal: without control characters, and not too long."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:200])


def _folder(folder: Path, inside: tuple[str, ...], opened: Counter[str]) -> Iterator[File]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        if not inside:
            raise
        yield File(inside, left_out=f"it cannot be read ({error.strerror})")
        return
    for path in paths:
        parts = (*inside, path.name)
        if _hidden(path.name):
            continue
        if path.is_symlink():
            yield File(parts, left_out=LINK)
        elif path.is_dir():
            yield from _folder(path, parts, opened)
        elif not path.is_file():
            yield File(parts, left_out="neither a file nor a folder")
        elif path.stat().st_size > LARGEST:
            yield File(parts, left_out=_too_large(path.stat().st_size))
        else:
            yield from _opened(File(parts, path.read_bytes, path.stat().st_mtime), opened)


def _opened(file: File, opened: Counter[str]) -> Iterator[File]:
    """The file, or what is in it if it is an archive; `opened` counts those of each student."""
    suffix = PurePath(file.parts[-1]).suffix.lower()
    if suffix == ".zip":
        opened[file.parts[0]] += 1
        if opened[file.parts[0]] > MOST_ARCHIVES:
            yield replace(file, left_out=f"one of more than {MOST_ARCHIVES} archives of one student")
        else:
            yield from _archive(file, file.parts, opened)
    elif suffix in OTHER_ARCHIVES:
        yield replace(file, left_out="an archive that is not opened here; unpack it, or ask for a zip")
    else:
        yield file


def _archive(file: File, inside: tuple[str, ...], opened: Counter[str], path: Path | None = None) -> Iterator[File]:
    if sum(part.lower().endswith(".zip") for part in inside) > DEEPEST:
        yield replace(file, left_out=f"an archive in more than {DEEPEST} archives")
        return
    try:
        with zipfile.ZipFile(path or io.BytesIO(file.read())) as archive:
            entries = archive.infolist()
    except DAMAGED:
        yield replace(file, left_out="a damaged archive; ask for it again")
        return
    if len(entries) > MOST_FILES:
        yield replace(file, left_out=f"an archive of {len(entries)} files")
        return
    for entry in entries:
        names = [part for part in re.split(r"[/\\]", _name(entry)) if part not in ("", ".", "..")]
        if not names or entry.is_dir() or any(_hidden(name) for name in names):
            continue
        parts = (*inside, *names)
        if left_out := _unwanted(entry):
            yield File(parts, left_out=left_out)
        else:
            yield from _opened(File(parts, partial(_read, path, file, entry), _time(entry)), opened)


def _unwanted(entry: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return LINK
    if entry.flag_bits & 1:
        return "it has a password; ask for it without"
    return _too_large(entry.file_size) if entry.file_size > LARGEST else ""


def _read(path: Path | None, archive: File, entry: zipfile.ZipInfo) -> bytes:
    """The content of an entry. Its archive is opened anew, so that none has to be kept in memory."""
    try:
        with zipfile.ZipFile(path or io.BytesIO(archive.read())) as opened, opened.open(entry) as file:
            data = file.read(LARGEST + 1)
    except DAMAGED:
        raise Unreadable("it is damaged in its archive; ask for it again") from None
    if len(data) > LARGEST:
        raise Unreadable(_too_large(len(data)))
    return data


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; macOS writes UTF-8 without saying so, which zipfile reads as another code."""
    if not entry.flag_bits & 0x800:
        try:
            return entry.filename.encode("cp437").decode()
        except UnicodeError:
            pass
    return entry.filename


def _time(entry: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _too_large(size: int) -> str:
    return f"{size / 2**20:.0f} MB, more than the {LARGEST // 2**20} MB that are read; ask for it without its outputs"


def _without_wrapper(files: list[File]) -> list[File]:
    """The files of a zip without the one folder into which all of them were packed."""
    first = {file.parts[0] for file in files}
    deep = all(len(file.parts) > 1 for file in files)
    several = sum(file.is_notebook or file.parts[-1] == METADATA for file in files) > 1
    if len(first) == 1 and deep and several and not MOODLE.fullmatch(next(iter(first))):
        return [replace(file, parts=file.parts[1:]) for file in files]
    return files


def _whose(file: File, people: dict[str, list[Student]]) -> list[tuple[Student, File]]:
    first, deeper = file.parts[0], file.parts[1:]
    if GRADESCOPE.fullmatch(first) and people:
        nobody = replace(file, left_out=f"{METADATA} does not say whose it is")
        return [(student, file) for student in people.get(first, [])] or [(Student(first), nobody)]
    for pattern in (MOODLE, CANVAS):
        if match := pattern.fullmatch(first):
            fields = match.groupdict()
            return [(Student(fields["name"], fields["number"], bool(fields.get("late"))), file)]
    if any(MOODLE.fullmatch(part) or CANVAS.fullmatch(part) or part == METADATA for part in deeper):
        file = replace(file, left_out=f"{printable(first)} holds a platform's download: collect that by itself")
    name = re.sub(r"\.zip$", "", first, flags=re.IGNORECASE) if deeper else re.split(r"\.ipynb", first, flags=re.I)[0]
    return [(Student(name if file.is_notebook or deeper else PurePath(first).stem), file)]


def _gradescope(files: list[File]) -> dict[str, list[Student]]:
    """Who handed in which folder of a Gradescope export; a group hands in one for all of its members."""
    described = next((file for file in files if file.parts == (METADATA,)), None)
    if described is None:
        return {}
    import yaml

    try:
        entries = yaml.safe_load(described.read())
    except (yaml.YAMLError, Unreadable, UnicodeError, RecursionError):
        raise ValueError(f"{METADATA} cannot be read; download the export again") from None
    return {str(folder): _members(entry) for folder, entry in entries.items()} if isinstance(entries, dict) else {}


def _members(entry: Any) -> list[Student]:
    """The people of one entry; Gradescope writes its keys with a colon in front."""
    members = entry.get(":submitters") if isinstance(entry, dict) else None
    described = [member for member in members or [] if isinstance(member, dict)]
    return [
        Student(str(member.get(":name") or member.get(":email")), str(member.get(":sid") or member.get(":email") or ""))
        for member in described
    ]

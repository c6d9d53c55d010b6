"""The names of students: as they are handed in, and as folders, pages and the gradebook can bear them.

students.csv in the course folder holds every name that had to change, so that a student keeps one for all assignments.
"""

import csv
import io
import re
import unicodedata
from pathlib import Path

from diffusion_lessons.machine.files import write_atomically

FILE = "students.csv"
COLUMNS = ("student", "name", "number")
LONGEST = 60


def plain(name: str) -> str:
    """A name with letters and digits of any alphabet, dots, @ and hyphens: "Jörg  O'Brien" is Jörg-O-Brien."""
    composed = unicodedata.normalize("NFC", name)  # macOS takes letters and their accents apart
    shown = "".join(c for c in composed if unicodedata.category(c) != "Cf")  # what only directs the writing
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c in "_.@-" else " " for c in shown)
    return re.sub(r"\s+", "-", kept.strip()).strip("-._")[:LONGEST] or "student"


def _key(name: str) -> str:
    """What two spellings of one name share."""
    return _written(name).casefold()


def _written(name: str) -> str:
    """A name without what would make it a formula in a spreadsheet."""
    return unicodedata.normalize("NFC", name).strip().lstrip("=+-@\t\r ")


class Register:
    """Who is who in a course."""

    def __init__(self, course: Path):
        self._file = course / FILE
        self._rows: dict[tuple[str, str], tuple[str, str]] = {}  # (key, number) -> (student, name)
        if self._file.exists():
            for row in csv.DictReader(io.StringIO(self._file.read_text(encoding="utf-8"))):
                if any(row.get(column) is None for column in COLUMNS):
                    raise ValueError(f"{self._file}: expected the columns {', '.join(COLUMNS)}; mend or delete it")
                self._rows[_key(row["name"]), row["number"]] = row["student"], row["name"]
        changed = {student for student, _ in self._rows.values()}
        folders = (course / "submitted").glob("[!.]*")
        for student in sorted(folder.name for folder in folders if folder.is_dir() and folder.name not in changed):
            self._rows[_key(student), ""] = student, student

    def student(self, name: str, number: str = "") -> str:
        """The student of this name; `number` is given where several bear it."""
        key = _key(name), number
        if key not in self._rows:
            taken = {student.casefold() for student, _ in self._rows.values()}
            wanted = "-".join(filter(None, (plain(name), plain(number) if number else "")))
            others = (f"{wanted}-{count}" for count in range(2, len(taken) + 3))
            free = next(each for each in (wanted, *others) if each.casefold() not in taken)
            self._rows[key] = free, _written(name)
        return self._rows[key][0]

    def name(self, student: str) -> str:
        """The name under which a student's work was handed in."""
        return next((name for each, name in self._rows.values() if each == student), student)

    def save(self) -> None:
        rows = [(student, name, key[1]) for key, (student, name) in self._rows.items() if student != name]
        if rows:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([COLUMNS, *sorted(rows)])
            write_atomically(self._file, text.getvalue().encode())

"""Votes: which of two pictures a person preferred, one JSON line each, in a file of that person."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from diffusion_lessons.machine.files import append_line

SIDES = ("left", "right", "neither")
SUFFIX = ".jsonl"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Vote:
    """One choice.

    person         who chose, by a name of letters, digits, - and _ (a pseudonym does)
    pair           the name of the pair of pictures, the same for everybody
    left, right    the ways of sampling that were shown at that side
    chosen         "left", "right" or "neither" (cannot decide)
    seconds        until the choice
    simulated      True for votes that no person gave

    Raises ValueError for what is no vote.
    """

    person: str
    pair: str
    left: str
    right: str
    chosen: str
    seconds: float = 0.0
    simulated: bool = False

    def __post_init__(self) -> None:
        check_person(self.person)
        if self.chosen not in SIDES:
            raise ValueError(f"chosen is one of {', '.join(SIDES)}; got {self.chosen!r}")
        if self.left == self.right:
            raise ValueError(f"{self.pair} shows {self.left!r} at both sides: there is nothing to choose")

    @property
    def winner(self) -> str | None:
        """The way of sampling that was preferred, or None."""
        return None if self.chosen == "neither" else getattr(self, self.chosen)


def check_person(name: str) -> str:
    """The name, or a ValueError where it could not name a file."""
    if not NAME.fullmatch(name):
        raise ValueError(f"a person's name has up to 40 letters, digits, - and _, such as anna or p-07; got {name!r}")
    return name


def file_of(folder: str | Path, person: str) -> Path:
    """Where a person's votes are kept: anna.jsonl."""
    return Path(folder) / f"{check_person(person)}{SUFFIX}"


def keep(folder: str | Path, vote: Vote) -> None:
    """Add a vote to the file of its person; it is on the disk when this returns."""
    append_line(file_of(folder, vote.person), json.dumps(asdict(vote)))


def read_votes(*places: str | Path) -> list[Vote]:
    """The votes in files, or in all files of folders: what a class handed in, merged.

    The same vote in two places counts once. Raises FileNotFoundError for a place that is not there, ValueError for a
    line that is no vote (with file and line), and where one person chose twice between the same pictures and
    differently: two people of one name, say.
    """
    kept: dict[tuple[str, str], tuple[Vote, Path]] = {}
    for file in _files(places):
        for vote in _lines(file):
            before, where = kept.setdefault((vote.person, vote.pair), (vote, file))
            if before != vote:
                raise ValueError(
                    f"{vote.person} chose twice for {vote.pair}, in {where} and {file}: if these are two people, give "
                    "one of them another name, in the file and as the file's name"
                )
    return [vote for vote, _ in kept.values()]


def decided(votes: Iterable[Vote]) -> list[Vote]:
    """The votes for one of the two; ValueError if there are none."""
    if not (rows := [vote for vote in votes if vote.winner is not None]):
        raise ValueError("no vote prefers one picture to the other: there is nothing to count yet")
    return rows


def _files(places: Sequence[str | Path]) -> list[Path]:
    files: list[Path] = []
    for place in map(Path, places):
        found = sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
        if missing := [file for file in found if not file.is_file()]:
            raise FileNotFoundError(f"no votes in {missing[0]}: there is no such file or folder")
        files += found
    return files


def _lines(file: Path) -> list[Vote]:
    votes, names = [], {field.name for field in fields(Vote)}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entries = json.loads(line)
            if not isinstance(entries, dict) or not entries.keys() <= names:
                raise ValueError(f"a vote has the fields {', '.join(sorted(names))}")
            votes.append(Vote(**entries))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{file}, line {number}, is no vote ({error}): mend it or take the line out") from error
    return votes

"""The questions of the lessons, a TOML file each: out of the cells, so that no cell shows its answer.

    [predict.half_way]                    # predict("01.half_way") asks it
    question = "How much is left?"
    right = "a twelfth"
    wrong = [["half", "Are the steps equal?"], ["a quarter", "What is left of a half?"]]  # each with a reply
    why = "What is said of the right answer."

    [[scope]]                             # scope_check("01") asks for all of these
    statement = "..."
    measured = true                       # whether a measurement settles it
    why = "..."

A question may leave places, "{rows} rows", for numbers that the lesson has measured.
"""

import random
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
MEASURED, INFORMED = "a measurement settles it", "a measurement informs it"


class Question(NamedTuple):
    """Words and choices; `answer` is the place of the right one, `replies` what is said of each choice."""

    words: str
    options: list[str]
    answer: int
    replies: list[str]


@cache
def of_lesson(number: str) -> dict[str, Any]:
    """What the questions' file of a lesson holds; a KeyError names the lessons that have one."""
    files = {path.stem.partition("_")[0]: path for path in FOLDER.glob("*_*.toml")}
    if number not in files:
        raise KeyError(f"no lesson {number!r} has questions; these have: {', '.join(sorted(files))}")
    return tomllib.loads(files[number].read_text(encoding="utf-8"))


def prediction(name: str, **measured: Any) -> Question:
    """The question "01.half_way", its options in an order that the lesson's file alone decides.

    `measured` fills the places that the question leaves. KeyError for a name that its lesson does not have.
    """
    number, _, short = name.partition(".")
    asked = of_lesson(number)["predict"]
    if short not in asked:
        raise KeyError(f"lesson {number} asks no {short!r}; it asks {', '.join(asked)}")
    entry = asked[short]

    def fill(text: str) -> str:
        return text.format(**measured) if measured else text

    wrong = [(fill(option), fill(reply)) for option, reply in entry["wrong"]]
    random.Random(f"options of {name}").shuffle(wrong)
    place = places(asked, number)[short]
    choices = [*wrong[:place], (fill(entry["right"]), fill(entry["why"])), *wrong[place:]]
    options, replies = map(list, zip(*choices, strict=True))
    return Question(fill(entry["question"]), options, place, replies)


def places(asked: dict[str, Any], number: str) -> dict[str, int]:
    """The place of each question's right answer among its choices, dealt so that none comes more often than another.

    Questions of a lesson that have equally many choices draw from one shuffled deck of places, filled anew when empty.
    """
    deal = random.Random(f"deal in lesson {number}")
    decks: dict[int, list[int]] = {}
    dealt = {}
    for name, entry in asked.items():
        count = 1 + len(entry["wrong"])
        deck = decks.setdefault(count, [])
        if not deck:
            deck += deal.sample(range(count), count)
        dealt[name] = deck.pop()
    return dealt


def statements(number: str) -> list[Question]:
    """The statements of a lesson's scope check: does a measurement settle each, or only inform it?"""
    return [
        Question(entry["statement"], [MEASURED, INFORMED], 0 if entry["measured"] else 1, [entry["why"]] * 2)
        for entry in of_lesson(number)["scope"]
    ]

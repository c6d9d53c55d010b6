"""Solutions for those who learn alone: shown after an attempt, unless a class keeps them back.

    check("ddim_step").solution()             # of an exercise, after its check saw a function of your own
    check("ten_ddim_times").solution(0.058)   # of one to investigate, for what you found yourself

Set DIFFUSION_LESSONS_SOLUTIONS=off where Jupyter runs, as `diffusion-lessons lab --class` does, to keep them back.
"""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from diffusion_lessons.checks import model_answers
from diffusion_lessons.checks.exercise import Exercise
from diffusion_lessons.checks.result import Result

SWITCH = "DIFFUSION_LESSONS_SOLUTIONS"
attempted: set[str] = set()  # the exercises of which a function that does something was checked in this session


def note_attempt(result: Result) -> None:
    if result.written:
        attempted.add(result.exercise.name)


@dataclass(frozen=True)
class Solution:
    """The code of a solution, shown as it is written."""

    code: str

    def __repr__(self) -> str:
        return self.code

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.code)}</pre>"


@dataclass(frozen=True)
class Asked:
    """What is asked, without an answer to it."""

    name: str
    question: str
    answer: Callable[..., Any]
    to_investigate: bool = False  # no check decides it: who wants to compare says what was found

    def solution(self, found: Any = None) -> Solution:
        """One answer; PermissionError before an attempt, or where a class keeps solutions back.

        found: for an exercise to investigate, what you found yourself: the number that you reached, or a sentence.
        """
        if os.environ.get(SWITCH, "").lower() == "off":
            raise PermissionError(f"the solution of {self.name} is kept back here: ask your teacher")
        if self.to_investigate and (found is None or found is ... or (isinstance(found, str) and not found)):
            raise PermissionError(f'try it first: check("{self.name}").solution(what you found) shows one answer')
        if not self.to_investigate and self.name not in attempted:
            raise PermissionError(
                f'try it first: check("{self.name}", ...) with a function of your own, right or wrong'
            )
        return Solution(inspect.getsource(self.answer).rstrip())

    def __repr__(self) -> str:
        return self.question


def asked(record: Exercise) -> Asked:
    """An exercise that a check decides."""
    return Asked(record.name, f"{record.signature}: {record.task}", getattr(model_answers, record.name))


def to_investigate(name: str, answer: Callable[..., Any]) -> Asked:
    """One that no check decides; the first line of the answer's docstring names its lesson."""
    lesson = (answer.__doc__ or "").partition(":")[0]
    return Asked(name, f"{name}: to investigate, at the end of {lesson[:1].lower()}{lesson[1:]}", answer, True)

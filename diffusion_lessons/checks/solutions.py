"""Solutions for those who learn alone: shown after an attempt, unless a class keeps them back.

    check("ddim_step").solution()

Set DIFFUSION_LESSONS_SOLUTIONS=off where Jupyter runs, as `diffusion-lessons lab --class` does, to keep them back.
"""

import inspect
import os
from dataclasses import dataclass
from html import escape

from diffusion_lessons.checks import model_answers
from diffusion_lessons.checks.exercise import Exercise
from diffusion_lessons.checks.result import Result

SWITCH = "DIFFUSION_LESSONS_SOLUTIONS"
attempted: set[str] = set()  # the exercises of which a function that does something was checked in this session


def note_attempt(result: Result) -> None:
    if result.written:
        attempted.add(result.exercise.name)


@dataclass(frozen=True)
class Asked:
    """An exercise without an answer to it."""

    exercise: Exercise

    def solution(self) -> "Solution":
        """Code that solves it; PermissionError before an attempt, or where a class keeps solutions back."""
        name = self.exercise.name
        if os.environ.get(SWITCH, "").lower() == "off":
            raise PermissionError(f"the solution of {name} is kept back here: ask your teacher")
        if name not in attempted:
            raise PermissionError(f'try it first: check("{name}", ...) with a function of your own, right or wrong')
        return Solution(inspect.getsource(getattr(model_answers, name)).rstrip())

    def __repr__(self) -> str:
        return f"{self.exercise.signature}: {self.exercise.task}"


@dataclass(frozen=True)
class Solution:
    """The code of a solution, shown as it is written."""

    code: str

    def __repr__(self) -> str:
        return self.code

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.code)}</pre>"

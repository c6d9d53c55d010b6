"""An exercise as a record, and the three steps of a check: draw inputs, collect answers, assess them.

    cases   = exercise.cases(seed)               # inputs, fresh for every seed
    answers = collect(exercise, function, seed)  # what a learner's function returns on them, as plain values
    result  = assess(exercise, answers, seed)    # which parts are right, and if not, which mistake it is

`collect` is the only step that runs the learner's code (portable/answers.py). Its answers can leave the process as
JSON, so that a grader assesses them elsewhere.

Each mistake is a complete wrong function. A learner whose answers agree with it on every input has made this mistake,
and gets its hint. The first part of an exercise is the essential one: while it is wrong, the other parts, special cases
that a wrong function may satisfy by chance, earn nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from diffusion_lessons.checks.portable.answers import NOT_WRITTEN, Answer, Answers, Inputs, ask, ask_once
from diffusion_lessons.checks.portable.values import plain, show


@dataclass(frozen=True)
class Part:
    """One property: inputs that show it, and what is expected there (the solution's answer unless given)."""

    name: str
    inputs: Callable[[np.random.Generator], Inputs]
    expected: Callable[..., Any] | None = None
    draws: int = 2


@dataclass(frozen=True)
class Mistake:
    """A known wrong version, and the hint for whoever wrote it: what went wrong, without the answer."""

    name: str
    function: Callable[..., Any]
    hint: str


@dataclass(frozen=True)
class Exercise:
    """`signature` is what the learner writes; `lesson` is what to reread; `order_free` answers are sorted first."""

    signature: str
    task: str
    lesson: str
    solution: Callable[..., Any]
    parts: Sequence[Part]
    mistakes: Sequence[Mistake]
    hint: str
    order_free: bool = False

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]

    @property
    def arguments(self) -> list[str]:
        return self.signature.partition("(")[2].rstrip(")").split(", ")

    def cases(self, seed: int) -> list[list[Inputs]]:
        """The inputs that this seed gives: for each part, its draws."""
        rng = np.random.default_rng([seed, *self.name.encode()])
        return [[part.inputs(rng) for _ in range(part.draws)] for part in self.parts]


@dataclass(frozen=True)
class Result:
    """The outcome of a check. Its text says what is right, what is not, and where to look."""

    exercise: Exercise
    right: tuple[bool, ...]  # one for each part
    mistake: Mistake | None = None
    trouble: str = ""  # the first part that went wrong, with its inputs, or why nothing could be checked
    written: bool = True

    @property
    def passed(self) -> bool:
        return all(self.right)

    @property
    def score(self) -> float:
        """Share of the parts that are right, in [0, 1]; 0 while the first one is wrong."""
        return sum(self.right) / len(self.right) if self.right[0] else 0.0

    @cached_property
    def text(self) -> str:
        name, parts = self.exercise.name, self.exercise.parts
        if self.passed:
            return f"{name}: right. " + "; ".join(part.name for part in parts) + "."
        if not self.written:
            return f"{name}: not written yet. {self.exercise.task}"
        lines = [f"{name}: not yet right ({sum(self.right)} of {len(parts)} parts)."]
        lines += [f"  {'ok   ' if ok else 'wrong'}  {part.name}" for ok, part in zip(self.right, parts, strict=True)]
        lines.append(self.trouble)
        if self.mistake is not None:
            lines.append(f"This looks like: {self.mistake.name}. {self.mistake.hint}")
        else:
            lines.append(f"Hint: {self.exercise.hint}")
        return "\n".join([*lines, f"Reread: {self.exercise.lesson}."])

    def require(self) -> "Result":
        """Itself if all is right; otherwise an error that says what is not (for the test cells of assignments)."""
        if not self.passed:
            raise NotYetRight(self.text)
        return self

    def __repr__(self) -> str:
        return self.text


class NotYetRight(AssertionError):
    """A check that did not pass; the message is the result's text."""


def collect(exercise: Exercise, function: Any, seed: int) -> Answers:
    """The function's answers on the inputs of this seed."""
    return ask(function, exercise.cases(seed))


def assess(exercise: Exercise, answers: Answers, seed: int) -> Result:
    """Compare answers with the solution's and, if they differ, with those of each known mistake."""
    cases = exercise.cases(seed)
    if [len(part) for part in answers] != [len(part) for part in cases]:
        return Result(exercise, (False,) * len(cases), trouble="The answers do not belong to these inputs.")
    expected = [
        [Answer(plain((part.expected or exercise.solution)(*inputs))) for inputs in draws]
        for part, draws in zip(exercise.parts, cases, strict=True)
    ]
    right = tuple(
        all(a.agrees(e, exercise.order_free) for a, e in zip(mine, theirs, strict=True))
        for mine, theirs in zip(answers, expected, strict=True)
    )
    if all(right):
        return Result(exercise, right)
    flat = [answer for part in answers for answer in part]
    if all(answer.error == NOT_WRITTEN or (answer.error is None and answer.value is None) for answer in flat):
        return Result(exercise, (False,) * len(cases), written=False)
    mistake = next((m for m in exercise.mistakes if _matches(m, exercise, flat, cases)), None)
    return Result(exercise, right, mistake, _trouble(exercise, right, answers, cases, expected))


def uses_library(exercise: Exercise, function: str) -> Result:
    """The result of a function that calls the library."""
    trouble = f"It calls {function}. Here the function is yours to write, without the library: numpy and torch will do."
    return Result(exercise, (False,) * len(exercise.parts), trouble=trouble)


def _matches(mistake: Mistake, exercise: Exercise, flat: list[Answer], cases: list[list[Inputs]]) -> bool:
    wrong = (ask_once(mistake.function, inputs) for part in cases for inputs in part)
    return all(mine.agrees(theirs, exercise.order_free) for mine, theirs in zip(flat, wrong, strict=True))


def _trouble(
    exercise: Exercise, right: tuple[bool, ...], answers: Answers, cases: list[list[Inputs]], expected: Answers
) -> str:
    """The first input on which a part fails, with the learner's answer and the expected one."""
    part = right.index(False)
    inputs, mine, theirs = next(
        case
        for case in zip(cases[part], answers[part], expected[part], strict=True)
        if not case[1].agrees(case[2], exercise.order_free)
    )
    arguments = ", ".join(f"{name} = {show(value)}" for name, value in zip(exercise.arguments, inputs, strict=True))
    outcome = f"it raised {mine.error}" if mine.error is not None else f"yours gives {show(mine.value)}"
    return f"With {arguments}: {outcome}, expected {show(theirs.value)}."

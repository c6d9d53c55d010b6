"""An exercise as a record: what is asked, the solution, the inputs that show each part of it, and known mistakes.

    cases = exercise.cases(seed)  # inputs, fresh for every seed

Each mistake is a complete wrong function. A learner whose answers agree with it on every input has made this mistake,
and gets its hint. The first part of an exercise is the essential one: while it is wrong, the other parts, special cases
that a wrong function may satisfy by chance, earn nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffusion_lessons.checks.portable.answers import Inputs


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

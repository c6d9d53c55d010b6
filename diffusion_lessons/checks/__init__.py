"""Self-checks: is my function right, and if not, which mistake is it?

    from diffusion_lessons.checks import check

    def ddim_step(x, eps, alpha_bar_t, alpha_bar_s): ...

    check("ddim_step", ddim_step)

The result says which properties hold, names the mistake if it is a known one, and says what to reread. Inputs are
drawn from `seed`; the lessons and the visible tests of the assignments use the default, and graders use others.
"""

from collections.abc import Callable
from typing import Any, overload

import torch
from torch import Tensor

from diffusion_lessons.checks.assessing import assess, collect, explained, gives_gradient, uses_library
from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises import EXERCISES
from diffusion_lessons.checks.investigations import INVESTIGATIONS
from diffusion_lessons.checks.library_calls import library_calls
from diffusion_lessons.checks.portable.answers import Answer, ask
from diffusion_lessons.checks.portable.names import variant
from diffusion_lessons.checks.printing import first_lines
from diffusion_lessons.checks.result import Result
from diffusion_lessons.checks.solutions import Asked, asked, note_attempt, to_investigate
from diffusion_lessons.machine.fields import check_name

NO_FUNCTION: Any = object()
PRINTED = 6  # lines of what a function prints while it is checked


def exercise(name: str) -> Exercise:
    """The exercise of this name."""
    check_name("exercise", name, EXERCISES)
    return EXERCISES[name]


@overload
def check(name: str) -> Asked: ...
@overload
def check(name: str, function: Any, *, seed: int = 0, without_library: bool = False) -> Result: ...
def check(name: str, function: Any = NO_FUNCTION, *, seed: int = 0, without_library: bool = False) -> Result | Asked:
    """Check a function (or, for exercises that ask for numbers, the answer itself) on fresh inputs.

    With `without_library=True` a function that calls the library is not right, whatever it returns. Without a function,
    the exercise itself, whose `solution()` can be seen after an attempt: `check("ddim_step").solution()`. One to
    investigate has no check; it is asked for what was found: `check("ten_ddim_times").solution(0.058)`.
    """
    investigated = isinstance(name, str) and name in INVESTIGATIONS
    if function is NO_FUNCTION:
        return to_investigate(name, INVESTIGATIONS[name]) if investigated else asked(exercise(name))
    if investigated:
        raise ValueError(f'{name} has no check: check("{name}").solution(what you found) shows one answer')
    record = exercise(name)
    if without_library:
        cases = record.cases(seed)
        with first_lines(0), library_calls() as calls:
            ask(function, cases)
        if calls:
            return uses_library(record, calls[0])
    with first_lines(PRINTED):
        answers = collect(record, function, seed)
    result = assess(record, answers, seed)
    note_attempt(result)
    if result.passed or not result.written or not callable(function):
        return result
    with first_lines(0):
        return explained(result, function, seed)


def working(
    name: str, function: Any, otherwise: Callable[..., Any] | None = None, *, gradient: bool = False
) -> Callable[..., Tensor]:
    """The function with which a lesson goes on: the learner's own once it passes its check, until then the course's.

    One printed line says which. What it returns is a tensor in the type of its first tensor argument, so that a
    function written for numbers or for NumPy can drive a network. `otherwise` takes the place of the exercise's
    solution, where the cells that follow need something which that does not give, such as a gradient. With
    `gradient=True` a right function that computes outside of torch, where no gradient flows, is told so and not used.
    """
    mine = check(name, function).passed
    outside = mine and gradient and not gives_gradient(exercise(name), function)
    until = "it computes with torch, since no gradient flows through it" if outside else "it passes the check"
    mine = mine and not outside
    print(f"{name}: this lesson now runs on {'yours' if mine else f'ours, and on yours as soon as {until}'}")
    chosen = function if mine else otherwise or exercise(name).solution

    def in_tensors(*arguments: Any) -> Tensor:
        like = next((a for a in arguments if isinstance(a, Tensor)), torch.zeros((), dtype=torch.float64))
        return torch.as_tensor(chosen(*arguments), dtype=like.dtype, device=like.device)

    return in_tensors


def inputs(name: str, seed: int) -> dict[str, Any]:
    """The first inputs that `check` draws from this seed, by name, for exercises whose numbers the student sees."""
    record = exercise(name)
    return dict(zip(record.arguments, record.cases(seed)[0][0], strict=True))


__all__ = [
    "EXERCISES",
    "Answer",
    "Exercise",
    "Mistake",
    "Part",
    "Result",
    "assess",
    "check",
    "collect",
    "exercise",
    "inputs",
    "variant",
    "working",
]

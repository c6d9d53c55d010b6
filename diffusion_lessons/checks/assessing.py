"""The steps of a check: collect what a learner's function answers, and assess it.

    answers = collect(exercise, function, seed)  # what it returns on the exercise's inputs, as plain values
    result  = assess(exercise, answers, seed)    # which parts are right, and if not, which mistake it is

`collect` is the only step that runs the learner's code (portable/answers.py). Its answers can leave the process as
JSON, so that a grader assesses them elsewhere.
"""

import dis
import traceback
import warnings
from dataclasses import replace
from typing import Any

import torch

from diffusion_lessons.checks.exercise import Exercise, Mistake
from diffusion_lessons.checks.portable.answers import NOT_WRITTEN, RETURNED, Answer, Answers, Inputs, ask, ask_once
from diffusion_lessons.checks.portable.values import conventions, plain, same, show
from diffusion_lessons.checks.result import Result

NO_RETURN = "It gave None every time: is the `return` missing?"
NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "CACHE"}  # what an empty body consists of


def collect(exercise: Exercise, function: Any, seed: int) -> Answers:
    """The function's answers on the inputs of this seed; one whose body is empty is not written."""
    cases = exercise.cases(seed)
    if is_empty(function):
        return [[Answer(error=NOT_WRITTEN) for _ in part] for part in cases]
    return ask(function, cases)


def is_empty(function: Any) -> bool:
    """Whether a function does nothing but return None: `...`, `pass`, or only a docstring."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    steps = list(dis.get_instructions(code))
    return {step.opname for step in steps} <= NOTHING and not any(
        step.opname in ("LOAD_CONST", "RETURN_CONST") and step.argval is not None for step in steps
    )


def line_of_error(function: Any, inputs: Inputs) -> str:
    """The line of the function, as it was written, on which it stops; "" if it does not, or if that is not known."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    for call in conventions(function):
        try:
            call(*inputs)
        except (Exception, SystemExit) as error:
            lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
            return lines[-1] or "" if lines else ""
    return ""


def changed_inputs(exercise: Exercise, function: Any, seed: int) -> list[str]:
    """The arguments that the function changes in place: what a line such as `x -= eps` does to an array."""
    changed: dict[str, None] = {}
    for part in exercise.cases(seed):
        before = [plain_or_none(value) for value in part[0]]

        def watched(*arguments: Any, before: list[Any] = before) -> None:
            function(*arguments)
            for name, value, old in zip(exercise.arguments, arguments, before, strict=True):
                if old is not None and not same(plain_or_none(value), old):
                    changed[name] = None

        ask_once(next(conventions(watched)), part[0])
    return list(changed)


def draws_noise(exercise: Exercise, function: Any, seed: int) -> bool:
    """Whether two calls with the same inputs differ."""
    return not all(
        one.agrees(other, exercise.order_free)
        for first, second in zip(*(collect(exercise, function, seed) for _ in range(2)), strict=True)
        for one, other in zip(first, second, strict=True)
    )


def gives_gradient(exercise: Exercise, function: Any) -> bool:
    """Whether a gradient flows from the function's answer, on tensors, back into the functions that it is given."""
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)

    def learnable(value: Any) -> Any:
        return (lambda *arguments: weight * value(*arguments)) if callable(value) else value

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of float(...) on a tensor that has a gradient
            answer = next(conventions(function))(*map(learnable, exercise.cases(0)[0][0]))
    except (Exception, SystemExit):
        return False
    return isinstance(answer, torch.Tensor) and answer.requires_grad


def plain_or_none(value: Any) -> Any:
    """A value that can be compared, or None for one that cannot, such as a network."""
    try:
        return plain(value)
    except Exception:  # whatever turning a stranger's value into numbers raises
        return None


def assess(exercise: Exercise, answers: Answers, seed: int) -> Result:
    """Compare answers with the solution's and, if they differ, with those of each known mistake."""
    cases = exercise.cases(seed)
    if [len(part) for part in answers] != [len(part) for part in cases]:
        return Result(exercise, (False,) * len(cases), unusable="The answers do not belong to these inputs.")
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
    nothing = (False,) * len(cases)
    if all(answer.error == NOT_WRITTEN for answer in flat):
        return Result(exercise, nothing, written=False)
    if all(answer == Answer() for answer in flat):
        return Result(exercise, nothing, unusable=NO_RETURN)
    mistake = next((m for m in exercise.mistakes if _matches(m, exercise, flat, cases)), None)
    if mistake is None and flat[0].error is not None and all(answer.error == flat[0].error for answer in flat):
        return Result(exercise, nothing, unusable=f"Your function {_outcome(flat[0])}, every time.")
    return Result(exercise, right, mistake, _trouble(exercise, right, answers, cases, expected))


def explained(result: Result, function: Any, seed: int) -> Result:
    """The result, with what only the function itself can tell: where it stops, and whether it changes its inputs."""
    exercise = result.exercise
    if result.unusable:
        line = line_of_error(function, exercise.cases(seed)[0][0])
        return replace(result, unusable=f"{result.unusable} It stops at the line: {line}") if line else result
    if draws_noise(exercise, function, seed):
        why = "It draws noise: asked twice with the same inputs, it gives two answers."
        return replace(result, trouble=f"{result.trouble} {why}")
    if changed := changed_inputs(exercise, function, seed):
        why = f"It changes {' and '.join(changed)} in place, as x -= 1 does to an array. Write x = x - 1 instead."
        return replace(result, trouble=f"{result.trouble} {why}")
    return result


def uses_library(exercise: Exercise, function: str) -> Result:
    """The result of a function that calls the library."""
    why = f"It calls {function}. Here the function is yours to write, without the library: numpy and torch will do."
    return Result(exercise, (False,) * len(exercise.parts), unusable=why)


def _matches(mistake: Mistake, exercise: Exercise, flat: list[Answer], cases: list[list[Inputs]]) -> bool:
    wrong = (ask_once(mistake.function, inputs) for part in cases for inputs in part)
    return all(
        mine.agrees(theirs, exercise.order_free) and _kind(mine) == _kind(theirs)
        for mine, theirs in zip(flat, wrong, strict=True)
    )


def _kind(answer: Answer) -> str:
    """The name of what was raised, if anything was; one for all that numpy and torch raise where shapes do not fit."""
    kind = (answer.error or "").partition(":")[0]
    return "ValueError" if kind in ("RuntimeError", "TypeError") else kind


def _outcome(answer: Answer) -> str:
    if answer.error is None:
        return f"gives {show(answer.value)}"
    return answer.error if answer.error.startswith(RETURNED) else f"raised {answer.error}"


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
    given = ("a function" if callable(value) else show(value) for value in inputs)
    arguments = ", ".join(f"{name} = {value}" for name, value in zip(exercise.arguments, given, strict=True))
    return f"With {arguments}: yours {_outcome(mine)}, expected {show(theirs.value)}."

"""A learner's answers: what a function returns on the inputs of a check, as plain values that travel as JSON.

    answers = ask(function, cases)   # runs the learner's code
    decode(encode(answers)) == answers

A grader collects answers in a process that it does not trust and assesses them in another, so `decode` trusts no text.
"""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diffusion_lessons.checks.portable.values import Plain, conventions, plain, same

Inputs = tuple[Any, ...]
NOT_WRITTEN = "NotImplementedError"
RETURNED = "returned "  # how an error begins that is about what came back, and was raised by nothing of the learner's
LONGEST = 2_000_000  # characters of encoded answers


@dataclass(frozen=True)
class Answer:
    """What a function did with one input: a plain value, or the error that it raised."""

    value: Plain = None
    error: str | None = None

    def agrees(self, other: "Answer", order_free: bool = False) -> bool:
        if self.error is not None or other.error is not None:
            return self.error is not None and other.error is not None
        a, b = (_sorted(answer.value) if order_free else answer.value for answer in (self, other))
        return same(a, b)


Answers = list[list[Answer]]  # for each part of an exercise, for each of its draws


def _sorted(value: Plain) -> Plain:
    return sorted(value, key=repr) if isinstance(value, list) else value


def ask(function: Any, cases: list[list[Inputs]]) -> Answers:
    """The function's answers on these inputs, in the convention in which it raises fewest errors.

    Anything but a function is taken as the answer itself, for exercises that ask for a number.
    """
    best: Answers = []
    fewest = None
    for call in conventions(function if callable(function) else lambda *_: function):
        answers = [[ask_once(call, inputs) for inputs in part] for part in cases]
        errors = sum(answer.error is not None for part in answers for answer in part)
        if fewest is None or errors < fewest:
            best, fewest = answers, errors
        if errors == 0 or any(answer.error == NOT_WRITTEN for part in answers for answer in part):
            break
    return best


def ask_once(call: Callable, inputs: Inputs) -> Answer:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy's functions on tensors: a learner may mix them
            value = call(*inputs)
    except NotImplementedError:
        return Answer(error=NOT_WRITTEN)
    except (Exception, SystemExit) as error:
        return Answer(error=f"{type(error).__name__}: {error}"[:300])
    try:
        return Answer(plain(value))
    except TypeError as error:
        return Answer(error=f"{RETURNED}{error}"[:300])
    except (Exception, SystemExit) as error:  # of a value that is nested without end, or of a class of the learner's
        why = f"{type(error).__name__}: {error}"
        return Answer(
            error=f"{RETURNED}a value of type {type(value).__name__}, which cannot be read as numbers ({why})"[:300]
        )


def encode(answers: Answers) -> str:
    return json.dumps([[{"value": answer.value, "error": answer.error} for answer in part] for part in answers])


def decode(text: Any) -> Answers:
    """The answers in a text from a process that is not to be trusted; ValueError if it does not hold any."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ValueError(f"answers are text of at most {LONGEST} characters")
    try:
        parts = json.loads(text)
    except RecursionError:
        raise ValueError("the answers are nested too deeply") from None
    try:
        return [[Answer(_shallow(item["value"]), _error(item["error"])) for item in part] for part in parts]
    except (TypeError, KeyError, RecursionError):
        raise ValueError("the answers have another form than `encode` gives them") from None


def _shallow(value: Any, depth: int = 0) -> Any:
    """The value, or TypeError if it is nested more deeply than any answer."""
    if depth > 8:
        raise TypeError("nested too deeply")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _shallow(item, depth + 1)
    return value


def _error(text: Any) -> str | None:
    return None if text is None else str(text)[:300]

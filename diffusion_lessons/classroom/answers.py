"""How a student's values leave the process in which the student's code ran: as JSON, in the output of the test cell.

The hidden line of a test cell, `send(name, function, seed)`, runs inside that process. It draws the inputs, calls the
function, and puts what came back into the output. Nothing is judged there, so nothing that the student's code changes,
torch, these functions or the output itself, can do more than send other values; and values earn points only if they
agree with what the grader, elsewhere, expects of inputs that it draws itself.
"""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from diffusion_lessons.checks import Answer, collect, exercise, variant
from diffusion_lessons.checks.exercise import Answers

MIME = "application/x-diffusion-lessons-answers"
LONGEST = 2_000_000  # characters
MOST_CPU = 10  # seconds; the inputs are tiny, so what takes longer does not end


def send(name: str, function: Any, seed: int | None) -> None:
    """Put the answers of a function on the inputs of a seed into the cell's output.

    With `seed=None` the inputs are the student's own. Then the values are the answer, whatever was drawn here.
    """
    from IPython.display import publish_display_data

    with at_most(MOST_CPU):
        answers = collect(exercise(name), function, variant("") if seed is None else seed)
    publish_display_data({MIME: encode(answers), "text/plain": f"answers of {name}"})


class TookTooLong(BaseException):
    """Not an Exception: a function that is called again and again on other inputs is not to go on with the next."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in the code inside after that much CPU time, so that only this test is lost."""

    def stop(*_: Any) -> None:
        raise TookTooLong(f"no answer after {seconds:g} s of computing")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


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
        return [[Answer(_checked(item["value"]), _error(item["error"])) for item in part] for part in parts]
    except (TypeError, KeyError, RecursionError):
        raise ValueError("the answers have another form than `send` gives them") from None


def _checked(value: Any, depth: int = 0) -> Any:
    """The value, or TypeError if it is nested more deeply than any answer."""
    if depth > 8:
        raise TypeError("nested too deeply")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _checked(item, depth + 1)
    return value


def _error(text: Any) -> str | None:
    return None if text is None else str(text)[:300]

"""How a student's values leave the process in which the student's code ran: as JSON, in the output of the test cell.

The hidden line of a test cell, `send(name, function, seed)`, runs inside that process. It draws the inputs, calls the
function, and puts what came back into the output. Nothing is judged there, so nothing that the student's code changes,
torch, these functions or the output itself, can do more than send other values; and values earn points only if they
agree with what the grader, elsewhere, expects of inputs that it draws itself.
"""

import json
from typing import Any

from diffusion_lessons.checks import Answer, collect, exercise, variant
from diffusion_lessons.checks.exercise import Answers

MIME = "application/x-diffusion-lessons-answers"
LONGEST = 2_000_000  # characters


def send(name: str, function: Any, seed: int | None) -> None:
    """Put the answers of a function on the inputs of a seed into the cell's output.

    With `seed=None` the inputs are the student's own. Then the values are the answer, whatever was drawn here.
    """
    from IPython.display import publish_display_data

    answers = collect(exercise(name), function, variant("") if seed is None else seed)
    publish_display_data({MIME: encode(answers), "text/plain": f"answers of {name}"})


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

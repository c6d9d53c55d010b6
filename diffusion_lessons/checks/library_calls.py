"""Record whether a learner's function calls the library.

Assignments ask for a function without such calls: a wrapper around the library's own DDIM step would be right and show
nothing. The record helps the student, who reads at once what the grader will say. It can be evaded, and the grader does
not rely on it: in the process that decides the points there is no library to call.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PACKAGE = "diffusion_lessons."
OUR_PART = (f"{PACKAGE}checks.library_calls", f"{PACKAGE}checks.assessing", f"{PACKAGE}checks.portable.")


def is_ours(module: str) -> bool:
    """Whether a module is part of the check itself, which may call what it likes."""
    return module in OUR_PART[:2] or module.startswith(OUR_PART[2])


@contextmanager
def library_calls() -> Iterator[list[str]]:
    """The names of the library's functions that are called in the block, in a list that grows with each call."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith(PACKAGE) and not is_ours(module):
            calls.append(f"{module}.{frame.f_code.co_qualname}")

    previous = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(previous)

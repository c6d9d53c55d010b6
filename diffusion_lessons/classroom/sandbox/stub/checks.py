"""The stub of `diffusion_lessons.checks`: answers are judged in another process, and only that has the solutions."""

from typing import Any

from diffusion_lessons.checks.portable.names import variant as variant

OWN: dict[str, dict[str, Any]] = {}  # the student's own numbers of an exercise; filled in by run.py


class Later:
    """In place of a result."""

    passed, score, text = False, 0.0, "judged by the grader"

    def require(self) -> "Later":
        return self

    def __repr__(self) -> str:
        return self.text


def check(name: str, function: Any, **_: Any) -> Later:
    return Later()


def inputs(name: str, seed: int) -> dict[str, Any]:
    return dict(OWN[name])


def __getattr__(name: str) -> Any:
    from diffusion_lessons import Absent

    if name.startswith("__"):
        raise AttributeError(name)
    return Absent(f"{__name__}.{name}")

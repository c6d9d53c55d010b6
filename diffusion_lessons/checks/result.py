"""The outcome of a check, as text for terminals and error messages and as HTML for notebooks."""

import textwrap
from dataclasses import dataclass
from functools import cached_property
from html import escape

from diffusion_lessons.checks.exercise import Exercise, Mistake

COLUMNS = 88  # of a terminal
RIGHT, WRONG, UNWRITTEN = "#00694D", "#B34700", "#707070"  # of the bar at the left; a sign and a word say it, too
BOX = '<div style="border-left: 4px solid {}; padding: 2px 0 2px 10px; max-width: 46em; line-height: 1.45">{}</div>'


@dataclass(frozen=True)
class Result:
    """The outcome of a check. Its text says what is right, what is not, and where to look."""

    exercise: Exercise
    right: tuple[bool, ...]  # one for each part
    mistake: Mistake | None = None
    trouble: str = ""  # the first part that went wrong, with its inputs
    written: bool = True
    unusable: str = ""  # why no part could be judged at all: then neither parts nor hints are of use

    @property
    def passed(self) -> bool:
        return all(self.right)

    @property
    def score(self) -> float:
        """Share of the parts that are right, in [0, 1]; 0 while the first one is wrong."""
        return sum(self.right) / len(self.right) if self.right[0] else 0.0

    @property
    def _verdict(self) -> str:
        if self.passed:
            return "right."
        if not self.written:
            return "not written yet."
        return f"not yet right ({sum(self.right)} of {len(self.right)} parts)."

    @property
    def _advice(self) -> tuple[str, str]:
        if self.mistake is not None:
            return f"This looks like: {self.mistake.name}.", self.mistake.hint
        return "Hint:", self.exercise.hint

    @cached_property
    def text(self) -> str:
        """What stands on the page, a line for each part; as long as they are."""
        name, parts = self.exercise.name, self.exercise.parts
        if self.passed:
            return f"{name}: {self._verdict} " + "; ".join(part.name for part in parts) + "."
        if not self.written:
            return f"{name}: {self._verdict} {self.exercise.task}"
        if self.unusable:
            return f"{name}: not yet right. {self.unusable}"
        lines = [f"{name}: {self._verdict}"]
        lines += [f"  {'ok   ' if ok else 'wrong'}  {part.name}" for ok, part in zip(self.right, parts, strict=True)]
        lines += [self.trouble, " ".join(self._advice), f"Reread: {self.exercise.lesson}."]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        name, parts = escape(self.exercise.name), self.exercise.parts
        if self.passed:
            list_of = "; ".join(escape(part.name) for part in parts)
            return BOX.format(RIGHT, f"&#10003; <b>{name}: {self._verdict}</b> {list_of}.")
        if not self.written:
            return BOX.format(UNWRITTEN, f"<b>{name}:</b> {self._verdict} {escape(self.exercise.task)}")
        if self.unusable:
            return BOX.format(WRONG, f"&#10007; <b>{name}: not yet right.</b> {escape(self.unusable)}")
        marked = zip(self.right, parts, strict=True)
        signs = [f"{'&#10003; ok' if ok else '&#10007; wrong'}: {escape(part.name)}" for ok, part in marked]
        named, hint = map(escape, self._advice)
        lines = [f"&#10007; <b>{name}: {self._verdict}</b>", *signs, escape(self.trouble), f"<b>{named} {hint}</b>"]
        return BOX.format(WRONG, "<br>".join([*lines, f"Reread: {escape(self.exercise.lesson)}."]))

    def require(self) -> "Result":
        """Itself if all is right; otherwise an error that says what is not (for the test cells of assignments)."""
        if not self.passed:
            raise NotYetRight(self.text)
        return self

    def __repr__(self) -> str:
        lines = self.text.splitlines()
        return "\n".join(textwrap.fill(line, COLUMNS, subsequent_indent="  ", drop_whitespace=True) for line in lines)


class NotYetRight(AssertionError):
    """A check that did not pass; the message is the result's text."""

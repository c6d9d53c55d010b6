"""Questions to commit oneself to: predict before a cell runs, and sort statements at the end of a lesson.

Live, a click is answered at once with the reason. A stored notebook keeps the question as text, so that it can be
read, printed and thought about without a kernel.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import ipywidgets

MEASURED, INFORMED = "a measurement settles it", "a measurement informs it"
RIGHT, WRONG = "#009E73", "#D55E00"


class Question(NamedTuple):
    """Words, the choices, which of them is right, and why."""

    words: str
    options: Sequence[str]
    answer: int
    why: str


class Quiz:
    """Questions with choices; a click shows the reason, and how many were right at the first try."""

    def __init__(self, questions: Sequence[Question], *, title: str, reveal: bool):
        for question in questions:
            if not 0 <= question.answer < len(question.options):
                raise ValueError(f"{question.words!r} has {len(question.options)} options; answer {question.answer}?")
        self.questions, self.title, self.reveal = list(questions), title, reveal
        self.first: list[bool | None] = [None] * len(self.questions)
        self.choices = [self._choice(question) for question in self.questions]
        self.replies = [ipywidgets.HTML() for _ in self.questions]
        self.score = ipywidgets.HTML()
        rows: list[Any] = []
        for number, (question, choice) in enumerate(zip(self.questions, self.choices, strict=True)):
            choice.observe(lambda change, number=number: self._answered(number, change["new"]), names="value")
            rows += [ipywidgets.HTML(f"<b>{question.words}</b>"), choice, self.replies[number]]
        self.box = ipywidgets.VBox([*rows, self.score])

    @staticmethod
    def _choice(question: Question) -> ipywidgets.ToggleButtons:
        buttons = ipywidgets.ToggleButtons(options=list(question.options), value=None)
        buttons.style.button_width = "auto"
        return buttons

    def _answered(self, number: int, chosen: str | None) -> None:
        if chosen is None:
            return
        question = self.questions[number]
        right = chosen == question.options[question.answer]
        if self.first[number] is None:
            self.first[number] = right
        mark = f'<span style="color:{RIGHT}">Yes.</span>' if right else f'<span style="color:{WRONG}">No.</span>'
        self.replies[number].value = f"{mark} {question.why}"
        if len(self.questions) > 1 and None not in self.first:
            self.score.value = f"{sum(map(bool, self.first))} of {len(self.questions)} right at the first try"

    def text(self) -> str:
        """The questions as Markdown; with `reveal` the reasons are folded in beneath."""
        lines = [f"**{self.title}**", ""]
        for question in self.questions:
            lines += [f"- {question.words} *{' / '.join(question.options)}*"]
        if self.reveal:
            lines += ["", "<details><summary>Answers</summary>", ""]
            lines += [f"- {q.words} **{q.options[q.answer]}.** {q.why}" for q in self.questions]
            lines += ["", "</details>"]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        live = self.box._repr_mimebundle_(**options)
        return {**live, "text/markdown": self.text(), "text/plain": f"{self.title} ({len(self.questions)})"}


def predict(words: str, options: Sequence[str], *, answer: int, why: str) -> Quiz:
    """One question to answer before the next cell measures it; the stored notebook does not give it away."""
    return Quiz([Question(words, options, answer, why)], title="Predict, then run the next cell", reveal=False)


def scope_check(statements: Sequence[tuple[str, bool, str]]) -> Quiz:
    """Sort (statement, whether a measurement settles it, why): what this lesson's tools decide and what they do not."""
    questions = [Question(words, (MEASURED, INFORMED), 0 if settled else 1, why) for words, settled, why in statements]
    return Quiz(questions, title="Does a measurement settle it, or only inform it?", reveal=True)

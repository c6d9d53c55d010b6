"""Questions to commit oneself to: predict before a cell runs, and sort statements at the end of a lesson.

Live, a click is answered at once. A stored notebook keeps the question as text, so that it can be read, printed and
thought about without a kernel. The questions themselves stand in `panels/questions`, not in the cell that asks them.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets

from diffusion_lessons.panels.panel import live, on_page
from diffusion_lessons.panels.questions import Question, prediction, statements

RIGHT, WRONG = "#00694D", "#B34700"  # of words: 4.5 against white, and the words say it without them
SAID = '<div role="status" aria-live="polite">{}</div>'  # read out by screen readers when it changes
# ipywidgets says only by colour which button is pressed, and has no option for more: the page tells screen readers.
PRESSED = """
    const tell = () => panel.querySelectorAll('.widget-toggle-button').forEach(
        button => button.setAttribute('aria-pressed', button.classList.contains('mod-active')));
    panel.addEventListener('click', () => setTimeout(tell, 50));
    tell();
"""


class Quiz:
    """Questions with choices; a click is answered, and how many were right at the first try is counted."""

    def __init__(self, questions: Sequence[Question], *, title: str, reveal: bool):
        for question in questions:
            if not 0 <= question.answer < len(question.options):
                raise ValueError(f"{question.words!r} has {len(question.options)} options; answer {question.answer}?")
        self.questions, self.title, self.reveal = list(questions), title, reveal
        self.first: list[bool | None] = [None] * len(self.questions)
        self.choices = [self._choice(question) for question in self.questions]
        self.replies = [ipywidgets.HTMLMath() for _ in self.questions]
        self.score = ipywidgets.HTML()
        rows: list[Any] = []
        for number, (question, choice) in enumerate(zip(self.questions, self.choices, strict=True)):
            choice.observe(lambda change, number=number: self._answered(number, change["new"]), names="value")
            rows += [ipywidgets.HTMLMath(f"<b>{escape(question.words)}</b>"), choice, self.replies[number]]
        self.box = ipywidgets.VBox([*rows, self.score, on_page(PRESSED)])

    @staticmethod
    def _choice(question: Question) -> ipywidgets.ToggleButtons:
        buttons = ipywidgets.ToggleButtons(options=list(question.options), value=None)
        buttons.style.button_width = "auto"
        return buttons

    def _answered(self, number: int, chosen: str | None) -> None:
        if chosen is None:
            return
        question = self.questions[number]
        place = question.options.index(chosen)
        right = place == question.answer
        if self.first[number] is None:
            self.first[number] = right
        mark = f'<b style="color:{RIGHT}">&#10003; Yes.</b>' if right else f'<b style="color:{WRONG}">&#10007; No.</b>'
        self.replies[number].value = SAID.format(f"{mark} {escape(question.replies[place])}")
        if len(self.questions) > 1 and None not in self.first:
            self.score.value = SAID.format(
                f"{sum(map(bool, self.first))} of {len(self.questions)} right at the first try"
            )

    def text(self) -> str:
        """The questions as Markdown; with `reveal` the reasons are folded in beneath."""
        lines = [f"**{self.title}**", ""]
        if self.reveal:
            lines += [f"- {question.words}" for question in self.questions]
            lines += ["", "<details><summary>Answers</summary>", ""]
            lines += [f"- {q.words} **{q.options[q.answer]}.** {q.replies[q.answer]}" for q in self.questions]
            return "\n".join([*lines, "", "</details>"])
        for question in self.questions:
            lines += [question.words, "", *(f"- {option}" for option in question.options)]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return {**live(self.box), "text/markdown": self.text(), "text/plain": f"{self.title} ({len(self.questions)})"}


def predict(name: str, **measured: Any) -> Quiz:
    """The question of this name, such as "01.half_way", to answer before the next cell measures it.

    `measured` fills the places that the question leaves for numbers. Neither the cell nor the stored notebook gives the
    answer away. KeyError for a name that no lesson has.
    """
    return Quiz([prediction(name, **measured)], title="Predict, then run the next cell", reveal=False)


def scope_check(lesson: str) -> Quiz:
    """Sort the statements of a lesson, such as "01": which does a measurement settle, and which does it only inform?"""
    return Quiz(statements(lesson), title="Does a measurement settle it, or only inform it?", reveal=True)

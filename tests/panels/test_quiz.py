"""Quizzes: clicks are answered, the first try counts, and a stored notebook keeps the questions."""

import pytest

from diffusion_lessons.panels.questions import INFORMED, MEASURED, Question
from diffusion_lessons.panels.quiz import Quiz, predict, scope_check

HALF, TWELFTH, QUARTER = OPTIONS = ["half", "a twelfth", "a quarter, $t < 500$"]
LEFT = Question(
    "How much is left if b < a?", OPTIONS, 1, ["Are the steps equal?", "alpha_bar is 0.08 there.", "Too much."]
)


@pytest.fixture
def quiz():
    return Quiz([LEFT], title="Predict", reveal=False)


def test_each_choice_gets_its_own_reply(quiz):
    quiz.choices[0].value = HALF
    assert "No." in quiz.replies[0].value and "Are the steps equal?" in quiz.replies[0].value
    assert "0.08" not in quiz.replies[0].value
    quiz.choices[0].value = QUARTER
    assert "No." in quiz.replies[0].value and "Too much." in quiz.replies[0].value
    quiz.choices[0].value = TWELFTH
    assert "Yes." in quiz.replies[0].value and "0.08" in quiz.replies[0].value


def test_a_screen_reader_is_told_of_a_reply(quiz):
    quiz.choices[0].value = HALF
    assert 'aria-live="polite"' in quiz.replies[0].value


def test_signs_of_mathematics_are_no_markup(quiz):
    assert "b &lt; a" in quiz.box.children[0].value


def test_a_prediction_is_not_given_away(quiz):
    assert "0.08" not in quiz.text() and all(f"- {option}\n" in quiz.text() + "\n" for option in OPTIONS)


def test_a_stored_prediction_is_its_question():
    data = predict("01.half_way")._repr_mimebundle_()
    assert "how much of the variance is still data?" in data["text/markdown"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_first_try_counts():
    statements = [Question(words, [MEASURED, INFORMED], place, ["Why."] * 2) for words, place in (("A", 0), ("B", 1))]
    quiz = Quiz(statements, title="", reveal=True)
    quiz.choices[0].value = MEASURED
    assert quiz.score.value == ""
    quiz.choices[1].value = MEASURED
    quiz.choices[1].value = INFORMED
    assert "1 of 2 right at the first try" in quiz.score.value


def test_the_answers_of_a_scope_check_are_folded_in():
    text = scope_check("04").text()
    assert text.index("<details>") < text.index("Run it twice and compare the bits.") < text.index("</details>")
    assert scope_check("04")._repr_mimebundle_()["text/markdown"] == text


def test_an_answer_that_is_no_option():
    with pytest.raises(ValueError, match="has 2 options; answer 2"):
        Quiz([Question("?", ["a", "b"], 2, ["", ""])], title="", reveal=False)

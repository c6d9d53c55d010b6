"""Quizzes: clicks are answered, the first try counts, and a stored notebook keeps the questions."""

import pytest

from diffusion_lessons.panels.quiz import INFORMED, MEASURED, Question, Quiz, predict, scope_check

STATEMENTS = [
    ("DDIM with one seed gives one sample.", True, "Run it twice and compare."),
    ("This generator should be shipped.", False, "To whom, and for what?"),
]


def test_a_click_gets_its_reason():
    quiz = predict("How much is left?", ["half", "a twelfth"], answer=1, why="alpha_bar is 0.08 there.")
    quiz.choices[0].value = "half"
    assert "No." in quiz.replies[0].value and "0.08" in quiz.replies[0].value
    quiz.choices[0].value = "a twelfth"
    assert "Yes." in quiz.replies[0].value


def test_a_prediction_is_not_given_away():
    text = predict("How much is left?", ["half", "a twelfth"], answer=1, why="alpha_bar is 0.08 there.").text()
    assert "half / a twelfth" in text and "0.08" not in text


def test_the_first_try_counts():
    quiz = scope_check(STATEMENTS)
    quiz.choices[0].value = MEASURED
    assert quiz.score.value == ""
    quiz.choices[1].value = MEASURED
    quiz.choices[1].value = INFORMED
    assert "1 of 2 right at the first try" in quiz.score.value


def test_the_answers_of_a_scope_check_are_folded_in():
    text = scope_check(STATEMENTS).text()
    assert text.index("<details>") < text.index("To whom, and for what?") < text.index("</details>")
    assert scope_check(STATEMENTS)._repr_mimebundle_()["text/markdown"] == text


def test_an_answer_that_is_no_option():
    with pytest.raises(ValueError, match="has 2 options; answer 2"):
        Quiz([Question("?", ["a", "b"], 2, "")], title="", reveal=False)

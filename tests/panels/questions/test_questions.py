"""The questions of the lessons: each is asked once, by its own lesson, and its place gives nothing away."""

import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from diffusion_lessons.panels.questions import FOLDER, INFORMED, MEASURED, of_lesson, prediction, statements

SOURCES = Path(__file__).resolve().parents[3] / "notebooks/source"
FILES = sorted(FOLDER.glob("*_*.toml"))


def number(file):
    return file.stem.partition("_")[0]


def filled(name, entry):
    """The question, with a number in each place that it leaves."""
    texts = [entry["question"], entry["right"], entry["why"]]
    return prediction(name, **{place: 1 for text in texts for _, place, _, _ in Formatter().parse(text) if place})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_lesson_asks_each_of_its_questions_once(file):
    source = (SOURCES / f"{file.stem}.py").read_text()
    asked = re.findall(r'^predict\(\s*"([^"]+)"', source, re.M)
    assert sorted(asked) == sorted(f"{number(file)}.{name}" for name in of_lesson(number(file))["predict"])
    assert re.findall(r'^scope_check\("([^"]+)"\)', source, re.M) == [number(file)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_question_has_choices_and_a_reason(file):
    for name, entry in of_lesson(number(file))["predict"].items():
        question = filled(f"{number(file)}.{name}", entry)
        assert len(set(question.options)) == 1 + len(entry["wrong"]) >= 2
        assert all(question.options) and all(question.replies), f"{name}: a choice without a reply"
        assert len(set(question.replies)) == len(question.options), f"{name}: one reply for two choices"
    for statement in statements(number(file)):
        assert statement.options == [MEASURED, INFORMED] and all(statement.replies)


def test_the_place_of_an_answer_does_not_give_it_away():
    """Over the course every place is right about as often; within a lesson, as often as the others but for one."""
    over_all = Counter()
    for file in FILES:
        in_lesson = {}
        for name, entry in of_lesson(number(file))["predict"].items():
            question = filled(f"{number(file)}.{name}", entry)
            in_lesson.setdefault(len(question.options), Counter())[question.answer] += 1
        for count, found in in_lesson.items():
            assert max(found.values()) - min(found[place] for place in range(count)) <= 1, (file.stem, found)
        over_all += in_lesson.get(3, Counter())
    assert all(over_all.total() / 4 < over_all[place] < over_all.total() / 2 for place in range(3)), over_all


def test_an_order_is_the_same_each_time():
    entry = of_lesson("01")["predict"]["half_way"]
    orders = {tuple(prediction("01.half_way").options) for _ in range(2)}
    assert len(orders) == 1
    assert set(orders.pop()) == {entry["right"], *(option for option, _ in entry["wrong"])}


def test_measured_numbers_fill_the_places_of_a_question(monkeypatch):
    entry = {
        "question": "{rows} rows?",
        "right": "{rows:.1f}",
        "wrong": [["none", "There are {rows}."], ["{{}}", "No."]],
        "why": "{rows} counted",
    }
    monkeypatch.setattr("diffusion_lessons.panels.questions.of_lesson", lambda _: {"predict": {"count": entry}})
    question = prediction("99.count", rows=3)
    assert question.words == "3 rows?" and question.options[question.answer] == "3.0"
    assert dict(zip(question.options, question.replies, strict=True)) == {
        "3.0": "3 counted",
        "none": "There are 3.",
        "{}": "No.",
    }


def test_unknown_names_say_what_there_is():
    with pytest.raises(KeyError, match="no lesson '77' has questions; these have: 00, 01"):
        prediction("77.half_way")
    with pytest.raises(KeyError, match="lesson 01 asks no 'all'; it asks half_way"):
        prediction("01.all")

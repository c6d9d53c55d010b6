"""Every exercise: the solution passes, a stub earns nothing, and each known mistake gets its own hint and no other."""

import importlib
import pkgutil

import numpy as np
import pytest

from diffusion_lessons.checks import EXERCISES, Exercise, check, exercises

SEEDS = (0, 1)
ALL_MISTAKES = [(e.name, m.name) for e in EXERCISES.values() for m in e.mistakes]


def mistake_of(exercise, name):
    return next(mistake for mistake in exercise.mistakes if mistake.name == name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", EXERCISES)
def test_solution_gets_full_marks(name, seed):
    result = check(name, EXERCISES[name].solution, seed=seed)
    assert result.passed and result.score == 1.0, result


def stub(*args):
    raise NotImplementedError


def empty(*args):
    return None


@pytest.mark.parametrize("function", [stub, empty])
@pytest.mark.parametrize("name", EXERCISES)
def test_untouched_stub_earns_nothing(name, function):
    result = check(name, function)
    assert result.score == 0 and not result.passed and not any(result.right)
    assert "not written yet" in result.text and EXERCISES[name].task in result.text


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name, mistake", ALL_MISTAKES)
def test_each_mistake_gets_its_own_hint_and_no_other(name, mistake, seed):
    exercise = EXERCISES[name]
    result = check(name, mistake_of(exercise, mistake).function, seed=seed)
    assert not result.passed and result.score < 1
    assert result.mistake is not None, f"not recognised:\n{result}"
    assert result.mistake.name == mistake
    given = [m.name for m in exercise.mistakes if m.hint in result.text]
    assert given == [mistake]
    assert exercise.lesson in result.text and exercise.hint not in result.text


def first_argument(*args):
    return args[0]


MUTANTS = {
    "first argument": first_argument,
    "last argument": lambda *args: args[-1],
    "zero": lambda *args: 0.0,
    "one": lambda *args: 1.0,
    "not a number": lambda *args: float("nan"),
    "zeros like the first": lambda *args: np.zeros_like(args[0], dtype=float),
    "text": lambda *args: "text",
    "an empty list": lambda *args: [],
    "no arguments taken": lambda: 1.0,
    "an object": lambda *args: object(),
    "an error": lambda *args: 1 / 0,
}


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize("name", EXERCISES)
def test_functions_that_do_nothing_earn_nothing(name, mutant):
    result = check(name, MUTANTS[mutant])
    assert not result.passed, f"{mutant} passes {name}"
    assert result.score == 0, result


@pytest.mark.parametrize("name", EXERCISES)
def test_a_slightly_wrong_solution_fails(name):
    """One per mille off (or, where the answer is no number, with its first item lost)."""

    def wrong(*args):
        answer = EXERCISES[name].solution(*args)
        try:
            return np.asarray(answer, dtype=float) * 1.001 + 0.001
        except (TypeError, ValueError):
            return answer[1:] if answer else "something"

    assert not check(name, wrong).passed


@pytest.mark.parametrize("name", EXERCISES)
def test_other_seed_other_inputs_same_seed_same_inputs(name):
    exercise = EXERCISES[name]
    assert repr(exercise.cases(1)) == repr(exercise.cases(1)) != repr(exercise.cases(2))


@pytest.mark.parametrize("name", EXERCISES)
def test_names_and_texts(name):
    exercise = EXERCISES[name]
    assert exercise.signature.endswith(")") and exercise.lesson.startswith("lesson ")
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes) >= 2
    arguments = exercise.signature.partition("(")[2].rstrip(")").split(", ")
    for part in exercise.cases(0):
        assert all(len(inputs) == len(arguments) for inputs in part)


def test_no_exercise_of_a_lesson_is_forgotten():
    files = [
        importlib.import_module(file.name)
        for file in pkgutil.walk_packages(exercises.__path__, f"{exercises.__name__}.")
    ]
    records = {value.name for file in files for value in vars(file).values() if isinstance(value, Exercise)}
    assert records == EXERCISES.keys()
    for file in files:  # one lesson a file
        assert len({record.lesson[:9] for record in vars(file).values() if isinstance(record, Exercise)}) <= 1

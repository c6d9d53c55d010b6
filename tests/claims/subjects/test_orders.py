"""Solvers of high order on exact mixtures: a ratio of errors over sets of starts, with its interval."""

import pytest

from claims.numbers import by_name
from claims.register import measurements_of
from claims.subjects import orders
from diffusion_lessons.toys import convergence


@pytest.fixture
def errors(monkeypatch):
    """Made-up errors: of a name, a grid and a seed, whatever the number of steps."""

    def put(of):
        def made(which, *, path, steps, spacing, t_min, seed):
            (name,) = which
            return [convergence.Row(name, name, steps[0], steps[0], of(name, spacing, seed))]

        monkeypatch.setattr(orders.convergence, "errors", made)
        orders._errors.cache_clear()

    yield put
    orders._errors.cache_clear()


@pytest.mark.parametrize(("third", "word"), [(0.5, "holds"), (1.5, "does not hold here"), (None, "undecided")], ids=str)
def test_a_kind_takes_larger_steps_where_all_its_solvers_do(errors, third, word):
    """2M has half of DDIM's error; 3M less, more, or now the one and now the other."""

    def of(name, grid, seed):
        luck = 1 + 0.1 * (seed % 3)
        if name == "dpm_solver_pp_3m":
            return luck * (third or (3.0 if seed % 2 else 0.3))
        return luck * (0.5 if name == "dpm_solver_pp_2m" else 1.0)

    errors(of)
    (test,) = [one for one in measurements_of("C9b") if one.case.words == "multistep solvers"]
    numbers = by_name(test.function(**test.case.arguments))
    assert test.rule(numbers).word == word and not any(number.exact for number in numbers.values())
    assert numbers["6 evaluations: dpm_solver_pp_2m over DDIM"].value == pytest.approx(0.5)


def test_a_grid_is_chosen_on_other_starts_than_those_that_are_compared(errors):
    """The first set of starts alone speaks for the grid that is the worse one on all others."""
    errors(lambda name, grid, seed: (1.0 if seed == 0 else 3.0) if grid == "logsnr" else 2.0)
    assert orders._errors("ddim", 6) == [3.0] * orders.STARTS

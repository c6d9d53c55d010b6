"""Rows of techniques for the ledger: found by what was done, timed in pairs, waited for where there are none."""

import dataclasses

import pytest

from claims.numbers import by_name
from claims.techniques import placed_row, speed, technique_case, technique_row, times_faster
from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.techniques.technique_table import shipped_file
from diffusion_lessons.machine import places
from diffusion_lessons.sampling import Settings
from tests.benchmark.techniques.made_techniques import NAME, techniques


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    for one in techniques():
        seconds = tuple(drift * one.seconds_per_image for drift in (1.0, 1.4, 0.9)) if one.seconds_per_image else ()
        table.append(shipped_file(NAME), dataclasses.replace(one, seconds=seconds))


def test_a_row_is_found_by_exactly_what_was_done(shipped):
    plain, int8 = (technique_row(NAME, Settings("ddim", 5), *done) for done in ((), ("int8",)))
    assert plain.techniques == () and int8.techniques == ("int8",) and int8.settings.batch == 25
    assert technique_row(NAME, Settings("ddim", 5), "int8", batch=1).settings.batch == 1
    with pytest.raises(NotMeasured, match="int8: ddim@10"):
        technique_row(NAME, Settings("ddim", 10), "int8")
    with pytest.raises(NotMeasured, match="3 placed steps"):
        placed_row(NAME, "ddim", 3)


def test_rounds_pair_so_that_what_they_share_cancels(shipped):
    plain, int8 = (technique_row(NAME, Settings("ddim", 5), *done) for done in ((), ("int8",)))
    found = times_faster("faster", int8, plain)
    assert found.value == pytest.approx(10 / 4.5) and found.error == pytest.approx(0, abs=1e-12)
    with pytest.raises(NotMeasured, match="timed in turn"):
        times_faster("faster", dataclasses.replace(int8, session="another"), plain)


def test_a_table_that_is_not_there_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    for ask in (lambda: technique_row(NAME, Settings("ddim", 5)), lambda: placed_row(NAME, "ddim", 5)):
        with pytest.raises(NotMeasured, match="a table of techniques on digits-diffusion"):
            ask()
    assert technique_case("digits", NAME).command == "diffusion-lessons techniques digits-diffusion --measure"


def test_a_speed_up_stands_beside_evaluations_times_their_cost_and_the_load(shipped):
    plain, int8 = (technique_row(NAME, Settings("ddim", 5), *done) for done in ((), ("int8",)))
    cheap, dear = (
        dataclasses.replace(one, evaluation_seconds=cost, load=3.5) for one, cost in ((int8, 0.0004), (plain, 0.002))
    )
    numbers = by_name(speed("faster", cheap, dear))
    assert numbers["faster"] == times_faster("faster", int8, plain)
    assert numbers["faster, by evaluations times their cost"].value == pytest.approx(5.0)
    assert numbers["faster, load of the machine"].value == 3.5
    untimed = dataclasses.replace(cheap, evaluation_seconds=None, load=None)
    assert [number.name for number in speed("faster", untimed, dear)] == ["faster"]

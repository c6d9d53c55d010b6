"""The ledger forgets nothing: what is missing says so, faults are raised, the stale is refused, the page agrees."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

import claims
from claims import ledger
from claims.evidence import HOLDS, NOT_YET, Evidence, named
from claims.ledger import measures, on
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.machine import places

PAGE = Path(__file__).resolve().parents[2] / "CLAIMS.md"


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A ledger of its own, without any measurement."""
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    monkeypatch.setattr(ledger, "MEASURERS", [])
    return ledger


def test_every_claim_is_measured_or_says_what_it_waits_for():
    assert list(claims.CLAIMS) == [f"C{n}" for n in range(1, 32)]
    measured = {measurer.claim for measurer in claims.MEASURERS}
    for name, claim in claims.CLAIMS.items():
        assert (name in measured) != bool(claim.waits_for), name


def test_a_claim_stands_in_one_file():
    files = defaultdict(set)
    for measurer in claims.MEASURERS:
        files[measurer.claim].add(measurer.function.__module__)
    assert {name: found for name, found in files.items() if len(found) > 1} == {}


def test_measurements_are_entered_once():
    keys = [(measurer.claim, measurer.case.words) for measurer in claims.MEASURERS]
    assert len(set(keys)) == len(keys)


def test_the_stored_ledger_is_that_of_these_measurements_and_words():
    entries = shipped.ledger()
    measured = defaultdict(list)
    for measurer in claims.MEASURERS:
        measured[measurer.claim].append(measurer.case.words)
    assert {name: [one["on"] for one in entry["evidence"]] for name, entry in entries.items()} == measured
    for name, evidence in claims.read().items():
        assert entries[name]["claim"] == claims.CLAIMS[name].text
        assert entries[name]["verdict"] == claims.combined(evidence)


def test_evidence_is_kept_with_where_it_was_measured(empty):
    measures("C9", on("paper"))(lambda: Evidence(HOLDS, "It was so.", [named("slope", 2.0, 0.1)]))
    measures("C3", on("nothing", needs=["a-network"]))(lambda: pytest.fail("measured without its network"))
    measures("C1", on("a table"))(lambda: shipped.find([], None))
    kept = claims.gather()
    (found,) = kept["C9"]
    assert found.where["torch"] and found.on == "paper" and found.numbers[0].s == 0.1
    assert kept["C3"][0].verdict == kept["C1"][0].verdict == NOT_YET
    assert "a-network" in kept["C3"][0].because and "no row" in kept["C1"][0].because
    assert claims.markdown(claims.read()) == claims.markdown(kept)
    stored = json.loads((places.measurements() / shipped.LEDGER).read_text())
    assert list(stored) == ["C1", "C3", "C9"]
    assert (stored["C9"]["claim"], stored["C9"]["verdict"]) == (claims.CLAIMS["C9"].text, HOLDS)
    page = claims.markdown(kept)
    assert "| slope | 2 ± 0.1 |" in page and "`python -m claims C9`" in page


@pytest.mark.parametrize("fault", [KeyError("frechet"), IndexError("list index out of range"), LookupError("other")])
def test_a_fault_in_a_measurement_is_an_error(empty, fault):
    """Only a row that nobody measured is waited for: a wrong key or index is no missing row."""

    def faulty():
        raise fault

    measures("C9", on("paper"))(faulty)
    with pytest.raises(type(fault)):
        claims.gather()
    assert claims.read() == {}


def test_a_missing_row_is_waited_for(empty):
    def waiting():
        raise NotMeasured("latency of both rows")

    measures("C9", on("paper"))(waiting)
    (found,) = claims.gather()["C9"]
    assert found == Evidence(NOT_YET, "Waits for a measurement: latency of both rows.", on="paper")


def test_a_function_is_called_for_each_case_with_its_arguments(empty):
    @measures("C9", on("one", table="first"), on("other", table="second"))
    def measurement(table):
        return Evidence(HOLDS, table)

    assert [(one.on, one.because) for one in claims.gather()["C9"]] == [("one", "first"), ("other", "second")]


def test_one_claim_is_measured_anew_and_the_others_stay(empty):
    calls = []
    for name in ("C1", "C2"):
        measures(name, on("paper"))(lambda name=name: calls.append(name) or Evidence(HOLDS, ""))
    claims.gather()
    claims.gather(["C2"])
    assert calls == ["C1", "C2", "C2"] and set(claims.read()) == {"C1", "C2"}


def test_an_invented_verdict_is_refused(empty):
    measures("C9", on("paper"))(lambda: Evidence("maybe", ""))
    with pytest.raises(ValueError, match="'maybe' is no verdict"):
        claims.gather()


def test_evidence_of_another_checkpoint_is_stale():
    old = Evidence(HOLDS, "", on="digits", checkpoints={"digits-classifier": "0" * 64})
    assert claims.stale({"C28": [old]}) == ["C28"]
    assert claims.stale({"C9": [Evidence(HOLDS, "")]}) == []


def test_the_page_is_of_the_ledger_which_is_of_the_shipped_checkpoints():
    ledger = claims.read()
    assert ledger and claims.stale(ledger) == []
    assert PAGE.read_text(encoding="utf-8") == claims.markdown(ledger), "run `python -m claims`"


def test_the_page_lists_all_claims_even_with_nothing_measured():
    page = claims.markdown({})
    for name in claims.CLAIMS:
        assert f"## {name}\n" in page and f"[{name}](#{name.lower()})" in page
    assert "31 not yet measured" in page


def test_the_page_names_the_two_texts():
    page = " ".join(claims.markdown({}).split())
    for name, source in claims.SOURCES.items():
        assert f"- {name} is {source}." in page

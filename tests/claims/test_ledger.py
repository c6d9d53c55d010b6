"""The ledger forgets nothing: every claim is listed, what is missing says so, what is stale is refused."""

import json

import pytest

import claims
from claims import ledger
from claims.ledger import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, NOT_YET, Evidence, Measurer, Number
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.machine import places


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


def test_the_page_lists_all_claims_even_with_nothing_measured():
    page = claims.markdown({})
    for name in claims.CLAIMS:
        assert f"## {name}\n" in page and f"[{name}](#{name.lower()})" in page
    assert "31 not yet measured" in page
    assert len(claims.frame({})) == 31


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], NOT_YET),
        ([HOLDS, HOLDS], HOLDS),
        ([HOLDS, FAILS], CONDITION),
        ([NOT_YET, FAILS], FAILS),
        ([NOT_RESOLVABLE, HOLDS], HOLDS),
        ([NOT_RESOLVABLE, NOT_YET], NOT_RESOLVABLE),
        ([NOT_YET], NOT_YET),
    ],
)
def test_the_verdict_of_several_pieces_of_evidence(found, verdict):
    assert claims.verdict([Evidence(each, "") for each in found]) == verdict


def test_evidence_is_kept_with_where_it_was_measured(empty):
    empty.measures("C9", on="paper")(lambda: Evidence(HOLDS, "It was so.", [Number("slope", 2.0, 0.1)]))
    empty.measures("C3", on="nothing", needs=("a-network",))(lambda: pytest.fail("measured without its network"))
    empty.measures("C1", on="a table")(lambda: shipped.find([], None))
    kept = empty.gather()
    (found,) = kept["C9"]
    assert found.where["torch"] and found.on == "paper" and found.numbers[0].spread == 0.1
    assert kept["C3"][0].verdict == kept["C1"][0].verdict == NOT_YET
    assert "a-network" in kept["C3"][0].because and "no row" in kept["C1"][0].because
    assert empty.read() == kept and list(json.loads(empty.file().read_text())) == ["C1", "C3", "C9"]
    page = claims.markdown(kept)
    assert "| slope | 2 ± 0.1 |" in page and "`diffusion-lessons claims C9`" in page


def test_one_claim_is_measured_anew_and_the_others_stay(empty):
    calls = []
    for name in ("C1", "C2"):
        empty.measures(name, on="paper")(lambda name=name: calls.append(name) or Evidence(HOLDS, ""))
    empty.gather()
    empty.gather(["C2"])
    assert calls == ["C1", "C2", "C2"] and set(empty.read()) == {"C1", "C2"}


def test_an_invented_verdict_is_refused(empty):
    empty.measures("C9", on="paper")(lambda: Evidence("maybe", ""))
    with pytest.raises(ValueError, match="'maybe' is no verdict"):
        empty.gather()


def test_evidence_of_another_checkpoint_is_stale():
    old = Evidence(HOLDS, "", on="digits", checkpoints={"digits-classifier": "0" * 64})
    assert claims.stale({"C28": [old]}) == ["C28"]
    assert claims.stale({"C9": [Evidence(HOLDS, "")]}) == []


def test_numbers_know_when_they_differ():
    one, two = Number("a", 1.0, 0.1), Number("b", 1.4, 0.1)
    assert (two - one).resolved and not (Number("c", 1.2, 0.1) - one).resolved
    assert str(one) == "1 ± 0.1" and str(Number("n", 3.0)) == "3"


def test_measurers_are_entered_once():
    keys = [(measurer.claim, measurer.on) for measurer in claims.MEASURERS]
    assert len(set(keys)) == len(keys) and all(isinstance(each, Measurer) for each in claims.MEASURERS)

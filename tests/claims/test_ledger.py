"""The ledger forgets nothing: what is missing says so, faults are raised, what is stale is named."""

import json
import subprocess
from dataclasses import replace

import pytest

import claims
from claims.evidence import Evidence
from claims.images import rows, through
from claims.ledger import commit, judge_anew
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import FAILS, HOLDS, NOT_YET, PRODUCTS, above, always
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.machine import places
from diffusion_lessons.sampling import Settings
from tests import made


def enter(name, function, *, needs=()):
    claim(name, "1, remember", f"The claim {name}.")
    measures(name, "x against 0.", above("x", 0.0), on("paper", needs=needs))(function)


def seen(*calls):
    return [Number("x", 1.0, 0.1, 24, 100)]


def test_evidence_is_kept_with_where_it_was_measured(empty):
    enter("C9a", seen)
    enter("C3", lambda: pytest.fail("measured without its network"), needs=["a-network"])
    enter("C1", lambda: shipped.find([], None))
    kept = claims.gather()
    (found,) = kept["C9a"]
    assert found.verdict.word == HOLDS and found.numbers == (Number("x", 1.0, 0.1, 24, 100),)
    assert found.where["torch"] and found.where["date"] and "commit" in found.where
    assert kept["C3"][0].verdict.word == kept["C1"][0].verdict.word == NOT_YET
    assert "a-network" in kept["C3"][0].verdict.note and "no row" in kept["C1"][0].verdict.note
    assert claims.read() == kept
    stored = json.loads((places.measurements() / shipped.LEDGER).read_text())
    assert list(stored) == ["C1", "C3", "C9a"]
    assert (stored["C9a"]["claim"], stored["C9a"]["verdict"]) == ("The claim C9a.", "holds")


@pytest.mark.parametrize("fault", [KeyError("frechet"), IndexError("list index out of range"), LookupError("other")])
def test_a_fault_in_a_measurement_is_an_error(empty, fault):
    """Only a row that nobody measured is waited for: a wrong key or index is no missing row."""

    def faulty():
        raise fault

    enter("C9a", faulty)
    with pytest.raises(type(fault)):
        claims.gather()
    assert claims.read() == {}


def test_a_missing_row_is_waited_for(empty):
    def waiting():
        raise NotMeasured("latency of both rows")

    enter("C9a", waiting)
    (found,) = claims.gather()["C9a"]
    assert str(found.verdict) == "not yet measured (waits for latency of both rows)"


def test_one_claim_is_measured_anew_and_the_others_stay(empty):
    calls = []
    for name in ("C1", "C2"):
        enter(name, lambda name=name: calls.append(name) or seen())
    claims.gather()
    claims.gather(["C2"])
    assert calls == ["C1", "C2", "C2"] and set(claims.read()) == {"C1", "C2"}


def test_after_a_table_was_made_anew_only_what_reads_it_is_measured(empty):
    calls = []
    claim("C1", "1, remember", "A claim on a toy and on images.")
    cases = on("paper", what="paper"), on("images", command="python tools/tables.py", what="images")
    measures("C1", "x against 0.", above("x", 0.0), *cases)(lambda what: calls.append(what) or seen())
    claims.gather(tables=True)
    assert [(one.on, one.verdict.word) for one in claims.read()["C1"]] == [("paper", NOT_YET), ("images", HOLDS)]
    claims.gather()
    claims.gather(tables=True)
    assert calls == ["images", "paper", "images", "images"]
    assert [(one.on, one.verdict.word) for one in claims.read()["C1"]] == [("paper", HOLDS), ("images", HOLDS)]


def test_what_another_process_measures_in_the_meantime_stays(empty):
    enter("C1", seen)
    enter("C2", lambda: claims.gather(["C1"]) and seen())
    claims.gather(["C2"])
    assert set(claims.read()) == {"C1", "C2"}


def test_evidence_of_a_case_that_is_gone_goes_as_well(empty):
    enter("C1", seen)
    claims.gather()
    claims.register.TESTS.clear()
    measures("C1", "x against 0.", above("x", 0.0), on("parchment"))(seen)
    claims.gather(["C1"])
    assert [one.on for one in claims.read()["C1"]] == ["parchment"]


def test_evidence_of_another_checkpoint_is_stale():
    old = Evidence("digits", checkpoints={"digits-classifier": "0" * 64})
    assert claims.stale({"C28": [old]}) == ["C28"]
    assert claims.stale({"C9a": [Evidence("paper")]}) == []


def test_the_commit_says_so_where_the_code_was_changed_since(tmp_path, monkeypatch):
    """Numbers of code that nobody has are told from those of a commit."""

    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    monkeypatch.setattr(places, "clone", lambda: tmp_path)
    assert commit() is None
    code = tmp_path / "claims" / "subject.py"
    code.parent.mkdir()
    code.write_text("")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    clean = commit()
    assert len(clean) == 40
    code.write_text("x = 1")
    assert commit() == clean + "+"
    monkeypatch.setattr(places, "clone", lambda: None)
    assert commit() is None


def test_evidence_says_on_which_machines_its_rows_were_sampled(empty, monkeypatch):
    """A table may hold rows of several: the machine that reads it is none of them."""
    half = Settings("ddim", 50, precision="bfloat16")
    ten = made.row("net", "ddim", 10, 1.0)
    fifty = replace(made.row("net", "ddim", 50, 1.0), device="cuda", settings=half, compiled=True)
    monkeypatch.setattr(shipped, "rows", lambda name: [ten, fifty])

    def reads():
        rows("net", Settings("ddim", 10), half)
        return seen()

    enter("C1", reads)
    read = []
    with through(lambda row: read.append(row.settings.steps) or row):
        kept = claims.gather()
    assert kept["C1"][0].where["rows"] == ["cpu, torch 2", "cuda, torch 2, bfloat16, compiled"] and read == [10, 50]


@pytest.fixture(scope="module")
def history() -> set[str]:
    """The commits that HEAD descends from."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=clone, capture_output=True, text=True, check=True).stdout.strip()

    clone = places.clone()
    if clone is None or not (clone / ".git").exists():
        pytest.skip("no clone: nothing tells which commits there were")
    if git("rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("a shallow clone does not hold the commits that evidence names: git fetch --unshallow")
    return set(git("rev-list", "HEAD").split())


def test_every_number_is_of_a_commit_of_this_history_without_changes(history):
    """Whoever doubts a number can check out the code that it came from."""
    measured = [(name, one) for name, rows in claims.read().items() for one in rows if one.where]
    assert len(measured) > 100
    lost = [(name, one.on, one.where["commit"]) for name, one in measured if one.where["commit"] not in history]
    assert lost == []


def test_a_case_that_was_entered_since_waits(empty):
    enter("C9a", seen)
    claims.gather()
    measures("C9a", "x against 0.", above("x", 0.0), on("parchment"))(seen)
    assert [one.on for one in claims.read()["C9a"]] == ["paper"]
    assert [(one.on, one.verdict.word) for one in judge_anew()["C9a"]] == [("paper", HOLDS), ("parchment", NOT_YET)]


def test_a_second_look_on_more_samples_is_counted_and_one_on_as_many_is_none(empty):
    counts = [100, 100, 400]
    enter("C9a", lambda: [Number("x", 1.0, 0.1, 24, counts[0])])
    looks = []
    while counts:
        looks.append(claims.gather()["C9a"][0].looks)
        counts.pop(0)
    assert looks == [1, 1, 2]


def test_looks_at_what_no_number_decides_are_not_counted(empty):
    counts = iter([100, 400])
    claim("C9a", "1", "Nine.")
    measures("C9a", "x", always(PRODUCTS, ""), on("x"))(lambda: [Number("x", 1.0, 0.1, 24, next(counts))])
    assert [claims.gather()["C9a"][0].looks for _ in range(2)] == [1, 1]


def test_verdicts_are_reached_anew_when_a_rule_was_changed(empty):
    """Without measuring: the numbers are kept, and the page is written from the new verdicts."""
    enter("C9a", seen)
    claims.gather()
    claims.register.TESTS.clear()
    measures("C9a", "x against 2.", above("x", 2.0), on("paper"))(seen)
    assert claims.read()["C9a"][0].verdict.word == HOLDS
    (found,) = judge_anew()["C9a"]
    assert found.verdict.word == FAILS and claims.read()["C9a"] == [found]
    empty.joinpath(shipped.LEDGER).unlink()
    assert judge_anew() == {}

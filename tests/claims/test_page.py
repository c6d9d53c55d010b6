"""CLAIMS.md says what the ledger says, and whose claims they are."""

from pathlib import Path

import claims

PAGE = Path(__file__).resolve().parents[2] / "CLAIMS.md"


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

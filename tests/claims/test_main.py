"""`python -m claims`: what it measures, prints and writes."""

import pytest

import claims
from claims.__main__ import main
from diffusion_lessons.machine import places


def test_a_claim_is_measured_printed_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    page = tmp_path / "CLAIMS.md"
    main(["C11", "--out", str(page)])
    told = capsys.readouterr().out.splitlines()
    assert told == [f"C11  holds                  {claims.CLAIMS['C11'].text}", f"written to {page}"]
    assert set(claims.read()) == {"C11"}
    assert "**Holds.**" in page.read_text(encoding="utf-8")


def test_without_a_name_nothing_is_measured_and_every_claim_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(claims.ledger, "MEASURERS", [])  # whatever would be measured is empty
    stored = claims.markdown(claims.read())
    main(["--out", str(tmp_path / "CLAIMS.md")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == list(claims.CLAIMS)
    assert claims.markdown(claims.read()) == stored


def test_all_measures_every_claim(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("claims.__main__.gather", lambda names: calls.append(names) or {})
    main(["--all", "--out", str(tmp_path / "CLAIMS.md")])
    assert calls == [None]


def test_what_is_no_claim_is_refused_in_one_line(tmp_path):
    with pytest.raises(SystemExit, match="error: no claim C77; they are C1 to C31"):
        main(["C77", "--out", str(tmp_path / "CLAIMS.md")])
    assert list(tmp_path.iterdir()) == []


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "python -m claims C9 C14" in capsys.readouterr().out

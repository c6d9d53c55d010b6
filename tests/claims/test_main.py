"""`python -m claims`: what it measures, compares, prints and writes."""

import pytest

import claims
from claims.__main__ import main, matching
from claims.verify import Draw
from diffusion_lessons.machine import places


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    return tmp_path / "CLAIMS.md"


def test_a_claim_is_measured_printed_and_written(page, capsys):
    main(["C11", "--out", str(page)])
    told = capsys.readouterr().out.splitlines()
    assert told == [f"C11   {claims.CLAIMS['C11'].statement}", "      holds", f"written to {page}"]
    assert set(claims.read()) == {"C11"}
    assert "On an exact mixture: **holds**." in page.read_text(encoding="utf-8")


def test_measuring_again_says_what_moved_and_writes_nothing(page, capsys):
    main(["C34", "--out", str(page)])
    page.unlink()
    with pytest.raises(SystemExit) as end:
        main(["--verify", "C34"])
    assert end.value.code == 0 and not page.exists()
    told = capsys.readouterr().out.splitlines()[-2:]
    assert told[0].startswith("C34") and told[0].endswith("as it was")
    assert told[1].startswith("measured again: 1")


@pytest.mark.parametrize(
    ("options", "draw"),
    [
        (["--verify"], Draw(1, 100)),
        (["--verify", "--rows", "3", "--samples", "50"], Draw(3, 50)),
        (["--anew"], Draw(None, None)),
    ],
)
def test_how_much_is_drawn_anew_is_said_on_the_command_line(page, monkeypatch, options, draw):
    told = []
    monkeypatch.setattr("claims.__main__.compare", lambda names, draw: told.append((names, draw)) or True)
    with pytest.raises(SystemExit):
        main(["C34", *options])
    assert told == [(["C34"], draw)]


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "many"])
@pytest.mark.parametrize("option", ["--rows", "--samples"])
def test_no_rows_are_no_measurement(page, capsys, option, given):
    with pytest.raises(SystemExit):
        main(["C34", "--verify", option, given])
    expected = f"argument {option}: {given} was given, and a whole number from 1 on is expected"
    assert capsys.readouterr().err.splitlines()[-1].endswith(expected)


def test_a_number_names_all_its_parts():
    assert matching(["C9", "C11"]) == ["C9a", "C9b", "C11"]
    assert matching(["C14"]) == ["C14", "C14b"] and matching(["C14b"]) == ["C14b"]
    assert matching(["c9", "c14B"]) == ["C9a", "C9b", "C14b"]


def test_without_a_name_nothing_is_measured_and_every_claim_printed(page, capsys):
    main(["--out", str(page)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1:2]] == claims.in_order(claims.CLAIMS)
    assert list(page.parent.iterdir()) == [page]


def test_all_measures_every_claim(page, monkeypatch):
    calls = []
    monkeypatch.setattr("claims.__main__.gather", lambda names, tables, report: calls.append((names, tables)) or {})
    main(["--all", "--out", str(page)])
    main(["--tables", "--out", str(page)])
    main(["C9a", "--tables", "--out", str(page)])
    assert calls == [(None, False), (None, True), (["C9a"], True)]


def test_what_is_no_claim_is_refused_in_one_line(page):
    with pytest.raises(SystemExit, match="error: no claim C77; they are C1a to C46"):
        main(["C77", "--out", str(page)])
    assert list(page.parent.iterdir()) == []


def test_a_page_that_cannot_be_written_is_refused_before_the_work(page):
    with pytest.raises(SystemExit, match="error: .* is a folder"):
        main(["C34", "--out", str(page.parent)])
    assert list(page.parent.iterdir()) == []


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "python -m claims --verify C4" in capsys.readouterr().out

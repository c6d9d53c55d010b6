"""The ledger's command."""

import pytest

from claims import ledger
from diffusion_lessons.commands import measured
from diffusion_lessons.machine import places


def test_the_ledger_is_printed_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    measured.show_claims(["C11"], out=tmp_path / "CLAIMS.md")
    assert "C11  holds" in capsys.readouterr().out
    assert set(ledger.read()) == {"C11"}
    assert "**Holds.**" in (tmp_path / "CLAIMS.md").read_text()
    with pytest.raises(ValueError, match="no claim C77"):
        measured.show_claims(["C77"])

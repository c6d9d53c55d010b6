"""An exported lesson loads nothing from the web once MathJax is there, and says what is missing while it is not."""

import export_html
import pytest

SCRIPT = "/* typesets */ const end = '</script>';"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(export_html, "PLACE", tmp_path / "mathjax")


def test_a_page_holds_its_mathjax(tmp_path, capsys):
    source = export_html.PLACE / export_html.FILE
    source.parent.mkdir(parents=True)
    source.write_text(SCRIPT)
    export_html.main(["00", "--out", str(tmp_path)])
    html = (tmp_path / "00_start_here.html").read_text()
    assert "/* typesets */ const end = '<\\/script>';" in html and "inlineMath: [['$', '$']" in html
    assert "cdnjs.cloudflare.com/ajax/libs/mathjax" not in html and capsys.readouterr().err == ""


def test_without_it_the_command_says_how_to_get_it(tmp_path, capsys):
    export_html.main(["00", "--out", str(tmp_path)])
    assert "python tools/export_html.py --fetch" in capsys.readouterr().err
    assert "mathjax" in (tmp_path / "00_start_here.html").read_text()

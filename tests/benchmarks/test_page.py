"""A measured table is put between its marks of a page."""

from benchmarks import page


def test_a_table_replaces_the_last_one_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "page.md"
    file.write_text("before\n<!-- measured on a -->\nold\n<!-- end of a -->\nafter\n")
    monkeypatch.setattr(page, "PAGE", file)
    page.write(["one", "two"], "a")
    page.write(["one", "three"], "a")
    assert file.read_text() == "before\n<!-- measured on a -->\none\nthree\n<!-- end of a -->\nafter\n"

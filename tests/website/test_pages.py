"""The front page, and what is said of the assignments."""

import pytest

from website.links import ROOT, Site
from website.pages import assignment, sections, write_front

ASSIGNMENTS = sorted((ROOT / "notebooks/assignments/source").glob("A*.py"))


@pytest.mark.parametrize("source", ASSIGNMENTS, ids=lambda path: path.stem)
def test_an_assignment_is_described_without_its_solution(source):
    text, code = assignment(source), source.read_text()
    assert text.startswith(f"# {source.stem}")
    solutions = [part.partition("### END SOLUTION")[0] for part in code.split("### BEGIN SOLUTION")[1:]]
    lines = {line.strip() for part in solutions for line in part.splitlines() if len(line.strip()) > 12}
    assert lines and not [line for line in lines if line in text]
    assert "BEGIN" not in text and "%%" not in text
    assert "*Rubric" in code and "Rubric" not in text


def test_sections_are_the_whole_text():
    text = (ROOT / "README.md").read_text()
    parts = sections(text)
    assert "".join(part for _, part in parts) == text and parts[0][0] == ""


def test_the_readme_is_two_pages_and_the_first_has_the_map(tmp_path):
    write_front(Site(tmp_path), {"Lessons": ["lessons/04_ddim"]})
    front, rest = ((tmp_path / name).read_text() for name in ("index.md", "install.md"))
    assert "](lessons/04_ddim.md)" in front and ":caption: Lessons\n" in front
    assert "## Course map" in front and "## Use it as a library" in rest and "## Course map" not in rest

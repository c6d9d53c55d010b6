"""Every lesson follows from its source, is well made, and together they teach what the course promises.

That their outputs are right is checked by running them: `make test-lessons`.
"""

import json
import re

import pytest
from build_notebooks import check
from lesson_files import CONCEPTS, LESSONS, ROOT, names, read_built, read_source
from lesson_hygiene import all_headings

from diffusion_lessons.checks import EXERCISES
from diffusion_lessons.checks.result import RIGHT, UNWRITTEN, WRONG

ALL = names()
IDEAS = json.loads(CONCEPTS.read_text())


def headings_of(number: str) -> list[str] | None:
    """The headings of the lesson with this number, or None while it is not written."""
    found = [name for name in ALL if name.startswith(f"{number}_")]
    if not found:
        return None
    return [title for _, _, title in all_headings(read_source(ROOT / f"notebooks/source/{found[0]}.py"))]


@pytest.mark.parametrize("name", ALL)
def test_a_lesson_is_built_and_well_made(name):
    assert check(name) == []


@pytest.mark.parametrize("name", ALL)
def test_stored_checks_bear_the_colours_of_the_code(name):
    """Of the bar at the left of each result: a notebook built before a colour was changed shows an older one."""
    outputs = [output for cell in read_built(LESSONS / f"{name}.ipynb").cells for output in cell.get("outputs", [])]
    bars = re.findall(r"4px solid (#\w{6})", "".join(output.get("data", {}).get("text/html", "") for output in outputs))
    assert set(bars) <= {RIGHT, WRONG, UNWRITTEN}


def test_a_lesson_with_a_letter_stands_behind_its_number():
    assert names(["05", "05b"]) == ["05_solvers", "05b_orders"]
    assert ALL.index("05b_orders") == ALL.index("05_solvers") + 1 == ALL.index("06_flow") - 1


def test_no_notebook_without_a_source():
    assert sorted(path.stem for path in LESSONS.glob("*.ipynb")) == ALL


def test_all_lessons_together_stay_small():
    assert sum(path.stat().st_size for path in LESSONS.glob("*.ipynb")) < 25e6


def test_there_are_thirteen_concepts():
    assert [idea["number"] for idea in IDEAS] == list(range(1, 14))


@pytest.mark.parametrize("idea", IDEAS, ids=lambda idea: str(idea["number"]))
def test_a_concept_is_taught_where_it_says(idea):
    """In every lesson named that is written already, and that one names the section; a planned one may have none."""
    for number, section in idea["taught in"].items():
        headings = headings_of(number)
        if headings is None:
            assert section is None, f"lesson {number} is not written"
        else:
            assert section is not None, f"lesson {number} is there now: which section teaches this concept?"
            assert section in headings


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_sends_learners_to_a_section_that_exists(name):
    lesson, section = re.fullmatch(r"lesson (\d\d[a-z]?), (.+)", EXERCISES[name].lesson).groups()
    headings = headings_of(lesson)
    if headings is not None:
        assert section.lower() in [title.lower() for title in headings]


def test_the_map_of_the_first_lesson_is_the_readmes():
    def rows(text: str) -> list[tuple[str, str]]:
        return re.findall(r"^(?:# )?\| \[?(\d\d[a-z]? [^\]|]+?)\]?(?:\([^)]*\))? \| ([^|]+) \|$", text, re.M)

    first = "\n".join(cell.source for cell in read_built(LESSONS / "00_start_here.ipynb").cells)
    assert len(rows(first)) == 19 and rows(first) == rows((ROOT / "README.md").read_text())
    linked = re.findall(r"\]\((\d\d[a-z]?_\w+)\.ipynb\)", first)
    assert linked == [name for name in ALL if name != "00_start_here"]

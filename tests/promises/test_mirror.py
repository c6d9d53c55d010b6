"""The tests mirror the code: `diffusion_lessons/a/b.py` is tested by `tests/a/test_b.py`, and by nothing elsewhere.

What stands beside the package keeps its folder's name: `claims/ledger.py` and `tests/claims/test_ledger.py`. The
`__init__.py` of a package is tested under the package's name (`tests/checks/test_checks.py`), a `__main__.py` by
`test_main.py`.
"""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("claims", "benchmarks", "tools", "website")  # folders with code beside the package
OF_THE_WHOLE = ("promises", "lessons", "browser")  # folders of tests that are about no single file

# Code without a test file of its own, and why.
COVERED_ELSEWHERE = {
    "diffusion_lessons/checks/investigations.py": "tests/lessons/test_investigations_*.py measure every answer",
    "diffusion_lessons/checks/exercises/*": "tests/checks/exercises/test_exercises.py runs every exercise and mistake",
    "diffusion_lessons/checks/model_answers/*": "tests/checks/model_answers/test_model_answers.py checks every answer",
    "diffusion_lessons/classroom/sandbox/stub/*": "runs in the sandbox only: tests/classroom/sandbox/test_sandbox.py",
    "diffusion_lessons/cli/*": "options and help only; tests/cli/test_cli.py runs the commands",
    "diffusion_lessons/tour/*": "tests/tour/test_run.py makes the whole tour and reads what it wrote",
    "claims/subjects/*": "tests/claims/subjects/test_subjects.py feeds every rule and measures what is quick",
    "website/build.py": "tests/browser/test_site.py builds the site, follows its links and opens it in a browser",
    "website/__main__.py": "tests/browser/test_site.py asks it what is missing, and the rest is `build`",
    "tools/*": "tests/lessons build and check lessons with them; tests/promises/test_checkpoints.py uses thumbprints",
    "benchmarks/*": "what they print is measured anew each time; tests/benchmarks/ holds the tests of their parts",
}


def code() -> list[str]:
    folders = ("diffusion_lessons", *BESIDE)
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def written() -> list[str]:
    every = (path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
    return sorted(str(path) for path in every if path.parts[1] not in OF_THE_WHOLE)


def place_of_test(file: str) -> str:
    """The place of a file's test."""
    path = Path(file)
    folder = path.parent if path.parts[0] in BESIDE else path.parent.relative_to("diffusion_lessons")
    name = {"__init__": path.parent.name, "__main__": "main"}.get(path.stem, path.stem)
    return str(Path("tests") / folder / f"test_{name}.py")


PLACES = {place_of_test(file): file for file in code()}


@pytest.mark.parametrize("test", written())
def test_a_test_stands_where_its_code_does(test):
    assert test in PLACES, f"{test}: no such file of code; is its test about several, for tests/promises?"


def test_code_has_a_test_of_its_own_or_a_reason_why_not():
    there = set(written())
    without = [file for place, file in PLACES.items() if place not in there and not passes_names_on(file)]
    missing = [file for file in without if not any(fnmatch(file, pattern) for pattern in COVERED_ELSEWHERE)]
    assert not missing, "without a test of their own:\n" + "\n".join(missing)
    idle = [pattern for pattern in COVERED_ELSEWHERE if not any(fnmatch(file, pattern) for file in without)]
    assert not idle, f"no longer needed in COVERED_ELSEWHERE: {idle}"


def passes_names_on(file: str) -> bool:
    """An `__init__.py` or `__main__.py` without a function or class of its own."""
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    own = any(isinstance(statement, ast.FunctionDef | ast.ClassDef) for statement in body)
    return Path(file).stem in ("__init__", "__main__") and not own

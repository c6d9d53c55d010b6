"""The promises that no single module makes: pins, environments, file sizes, nothing of one machine in the tree."""

import re
import subprocess
import tomllib
from pathlib import Path
from unicodedata import combining, normalize

import pytest
import sizes
import yaml
from hypothesis import settings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"torch": "pytorch"}  # the name on PyPI -> the name on conda-forge, where they differ
NOT_ON_CONDA = {"browser", "optimise", "pipelines", "site"}  # extras that environment.yml leaves out
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]


def split(requirement: str) -> tuple[str, str]:
    """`"torch>=2.6"` -> `("torch", ">=2.6")`, with the name spelled as PyPI normalises it."""
    name, floor = re.fullmatch(r"([\w.-]+)\s*(.*)", requirement).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), floor


def tracked_files() -> list[Path]:
    """The files under version control; a test that needs them is skipped in an unpacked archive."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_property_based_test_has_a_deadline():
    """One example may take as long as the machine needs: the profile in tests/conftest.py says it for all."""
    assert settings().deadline is None and settings(max_examples=3).deadline is None


def test_conda_environment_has_the_same_packages_and_floors():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = dict(split(line) for line in environment if isinstance(line, str) and line != "pip")

    wanted = PROJECT["dependencies"] + [line for name in EXTRAS.keys() - NOT_ON_CONDA for line in EXTRAS[name]]
    pypi = {CONDA_NAMES.get(name, name): floor for name, floor in map(split, wanted)}
    pypi["python"] = PROJECT["requires-python"]
    assert conda == pypi


def test_every_dependency_states_a_floor_and_nothing_else():
    for requirement in REQUIREMENTS:
        assert re.fullmatch(r"[\w-]+>=[\d.]+", requirement), requirement


def test_constraints_hold_versions_only():
    """One of each name; two where an early release of the oldest Python needs another."""
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    for pin in pins:
        where = r'(; python_full_version (<|>=) "3\.11\.\d+")?'
        assert re.fullmatch(rf"[\w.-]+==[\w.!]+{where}", pin), f"{pin!r} is not name==version"
    assert len(pins) == len({(split(pin)[0], re.search(r"; .*[<=] ", f"{pin}; any<= ")[0]) for pin in pins})
    names = {split(pin)[0] for pin in pins}
    for requirement in REQUIREMENTS:
        assert split(requirement)[0] in names, f"{requirement} has no pin in constraints.txt"


def test_set_up_installs_every_extra():
    asked_for = re.search(r"\.\[([\w,]+)\]", (ROOT / "tools/setup.sh").read_text()).group(1)
    assert set(asked_for.split(",")) == set(EXTRAS)


def test_workflow_runs_the_supported_pythons():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    named = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_the_oldest_versions_are_tested_with_all_that_their_tests_need():
    """Every extra is installed, but that of the browser, whose tests are left out, that of the web site, and those of
    lessons 12 and 15, whose libraries need a newer PyTorch: their tests are skipped."""
    (*_, last) = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["floors"]["steps"]
    (named,) = re.findall(r"--resolution lowest-direct --editable '\.\[(.+?)\]'", last["run"])
    assert set(named.split(",")) == set(EXTRAS) - NOT_ON_CONDA
    assert "--ignore=tests/browser" in last["run"] and last["run"].split()[-1] == "tests"


def test_citation_and_package_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_the_changelog_begins_with_this_version():
    first = re.search(r"^## ([\d.]+),", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert first and first[1] == PROJECT["version"]


def test_the_web_edition_is_published_by_the_command_that_builds_it():
    (job,) = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text())["jobs"].values()
    commands = " ".join(step.get("run", "") for step in job["steps"])
    assert "-m website" in commands and "constraints.txt" in commands
    (extras,) = re.findall(r"\.\[([\w,]+)\]", commands)
    assert "site" in extras.split(",") and set(extras.split(",")) <= set(EXTRAS)
    assert re.search(r"^site: .*\n\t@\$\(VENV\)/python -m website$", (ROOT / "Makefile").read_text(), re.M)


def test_no_file_is_too_long_and_no_folder_too_full():
    assert sizes.too_large() == []


def test_what_is_too_large_is_named(tmp_path):
    (tmp_path / "tests" / "room").mkdir(parents=True)
    for number in range(sizes.MOST_FILES):
        (tmp_path / "tests" / "room" / f"made_{number}.py").write_text("x = 1\n" * sizes.MOST_LINES)
    (tmp_path / "tests" / "room" / "__init__.py").touch()
    assert sizes.too_large(tmp_path) == []
    (tmp_path / "tests" / "room" / "conftest.py").write_text("x = 1\n" * (sizes.MOST_LINES + 1))
    assert [line.split(",")[0] for line in sizes.too_large(tmp_path)] == [
        "tests/room/conftest.py has 281 lines",
        "tests/room has 17 files",
    ]


def test_nothing_of_one_machine_in_the_tree():
    """No absolute home or build path, and no package index: those are settings of whoever runs this."""
    homes = r"(?<![\w.~-])/(?:work|root|home/\w+|Users/\w+|opt/\w+)/"
    of_one_machine = re.compile(homes + "|file:[/]{3}|index[-]url")
    found = []
    for path in tracked_files():
        if path.suffix in {".safetensors", ".png", ".gz", ".npz"}:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if of_one_machine.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_a_name_in_prose_is_spelled_as_its_bearer_does():
    """Fréchet and others; without accents only inside an identifier, as `frechet_distance`, or torchmetrics' own."""
    names = ("Fréchet", "Bińkowski", "Kynkäänniemi")
    plain = ("".join(letter for letter in normalize("NFD", name) if not combining(letter)) for name in names)
    bare = re.compile(rf"(?<![A-Za-z_])({'|'.join(plain)})(?![A-Za-z_])")
    texts = [path for path in tracked_files() if path.suffix in {".py", ".md", ".toml", ".json", ".ipynb"}]
    assert not [str(path.relative_to(ROOT)) for path in texts if bare.search(path.read_text(encoding="utf-8"))]


def test_no_large_file_is_tracked_by_accident():
    limit = 26_000_000  # the largest checkpoint allowed
    assert not [str(path) for path in tracked_files() if path.stat().st_size > limit]

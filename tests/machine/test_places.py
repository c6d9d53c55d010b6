"""In a clone or in an installed package: asked once, and no neighbour of the package is taken for a clone."""

from pathlib import Path

import pytest

from diffusion_lessons.benchmark import shipped
from diffusion_lessons.commands.benchmark import run_benchmark
from diffusion_lessons.data import load_data
from diffusion_lessons.machine import places

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package as a wheel lays it out, beside the Hugging Face library `datasets`, which is no folder of ours."""
    package = tmp_path / "site-packages" / "diffusion_lessons"
    (package / "measurements").mkdir(parents=True)
    for table in (ROOT / "datasets" / "measurements").glob("digits-diffusion.*"):
        (package / "measurements" / table.name).write_bytes(table.read_bytes())
    (package.parent / "datasets").mkdir()
    (package.parent / "datasets" / "__init__.py").write_text("")
    monkeypatch.setattr(places, "PACKAGE", package)
    monkeypatch.setattr(places, "checkpoints", lambda: ROOT / "diffusion_lessons" / "checkpoints")
    return package


def test_this_is_a_clone(monkeypatch):
    monkeypatch.delenv("DIFFUSION_LESSONS_DATA", raising=False)
    assert places.clone() == places.clone_for("anything") == ROOT
    assert places.datasets() == ROOT / "datasets"
    assert places.measurements() == ROOT / "datasets" / "measurements"
    assert list(places.assignments().glob("A1.py")) and list(places.checkpoints().glob("*.safetensors"))


def test_shipped_tables_are_found_beside_a_library_named_datasets(installed):
    assert places.clone() is None
    assert places.measurements() == installed / "measurements"
    assert len(shipped.rows("digits-diffusion")) > 10


@pytest.mark.parametrize("text", ['[project]\nname = "another"\n', "[tool.ruff]\n", "not TOML"])
def test_another_projects_declaration_makes_no_clone(installed, text):
    (installed.parent / "pyproject.toml").write_text(text)
    assert places.clone() is None


def test_nothing_is_shipped_without_a_clone(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="--ship writes the course's own tables: that needs a clone"):
        run_benchmark("digits-diffusion", "quick", ship=True, device="cpu")
    assert sorted(file.name for file in (installed.parent / "datasets").iterdir()) == ["__init__.py"]
    assert [file.stem for file in (installed / "measurements").iterdir()] == ["digits-diffusion"]


def test_downloads_of_an_installed_package_land_in_the_users_cache(installed, tmp_path, monkeypatch):
    monkeypatch.delenv("DIFFUSION_LESSONS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert places.datasets() == tmp_path / "cache" / "diffusion-lessons"
    with pytest.raises(FileNotFoundError, match=f"mnist is not in {tmp_path}/cache/diffusion-lessons"):
        load_data("mnist", download=False)
    monkeypatch.setenv("DIFFUSION_LESSONS_DATA", str(tmp_path / "mine"))
    assert places.datasets() == tmp_path / "mine"

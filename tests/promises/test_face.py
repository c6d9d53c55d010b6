"""What a learner calls: the public names of the package and of its rooms, so that a rename is a decision.

After a decision, write the new names down: python -m tests.promises.test_face
"""

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import diffusion_lessons

NAMES = Path(__file__).with_name("face.json")


def public_names(room) -> list[str]:
    """`__all__`, or else the functions and classes that a module defines."""
    if hasattr(room, "__all__"):
        return sorted(room.__all__)
    defined = inspect.getmembers(room, lambda value: inspect.isclass(value) or inspect.isfunction(value))
    return [name for name, value in defined if value.__module__ == room.__name__ and not name.startswith("_")]


def rooms() -> dict:
    return {name: importlib.import_module(f"diffusion_lessons.{name}") for name in sorted(diffusion_lessons.ROOMS)}


def face() -> dict[str, list[str]]:
    return {"diffusion_lessons": sorted(diffusion_lessons.__all__)} | {
        name: public_names(room) for name, room in rooms().items()
    }


def test_the_names_are_those_decided_on():
    assert face() == json.loads(NAMES.read_text())


@pytest.mark.parametrize("package", [diffusion_lessons, *rooms().values()], ids=lambda package: package.__name__)
def test_every_name_is_there_and_means_what_its_module_defines(package):
    for name in getattr(package, "__all__", ()):
        value = getattr(package, name)
        if inspect.ismodule(value):
            assert value.__name__.startswith(f"{package.__name__}.") and value.__name__.endswith(f".{name}")
        elif inspect.isfunction(value) or inspect.isclass(value):
            assert value.__name__ == name


@pytest.mark.parametrize("name", [name for name, room in rooms().items() if hasattr(room, "__getattr__")])
def test_every_file_of_a_room_that_loads_on_first_use_is_offered(name):
    room = rooms()[name]
    found = pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
    files = {module.name for module in found if not module.ispkg}
    assert files and files <= offered(room)


def offered(room) -> set[str]:
    """The files that a room offers itself, or through a room inside that it offers."""
    modules = [value for name in getattr(room, "__all__", ()) if inspect.ismodule(value := getattr(room, name))]
    return {module.__name__ for module in modules}.union(*(offered(module) for module in modules))


def test_the_package_is_there_at_once():
    code = "import diffusion_lessons, sys; assert diffusion_lessons.__version__; "
    code += "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'matplotlib')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    NAMES.write_text(json.dumps(face(), indent=2) + "\n")

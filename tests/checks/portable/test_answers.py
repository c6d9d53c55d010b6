"""Answers travel as JSON to where they are assessed, and `portable` travels as a folder to where they are asked."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diffusion_lessons.checks import EXERCISES, collect, exercise, portable
from diffusion_lessons.checks.assessing import assess
from diffusion_lessons.checks.portable.answers import Answer, ask_once, decode, encode

FOLDER = Path(portable.__file__).parent
MAY_IMPORT = {"numpy", "torch", *sys.stdlib_module_names}


def test_decode_is_the_inverse_of_encode():
    answers = collect(exercise("frontier"), EXERCISES["frontier"].solution, 1)
    assert decode(encode(answers)) == answers


def test_answers_travel_as_json():
    chosen = exercise("ddim_step")
    answers = collect(chosen, chosen.solution, 5)
    text = json.dumps([[vars(answer) for answer in part] for part in answers])
    back = [[Answer(**fields) for fields in part] for part in json.loads(text)]
    assert assess(chosen, back, 5).passed
    assert not assess(chosen, back, 6).passed  # answers to other questions
    assert not assess(chosen, back[:1], 5).passed


class Odd(list):
    """Returned by a learner, it ends whoever looks into it."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def __iter__(self):
        raise self.error


@pytest.mark.parametrize("error", [SystemExit(1), OverflowError("too much"), ValueError("no")])
def test_nothing_comes_out_of_a_call_or_of_what_it_returns(error):
    def raising(*_):
        raise error

    assert ask_once(raising, ()).error.startswith(type(error).__name__)
    told = ask_once(lambda: Odd(error), ()).error
    assert told == f"returned a value of type Odd, which cannot be read as numbers ({type(error).__name__}: {error})"
    endless = []
    endless.append(endless)
    assert "RecursionError" in ask_once(lambda: endless, ()).error


def imports(path):
    """The modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in {path}"
            yield node.module


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_else_of_the_library_is_imported(path):
    for module in imports(path):
        assert module.partition(".")[0] in MAY_IMPORT or module.startswith(f"{portable.__name__}."), module


def test_the_folder_works_where_nothing_else_of_the_library_is(tmp_path):
    copy = tmp_path / portable.__name__.replace(".", "/")
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for package in copy.parents[:2]:  # empty, so that this one is found and not the installed one
        (package / "__init__.py").touch()
    modules = sorted(f"{portable.__name__}.{path.stem}" for path in FOLDER.glob("[!_]*.py"))
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + "".join(f"import {module}\n" for module in modules)
    code += "print([m for m in sys.modules if m.startswith('diffusion_lessons.') and 'portable' not in m])\n"
    code += f"print({modules[0]}.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["['diffusion_lessons.checks']", str(copy / "answers.py")], done.stderr

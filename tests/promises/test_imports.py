"""Inside the library a name is imported from the file that defines it; the rooms' faces are for its users."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "diffusion_lessons"
INSIDE = sorted(
    file for folder in ("diffusion_lessons", "claims", "benchmarks", "tools") for file in (ROOT / folder).rglob("*.py")
)


def definitions(module: str) -> set[str] | None:
    """The names that a module of the package defines itself, or None if it is not a module of the package."""
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return None
    names: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return names


def is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("file", INSIDE, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_name_is_imported_from_the_file_that_defines_it(file):
    if file.name == "__init__.py" and PACKAGE in file.parents:
        return  # a room's face, whose work is to offer what its files define
    if "stub" in file.parts:
        return  # it stands in for the library in the sandbox, and imports from itself there
    elsewhere = []
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("diffusion_lessons"):
            continue
        own = definitions(node.module)
        assert own is not None, f"{file.name} imports {node.module}, which is not there"
        for alias in node.names:
            if alias.name not in own and not is_module(f"{node.module}.{alias.name}"):
                elsewhere.append(f"line {node.lineno}: {alias.name} is not defined in {node.module}")
    assert not elsewhere, "\n".join(elsewhere)

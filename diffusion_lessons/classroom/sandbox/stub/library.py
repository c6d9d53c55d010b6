"""The stub of the library: whatever is imported from it exists, and raises when it is called.

An answer that passes its work on to the library therefore has no values. Cells that only experiment fail where they
call it, which costs nothing. Plots are left out, since nobody looks at them here; but drawing one is no fault, so
whatever is called of matplotlib does nothing.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

PORTABLE = "diffusion_lessons.checks.portable"
HERE = {"diffusion_lessons", "diffusion_lessons.checks", PORTABLE}  # the modules that are files of the stub's folder
HERE |= {f"{PORTABLE}.{file.stem}" for file in Path(__file__).parent.glob("checks/portable/[!_]*.py")}
ABSENT = ("diffusion_lessons", "diffusers", "k_diffusion", "torchmetrics")
SILENT = ("matplotlib",)


class WriteItYourself(Exception):
    """The library was called by an answer."""


class Absent:
    """Any function, class or module of the library."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> "Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise WriteItYourself(f"this uses {self._name}; an answer is written without the library")

    __getitem__ = __iter__ = __call__


class Silent:
    """Any function, class or object of matplotlib: does nothing, and gives more of its kind."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> "Silent":
        if name.startswith("__"):
            raise AttributeError(name)
        return Silent(f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        result = Silent(f"{self._name}()")
        if self._name.endswith(".plot"):  # line, = ax.plot(x, y)
            return [result]
        if self._name.endswith(".subplots"):
            axes = _axes(*arguments, **options)
            return (result, axes) if self._name == "matplotlib.pyplot.subplots" else axes
        return result

    def __getitem__(self, _: Any) -> "Silent":
        return Silent(f"{self._name}[]")

    def __setitem__(self, *_: Any) -> None:
        pass

    def __iter__(self) -> Any:
        return iter(())

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: Any) -> None:
        pass


def _axes(nrows: int = 1, ncols: int = 1, *_: Any, squeeze: bool = True, **__: Any) -> Any:
    """As many as matplotlib gives, in an array of the same shape."""
    import numpy as np

    axes = np.array([[Silent("axes") for _ in range(ncols)] for _ in range(nrows)], dtype=object)
    if not squeeze:
        return axes
    return axes.item() if axes.size == 1 else axes.squeeze()


class Finder(MetaPathFinder, Loader):
    """Every module that is asked for and is not here: empty, with any attribute."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        absent = fullname.partition(".")[0] in ABSENT + SILENT and fullname not in HERE
        return ModuleSpec(fullname, self, is_package=True) if absent else None

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__ = _attributes_of(module.__name__)  # type: ignore[method-assign]


def _attributes_of(module: str) -> Any:
    def attribute(name: str) -> Absent | Silent:
        if name.startswith("__") or f"{module}.{name}" in HERE:  # the latter are imported
            raise AttributeError(name)
        kind = Silent if module.partition(".")[0] in SILENT else Absent
        return kind(f"{module}.{name}")

    return attribute


__getattr__ = _attributes_of(__name__)
sys.meta_path.insert(0, Finder())

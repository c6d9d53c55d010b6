"""The reference: what each room of the package offers, from signatures and docstrings.

Docstrings here are Markdown, with formulas as indented blocks, so each is a page's text as it stands. `__all__` says
what a room offers; of a module without one it is what the module defines.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import diffusion_lessons
from diffusion_lessons.figures import style
from diffusion_lessons.samplers import ALL
from website.lessons import fenced
from website.links import Site

STEPS = 10  # for which the evaluations of a sampler are counted
HIDDEN = {"cli", "commands", "face", "tour", "classroom", "machine", "__main__"}  # not what one imports


def rooms() -> list[str]:
    """The modules and packages that a reader imports, by name."""
    return sorted({module.name for module in pkgutil.iter_modules(diffusion_lessons.__path__)} - HIDDEN)


def offered(room: ModuleType) -> list[tuple[str, Any]]:
    """(name, object) of what a room offers, in its order."""
    names = getattr(room, "__all__", None) or [
        name
        for name, value in vars(room).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == room.__name__
    ]
    found = [(name, getattr(room, name)) for name in names]
    return [(name, value) for name, value in found if home(value) in (None, room.__name__.rpartition(".")[2])]


def home(value: Any) -> str | None:
    """The room that defines an object, where its page is; None for a constant, which does not know."""
    place = str(getattr(value, "__module__", "")).split(".")
    return place[1] if place[0] == "diffusion_lessons" and len(place) > 1 and place[1] in rooms() else None


def write_reference(site: Site) -> list[str]:
    """A page for each room; the names of the pages."""
    for name in rooms():
        site.write(f"reference/{name}.md", page(name))
    return [f"reference/{name}" for name in rooms()]


def page(name: str) -> str:
    """The page of a room."""
    room = importlib.import_module(f"diffusion_lessons.{name}")
    parts = [f"# {name}", f"```{{py:module}} {room.__name__}\n```", text(room)]
    ordered = offered(room)
    if name == "samplers":
        parts.append(sampler_table())
        ordered.sort(key=lambda entry: list(room.ALL).index(entry[0]) if entry[0] in room.ALL else len(room.ALL))
    for called, value in ordered:
        if not isinstance(value, ModuleType):
            parts.append(described(called, value))
    return "\n\n".join(parts) + "\n"


def text(value: Any) -> str:
    """The docstring of an object, as Markdown."""
    return inspect.getdoc(value) or ""


def described(name: str, value: Any) -> str:
    """One function, class or constant."""
    if inspect.isclass(value):
        parts = [fenced("py:method", text(one), argument=signature(called, one)) for called, one in methods(value)]
        return fenced("py:class", "\n\n".join([text(value), *parts]), argument=signature(name, value))
    if callable(value):
        info = getattr(value, "info", None)
        facts = f"{sampler_facts(info)}\n\n" if hasattr(info, "citation") else ""
        return fenced("py:function", facts + text(value), argument=signature(name, value))
    return fenced("py:data", constant(value), argument=name)


def constant(value: Any) -> str:
    shown = repr(value)
    return (
        f"`{shown}`"
        if len(shown) <= 100 and "`" not in shown and " at 0x" not in shown
        else f"A {type(value).__name__}."
    )


def methods(value: type) -> Iterator[tuple[str, Any]]:
    """The public methods that a class itself defines and describes."""
    for name, member in vars(value).items():
        function = getattr(member, "__func__", member)
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield name, function


def signature(name: str, value: Any) -> str:
    """`name(arguments)` with short names for types, on one line."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return f"{name}()"
    shown = re.sub(r"\b(?:[a-z_][\w]*\.)+(?=[A-Za-z])", "", str(found))  # diffusion_lessons.path.Path -> Path
    shown = re.sub(r"<[^<>]*(?:<[^<>]*>)?[^<>]*>", "...", shown)  # a default that is no literal
    return f"{name}{shown}"


def sampler_facts(info: Any) -> str:
    """Order, cost, noise and source of a sampler in a line."""
    evaluations = info.nfe(STEPS)
    cost = "as many evaluations as it needs" if evaluations is None else f"{evaluations} evaluations in {STEPS} steps"
    noise = "deterministic" if info.deterministic else "adds noise"
    return f"*Order {info.order}; {cost}; {noise}. {info.citation}.*"


def sampler_table() -> str:
    """Every sampler of `samplers.ALL` in a row."""
    rows = [f"| sampler | name in figures | order | NFE in {STEPS} steps | noise | source |", "| --- " * 6 + "|"]
    for name, sampler in ALL.items():
        info, evaluations = sampler.info, sampler.info.nfe(STEPS)
        cells = [
            f"[`{name}`](#diffusion_lessons.samplers.{name})",
            style.label(name),
            str(info.order),
            "as it needs" if evaluations is None else str(evaluations),
            "none" if info.deterministic else "fresh",
            info.citation,
        ]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "## All samplers\n\n" + "\n".join(rows) + "\n\n## Functions and classes"

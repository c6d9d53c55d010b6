"""Write the pages, and let Sphinx make the site of them."""

import shutil
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from website.frames import moving_panels
from website.lessons import names, write_lesson
from website.links import ROOT, Site
from website.mathml import write_font
from website.moving import MOVING
from website.pages import write_assignments, write_documents, write_front
from website.playground import write_playground
from website.reference import write_reference

STATIC = Path(__file__).parent / "static"
BUILT = ".site-of-diffusion-lessons"  # stands in a folder in which a site was built: what lies there may be deleted
SETTINGS: dict[str, Any] = {
    "project": "Diffusion Lessons",
    "author": "The diffusion-lessons authors",
    "extensions": ["myst_parser", "website.mathml"],
    "exclude_patterns": ["files/**"],
    "html_show_copyright": False,
    "html_theme": "furo",
    "html_title": "Diffusion Lessons",
    "html_math_renderer": "mathml",
    "html_favicon": str(STATIC / "icon.svg"),
    "html_css_files": ["site.css"],
    "html_js_files": [("moving.js", {"defer": "defer"})],
    "html_domain_indices": False,
    "html_show_sourcelink": False,
    "html_copy_source": False,
    "html_theme_options": {"top_of_page_buttons": []},
    "myst_enable_extensions": ["dollarmath"],
    "myst_dmath_double_inline": True,
    "myst_heading_anchors": 4,
    "add_module_names": False,
    "highlight_language": "text",
}


class BrokenSite(Exception):
    """Sphinx had something to say: a link that leads nowhere, a heading that skips a level."""


def write_pages(folder: Path, moving: Collection[str], kept: Path) -> None:
    """Everything that Sphinx reads; the panels of the lessons `moving` are drawn in all their positions, or `kept`."""
    site = Site(folder)
    controls = moving_panels(moving, folder / "_static/frames", kept)
    for name in names():
        write_lesson(site, name, controls.get(name, ()))
    write_documents(site)
    reference, assignments = write_reference(site), write_assignments(site)
    write_front(
        site,
        {
            "Start": ["install", "playground"],
            "Lessons": [f"lessons/{name}" for name in names()],
            "What was measured": ["ledger", "training_speed"],
            "Reference": ["glossary", *reference],
            "For a class": ["teaching", *assignments],
            "The project": ["contributing", "changelog"],
        },
    )
    static = folder / "_static"
    shutil.copytree(STATIC, static, dirs_exist_ok=True)
    write_font(static)
    write_playground(site)


def mend_for_keyboard_and_reader(_app: Any, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """What Sphinx leaves out: the level of the headings in the menu, and keys that reach what scrolls sideways."""
    menu = "furo_navigation_tree"
    context[menu] = context.get(menu, "").replace('role="heading"', 'role="heading" aria-level="2"')
    if "body" in context:
        context["body"] = context["body"].replace("<pre>", '<pre tabindex="0">')


def build(out: Path, moving: Collection[str] = tuple(MOVING)) -> Path:
    """The site in `out`/html, made from nothing; the path of its front page. `moving`: lessons whose panels move.

    An earlier site in `out` is deleted first, and nothing else is. Raises FileExistsError where `out` holds folders of
    these names that no build has made, BrokenSite with all that is wrong."""
    source, html, log = out / "source", out / "html", out / "warnings.txt"
    made = [source, html, out / "doctrees"]
    if not (out / BUILT).is_file() and (others := [folder.name for folder in made if folder.exists()]):
        raise FileExistsError(
            f"{out} holds {', '.join(others)}, which no build of the site has made: give --out a folder of its own, or "
            "delete them"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / BUILT).touch()
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
    write_pages(source, moving, out / "frames")
    settings = {**SETTINGS, "html_static_path": [str(source / "_static")], "release": version("diffusion-lessons")}
    with log.open("w", encoding="utf-8") as warnings:
        app = Sphinx(source, None, html, out / "doctrees", "html", settings, status=None, warning=warnings, parallel=1)
        app.connect(
            "html-page-context", mend_for_keyboard_and_reader, priority=900
        )  # after the theme has written its menu
        app.build()
    if said := log.read_text(encoding="utf-8").strip():
        raise BrokenSite(said.replace(str(source), "").replace(f"{ROOT}/", ""))
    return html / "index.html"

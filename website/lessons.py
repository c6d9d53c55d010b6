"""An executed lesson as a page: its text, its code, and of its outputs the pictures, words and tables that were stored.

Nothing is run. A picture and the caption beneath it become one figure, whose alternative text is the caption; code
that a notebook folds is folded here too; a question to predict answers when one of its options is opened.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from diffusion_lessons.panels.questions import prediction
from website.colab import badge, of_colab
from website.links import LESSONS, ROOT, Site

RUN_IT = (
    "```{{admonition}} Run it\n:class: run-it\n\n"
    "`make lab` opens this lesson in JupyterLab, as `notebooks/lessons/{name}.ipynb`, where you can change every cell "
    "and try the exercises. Or take {{download}}`the notebook <{name}.ipynb>`, with `pip install` of the course. "
    "What you see here are the stored outputs of its last run.\n\n{badge}\n```\n"
)


ASKS = re.compile(r"(predict|scope_check)\(")  # a cell whose code says less than its output


def names() -> list[str]:
    """The lessons in their order, such as "04_ddim"."""
    return sorted(path.stem for path in (ROOT / LESSONS).glob("[0-9][0-9]*.ipynb"))


def write_lesson(site: Site, name: str, controls: Sequence[str] = ()) -> None:
    """The page lessons/NAME.md with its pictures, and the notebook beside it.

    `controls` move its panels: one for each, "" for a panel that stays still.
    """
    source, page = f"{LESSONS}/{name}.ipynb", f"lessons/{name}.md"
    notebook = nbformat.read(ROOT / source, as_version=4)
    pictures = site.folder / "lessons/pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    parts, left = [], list(controls)
    for number, cell in enumerate(notebook.cells):
        if of_colab(cell):
            continue
        if cell.cell_type == "markdown":
            parts.append(site.relink(cell.source, source, page))
        elif cell.cell_type == "code":
            parts += [code(cell)] * (not ASKS.match(cell.source)) + [*outputs(cell, f"{name}-{number:03d}", pictures)]
            if left and "panel" in cell.metadata.get("tags", []):
                parts.append(left.pop(0))
        if number == 0:
            parts.append(RUN_IT.format(name=name, badge=badge(name, "../_static/colab.png")))
    site.write(page, "\n\n".join(parts) + "\n")
    (site.folder / "lessons" / f"{name}.ipynb").write_bytes((ROOT / source).read_bytes())


def code(cell: NotebookNode) -> str:
    """The source of a cell; folded where the notebook folds it."""
    block = fenced("code-block", cell.source, argument="python")
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        return f'<details class="folded">\n<summary>Imports</summary>\n\n{block}\n\n</details>'
    return block


def fenced(directive: str, content: str, *, argument: str = "", options: dict[str, str] | None = None) -> str:
    """A directive around a content that may hold fences itself."""
    fence = max(["``", *re.findall(r"`+", content)], key=len) + "`"
    lines = [f":{name}: {value}" for name, value in (options or {}).items()]
    return "\n".join([f"{fence}{{{directive}}} {argument}".rstrip(), *lines, "", content, fence])


def outputs(cell: NotebookNode, prefix: str, folder: Path) -> Iterator[str]:
    """What a cell shows, as Markdown, in its order; its pictures go into the folder, under names with this prefix."""
    before: NotebookNode | None = None
    for place, output in enumerate(cell.outputs):
        data = output.get("data", {})
        if "image/png" in data:
            file = folder / f"{prefix}-{place}.png"
            file.write_bytes(base64.b64decode(data["image/png"]))
            yield figure(f"pictures/{file.name}", output.metadata.get("image/png", {}))
        elif before is None or not is_caption(before, data):
            yield words(cell, output)
        before = output


def is_caption(before: NotebookNode, data: dict[str, Any]) -> bool:
    """Whether these are the words of the picture before them, which the figure has already."""
    alt = before.get("metadata", {}).get("image/png", {}).get("alt")
    return alt is not None and data.get("text/markdown") == alt


def figure(file: str, described: dict[str, Any]) -> str:
    """A picture with its words as caption and as alternative text. ValueError for a picture without words."""
    alt = described.get("alt", "")
    if not alt:
        raise ValueError(f"{file} has no words: the lesson's cell ends with show(figure, alt)")
    options = {"alt": json.dumps(" ".join(alt.split()), ensure_ascii=False), "width": f"{described['width']}px"}
    return fenced("figure", alt, argument=file, options=options)


def words(cell: NotebookNode, output: NotebookNode) -> str:
    """An output that is no picture: a question, a table, what a check says, or printed lines."""
    data = output.get("data", {})
    if asked := re.fullmatch(r'predict\("([\w.]+)"\)', cell.source.strip()):
        return question(asked[1])
    if "text/markdown" in data:
        return data["text/markdown"]
    if "text/html" in data:
        table = re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.S)
        return fenced(
            "raw", f'<div class="shown" tabindex="0" role="group" aria-label="output">{table}</div>', argument="html"
        )
    return fenced("code-block", output.get("text") or data["text/plain"], argument="text", options={"class": "printed"})


def question(name: str) -> str:
    """A question to answer before reading on: each of its options opens to what is said of it."""
    asked = prediction(name)
    rows = []
    for place, (option, reply) in enumerate(zip(asked.options, asked.replies, strict=True)):
        mark = "&#10003; Yes." if place == asked.answer else "&#10007; No."
        rows.append(f"<details><summary>{escape(option)}</summary><p><b>{mark}</b> {escape(reply)}</p></details>")
    title = "Predict, then read on"
    html = f'<div class="quiz"><p><b>{title}</b></p><p>{escape(asked.words)}</p>{"".join(rows)}</div>'
    return fenced("raw", html, argument="html")

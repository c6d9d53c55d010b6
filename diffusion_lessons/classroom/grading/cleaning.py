"""Nothing that a student handed in runs where somebody reads it: in Formgrader, in a feedback page, in JupyterLab.

Formgrader shows essays and outputs on the address under which the teacher's JupyterLab answers, so a script in one of
them could do there whatever the teacher can. Two layers stand against it, and either is enough:

* `Clean` goes over the graded copy of a submission when it is made, and once more when a page is written from it:
  metadata, attachments, the types of outputs, HTML in any of them. Code is left as it is; pages show it as text.
* `markdown2html` takes the place of nbconvert's filter of this name. It cleans what comes out of Markdown. What goes in
  (which is what nbconvert's own SanitizeHTML cleans) may hold `$a < b$` and `x & y`, which are no tags, and links such
  as `[here](javascript:...)`, which are no HTML yet.
"""

import html
import re
from typing import Any

import bleach
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from diffusion_lessons.classroom.submission import CUT_SHORT, FLAG

PICTURES = ("image/png", "image/jpeg", "image/gif")
TEXTS = ("text/plain", "text/latex")
LONGEST = 200_000  # characters of one text: an essay, an output
LARGEST = 8_000_000  # characters of one picture, in base64
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}

PLAIN_TAGS = "b|i|em|strong|small|code|kbd|sub|sup|s|u|p|br|hr"  # may stand in Markdown, without attributes
OPENS_A_TAG = re.compile(rf"<(?=[a-z/!?])(?!/?(?:{PLAIN_TAGS})\s*/?>)", re.IGNORECASE)
TAGS = {*PLAIN_TAGS.split("|"), "a", "abbr", "blockquote", "dd", "del", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5"}
TAGS |= {"h6", "img", "li", "ol", "pre", "q", "span", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"}
ATTRIBUTES = {
    "a": {"href": re.compile(r"(https?://|mailto:|#).*", re.DOTALL), "title": re.compile(".*", re.DOTALL)},
    "img": {
        "src": re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*"),
        "alt": re.compile(".*", re.DOTALL),
        "width": re.compile(r"\d{1,4}"),
        "height": re.compile(r"\d{1,4}"),
    },
    "div": {"class": re.compile("highlight")},  # no other class and no id: a page's own buttons go by them
    "span": {"class": re.compile("[a-z][a-z0-9]{0,2}")},  # the colours of code
    "ol": {"start": re.compile(r"\d{1,6}")},
    "td": {"colspan": re.compile(r"\d{1,3}"), "rowspan": re.compile(r"\d{1,3}")},
    "th": {"colspan": re.compile(r"\d{1,3}"), "rowspan": re.compile(r"\d{1,3}")},
}
PROTOCOLS = {"http", "https", "mailto", "data"}  # of these, ATTRIBUTES says which stand where


class Clean(NbGraderPreprocessor):
    """Clean a notebook: of a submission before and after it ran, and of its graded copy whenever a page is written."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        clean(notebook)
        return notebook, resources


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """Markdown as HTML in which nothing runs, for nbconvert's templates."""
    pictures = _AllThere(_attachments(context.get("cell", {})))
    renderer = IPythonRenderer(escape=False, attachments=pictures, exclude_anchor_links=True)
    try:
        page = MarkdownWithMath(renderer=renderer).render(source)
    except Exception:  # whatever a student found that the renderer cannot take: it is still text
        page = f"<pre>{html.escape(source)}</pre>"
    return clean_html(page)


class _AllThere(dict):
    """Attachments by name; a missing one is an empty picture, for which nbconvert would give up the page."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> dict[str, str]:
        return {"image/png": ""}


def clean_html(text: str) -> str:
    """HTML with text, tables, lists, links to the web and pictures inside the page; other tags are left out."""
    text = "".join(re.split(r"</?(?:style|script)\b[^<>]{0,200}>", text, flags=re.IGNORECASE)[::2])  # nobody reads them
    return bleach.clean(text, tags=TAGS, attributes=_allowed, protocols=PROTOCOLS, strip=True)


def _allowed(tag: str, name: str, value: str) -> bool:
    pattern = ATTRIBUTES.get(tag, {}).get(name)
    return pattern is not None and pattern.fullmatch(value) is not None


def without_tags(text: str) -> str:
    """Markdown in which no HTML is left but plain tags such as <b>: `<script>` becomes `< script>`, `$a < b$` stays."""
    return _short(OPENS_A_TAG.sub("< ", str(text)))


def clean(notebook: NotebookNode) -> None:
    """Leave of a notebook what can be read, in place; doing it twice changes nothing."""
    ours = {"kernelspec": notebook.metadata.get("kernelspec"), CUT_SHORT: notebook.metadata.get(CUT_SHORT)}
    notebook.metadata = NotebookNode({key: value for key, value in ours.items() if value}, language_info=LANGUAGE)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type in ("code", "markdown", "raw")]
    for number, cell in enumerate(notebook.cells):
        _clean_cell(cell, number)


def _clean_cell(cell: NotebookNode, number: int) -> None:
    marks = cell.metadata.get("nbgrader")
    cell.metadata = NotebookNode(nbgrader=marks) if marks else NotebookNode()
    if not re.fullmatch(r"[\w-]{1,64}", str(cell.get("id", "none")), re.ASCII):
        cell["id"] = f"renamed-{number}"
    if cell.cell_type == "code":
        graded = bool(marks and marks.get("grade"))
        cell["execution_count"] = _count(cell)
        cell["outputs"] = [_clean_output(output, graded) for output in cell.get("outputs", [])]
        cell.pop("attachments", None)
        return
    cell["source"] = without_tags(cell.source)
    pictures = _attachments(cell)
    cell.pop("attachments", None)
    if pictures:
        cell["attachments"] = NotebookNode(pictures)


def _clean_output(output: NotebookNode, graded: bool) -> NotebookNode:
    kind = output.output_type
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return NotebookNode(output_type=kind, name=name, text=_short(output.get("text", "")))
    if kind == "error":
        lines = output.get("traceback", [])
        lines = [_short(line) for line in lines] if isinstance(lines, list) else []
        fields = {key: _short(output.get(key, "")) for key in ("ename", "evalue")}
        return NotebookNode(output_type=kind, **fields, traceback=lines)
    data, metadata = output.get("data", {}), output.get("metadata", {})
    cleaned = NotebookNode(output_type="display_data", data=_clean_data(data), metadata=_sizes(metadata))
    if graded and FLAG in metadata:
        cleaned.metadata[FLAG] = metadata[FLAG]
    if kind == "execute_result":
        cleaned.update(output_type=kind, execution_count=_count(output))
    return cleaned


def _clean_data(data: dict[str, Any]) -> NotebookNode:
    """The types of an output that a page can show without running anything."""
    cleaned = NotebookNode(_pictures(data))
    cleaned.update({kind: _short(data[kind]) for kind in TEXTS if kind in data})
    if "text/markdown" in data:
        cleaned["text/markdown"] = without_tags(data["text/markdown"])
    if isinstance(data.get("text/html"), str) and len(data["text/html"]) <= LONGEST:
        cleaned["text/html"] = clean_html(data["text/html"])
    if not cleaned:
        cleaned["text/plain"] = "[an output that cannot be shown here]"
    return cleaned


def _sizes(metadata: dict[str, Any]) -> NotebookNode:
    """Width and height of pictures."""
    sizes = NotebookNode()
    for kind in PICTURES:
        size = metadata.get(kind)
        if isinstance(size, dict):
            sizes[kind] = NotebookNode({key: size[key] for key in ("width", "height") if _is_whole(size.get(key))})
    return sizes


def _attachments(cell: NotebookNode) -> dict[str, dict[str, str]]:
    """The pictures that are pasted into a cell, by name."""
    attached = cell.get("attachments", {})
    pictures = {name: _pictures(data) for name, data in attached.items()} if isinstance(attached, dict) else {}
    return {name: data for name, data in pictures.items() if data}


def _pictures(data: Any) -> dict[str, str]:
    shown = {kind: data[kind] for kind in PICTURES if isinstance(data, dict) and isinstance(data.get(kind), str)}
    base64 = re.compile(r"[A-Za-z0-9+/=\s]*")
    return {kind: text for kind, text in shown.items() if len(text) <= LARGEST and base64.fullmatch(text)}


def _count(cell: NotebookNode) -> int | None:
    return cell.get("execution_count") if _is_whole(cell.get("execution_count")) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(text: Any) -> str:
    """A text, cut off where nobody would read on."""
    text = text if isinstance(text, str) else str(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n[cut off after {LONGEST} characters]"

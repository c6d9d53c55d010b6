"""A submission that tries to run scripts where it is read: in every place that a page shows something of.

Each attempt asks for an address under TRAP, which names the place; a page on which nothing ran has asked for none.
"""

import base64
import json

import nbformat

TRAP = "http://127.0.0.1:9/trap-"  # nobody answers there


def script(place: str) -> str:
    return f'new Image().src="{TRAP}{place}"'


def attempts(place: str) -> str:
    """HTML that runs a script in several ways as soon as it is shown."""
    return "\n\n".join(
        [
            f"<script>{script(place + '-script')}</script>",
            f"<img src=x onerror='{script(place + '-onerror')}'>",
            f"<svg onload='{script(place + '-onload')}'><script>{script(place + '-svg')}</script></svg>",
            f"<details open ontoggle='{script(place + '-toggle')}'>x</details>",
            f'<iframe srcdoc="<script>{script(place + "-frame").replace(chr(34), chr(39))}</script>"></iframe>',
            f'<link rel=stylesheet href="{TRAP}{place}-link"><style>@import "{TRAP}{place}-import";</style>',
            f'<div style="background:url({TRAP}{place}-style)">x</div>',
            f'<img src="{TRAP}{place}-picture">',
            f"<a href='javascript:void({script(place + '-link')})'>click</a>",
            f"[click](javascript:void((new(Image)).src='{TRAP}{place}-md'))",
            f"<b <img src=x onerror='{script(place + '-nested')}'>",
            f"<!--><img src=x onerror='{script(place + '-comment')}'>-->",
            f"`` <img src=x onerror='{script(place + '-code')}'>",
        ]
    )


ESSAY = (
    f"An honest sentence: $a < b$ and x & y.\n\n{attempts('essay')}\n\n"
    f"# {attempts('heading').splitlines()[0]}\n\n$<img src=x onerror='{script('math')}'>$\n\n"
    "![attached](attachment:picture) ![missing](attachment:nothing)\n\n"
    f"```mermaid\n{attempts('mermaid')}\n```"
)
ATTACHMENTS = {
    "picture": {
        f"image/png\" onerror='{script('attachment-name')}' x=\"": "AAAA",
        "image/svg+xml": base64.b64encode(f"<svg onload='{script('attachment')}'/>".encode()).decode(),
        "text/html": attempts("attachment-html"),
    }
}
WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


def outputs(place: str) -> dict:
    """Data of an output in every type, each with a script."""
    return {
        "text/html": attempts(f"{place}-html"),
        "text/markdown": attempts(f"{place}-markdown"),
        "text/latex": f"$x${attempts(f'{place}-latex')}",
        "text/plain": attempts(f"{place}-plain"),
        "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload='{script(f'{place}-svg')}'/>",
        "image/png": f"\" onerror='{script(f'{place}-png')}' x=\"",
        "application/javascript": script(f"{place}-javascript"),
        "application/vnd.example+json": {"x": attempts(f"{place}-json")},
        WIDGET: {"model_id": f"</script><script>{script(f'{place}-view')}</script>", "version_major": 2},
    }


def code() -> str:
    """A cell that shows all of this when it runs, one type after the other, and an error at the end."""
    shown = outputs("run")
    return (
        "from IPython.display import display\n"
        f"for kind, data in {shown!r}.items():\n"
        "    display({kind: data}, raw=True, metadata={'isolated': True, kind: {'isolated': True, 'alt': data}})\n"
        f"print({attempts('printed')!r})\n"
        f"raise RuntimeError({attempts('error')!r})"
    )


def stored(cell: nbformat.NotebookNode) -> None:
    """Put outputs into a code cell as if it had shown them."""
    cell.outputs = [
        nbformat.v4.new_output("display_data", {kind: data}, metadata={kind: {"isolated": True}})
        for kind, data in outputs("stored").items()
    ]
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=attempts("stream")))
    cell.outputs.append(
        nbformat.v4.new_output("error", ename=attempts("ename"), evalue="x", traceback=[attempts("traceback")])
    )


def attack(notebook: nbformat.NotebookNode, essay: str) -> None:
    """Write attempts into a submission: its essay, a cell that shows them, title, metadata; it stays valid."""
    model = {"model_module": f"{TRAP}module", "model_module_version": "1", "model_name": "X", "state": {}}
    notebook.metadata.update(
        title=f"</title>{attempts('title')}",
        widgets={STATE: {"version_major": 2, "version_minor": 0, "state": {"a</script>": {**model, "x": script("w")}}}},
        language_info={"name": f"python'>{attempts('language')}", "pygments_lexer": attempts("lexer")},
        authors=[{"name": attempts("author")}],
    )
    for cell in notebook.cells:
        cell.metadata.update(tags=[attempts("tag").replace(",", "")], title=attempts("cell-title"))
        if cell.metadata.get("nbgrader", {}).get("grade_id") == essay:
            cell.source, cell["attachments"] = ESSAY, ATTACHMENTS
    shown = nbformat.v4.new_code_cell(code())
    stored(shown)
    marked = nbformat.v4.new_markdown_cell(attempts("markdown"))
    raw = nbformat.v4.new_raw_cell(attempts("raw"), metadata={"raw_mimetype": "text/html"})
    notebook.cells += [shown, marked, raw]


def text_of(notebook: nbformat.NotebookNode) -> str:
    return json.dumps(notebook)

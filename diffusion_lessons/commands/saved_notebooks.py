"""What a saved notebook keeps of a panel or a question: the picture or the text, not the view of a dead widget.

A reader of notebooks prefers a widget to the picture beside it in the same output. Once the kernel is gone, that is
"Error displaying widget: model not found" in place of a picture that the file holds. So the view is left out of what is
written; the open page keeps it and stays alive. A progress bar that is such a widget is left out whole: of a loop that
has ended, a stored page shows nothing.

This module is an extension of Jupyter's server. `diffusion-lessons lab` turns it on, and the installed package does so
for every server of its environment, in etc/jupyter/jupyter_server_config.d.
"""

import re
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
KEPT = ("image/png", "text/markdown", "text/html")  # what can stand for a widget; its plain text is only its name
PROGRESS = re.compile(r"\d+%\|")  # how tqdm's bars look as plain text


def leave_out_views(notebook: dict[str, Any]) -> None:
    """Remove, in place, progress bars and the view of each widget beside which a picture or a text stands."""
    for cell in notebook.get("cells", []):
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if not is_progress(output.get("data", {}))]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if VIEW in data and any(kind in data for kind in KEPT):
                del data[VIEW]


def is_progress(data: dict[str, Any]) -> bool:
    """Whether an output's data are a progress bar of tqdm in its widget form."""
    text = data.get("text/plain", "")
    return VIEW in data and PROGRESS.search(text if isinstance(text, str) else "".join(text)) is not None


def before_saving(model: dict[str, Any], **_: Any) -> None:
    """What Jupyter's contents manager calls with all that it is about to write."""
    if model.get("type") == "notebook" and isinstance(model.get("content"), dict):
        leave_out_views(model["content"])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Register once the server runs: other extensions, Jupytext's for one, put their own contents manager in place."""
    server.io_loop.add_callback(lambda: server.contents_manager.register_pre_save_hook(before_saving))

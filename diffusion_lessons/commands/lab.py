"""`diffusion-lessons lab`: the lessons in JupyterLab."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FIRST_LESSON = Path("lessons/00_start_here.ipynb")


def open_lab(folder: Path, extra: Sequence[str] = ()) -> int:
    """Run JupyterLab in a folder, with the first lesson open where it is there; return its exit status.

    Raises ImportError without JupyterLab, FileNotFoundError where there is no such folder.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise ImportError('the lessons need JupyterLab: pip install "diffusion-lessons[lab]"')
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}: run this in a clone of the course, or give --folder")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    if (folder / FIRST_LESSON).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}")
    return subprocess.run([*command, *extra]).returncode

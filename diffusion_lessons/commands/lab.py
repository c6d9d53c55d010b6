"""`diffusion-lessons lab`: the lessons in JupyterLab."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

FIRST_LESSON = Path("lessons/00_start_here.ipynb")
SETTINGS = Path(__file__).parent / "jupyter"


def open_lab(folder: Path, extra: Sequence[str] = (), *, for_class: bool = False) -> int:
    """Run JupyterLab in a folder, with the first lesson open where it is there; return its exit status.

    nbgrader's tools stay off the page unless it is `for_class`: they are for assignments and for teachers. A class also
    keeps back the solutions of the exercises.

    Raises ImportError without JupyterLab, FileNotFoundError where there is no such folder.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise ImportError('the lessons need JupyterLab: pip install "diffusion-lessons[lab]"')
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}: run this in a clone of the course, or give --folder")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    if (folder / FIRST_LESSON).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}")
    with tempfile.TemporaryDirectory() as settings:
        write_settings(Path(settings), for_class=for_class)
        places = [settings, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
        environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(places)}
        if for_class:
            from diffusion_lessons.checks.solutions import SWITCH

            environment[SWITCH] = "off"
        return subprocess.run([*command, *extra], env=environment).returncode


def write_settings(folder: Path, *, for_class: bool) -> None:
    """The course's own settings of Jupyter's server and of the page, as a folder of JUPYTER_CONFIG_PATH."""
    shutil.copytree(SETTINGS / "server", folder / "jupyter_server_config.d")
    if not for_class:
        shutil.copytree(SETTINGS / "learner", folder, dirs_exist_ok=True)

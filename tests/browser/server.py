"""JupyterLab as a student's `diffusion-lessons lab` starts it, alone: its own settings, its own folder, one thread."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

START_SECONDS = 120
TOKEN = "for-this-test-only"
# Of a JupyterHub each student has such an address; where it works, the plain one does.
BASE = "/user/learner/"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}  # else Lab asks for one
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}  # both would ask the network and cover the page


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def surroundings(home: Path) -> dict[str, str]:
    """The environment with every folder of Jupyter's inside `home`, so that no user setting is read or written."""
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS))
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}, "OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def serve(notebooks: Path, home: Path, *, start_in: Path | None = None, for_class: bool = False) -> Iterator[str]:
    """Lab on the notebooks of a folder, under a base URL; its address, to which a path and `?token=` are added.

    `start_in` is the folder in which the command is given, where nbgrader looks for its settings; its tools are on the
    page `for_class` only.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}{BASE}"
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.base_url={BASE}",
        f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True",  # window.jupyterapp, through which the tests run all cells
    ]
    command = [sys.executable, "-m", "diffusion_lessons", "lab", "--folder", str(notebooks)]
    command += [*(["--class"] if for_class else []), "--", *options]
    log = home / "lab.log"
    with log.open("w") as output:
        lab = subprocess.Popen(
            command,
            cwd=start_in,
            env=surroundings(home),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_answering(f"{address}api?token={TOKEN}", lab, log)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(lab.pid, signal.SIGTERM)  # the command and the server that it started; kernels follow
        lab.wait(60)


def wait_until_answering(url: str, lab: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and lab.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url).close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start within {START_SECONDS} s:\n{log.read_text()[-2000:]}")

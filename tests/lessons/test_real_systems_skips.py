"""Lesson 15 where the extra is missing: what needs it is skipped by name, and every cell still runs."""

import subprocess
import sys

import nbformat

from tests.promises.test_readme import LESSONS

PROGRAM = """
import importlib.util, sys
find = importlib.util.find_spec
gone = ("diffusers", "transformers", "onnx", "onnxruntime", "onnxscript")
importlib.util.find_spec = lambda name, *rest: None if name in gone else find(name, *rest)
sys.modules.update(dict.fromkeys(gone))
exec(sys.stdin.read(), {"__name__": "lesson"})
"""


def test_without_the_extra_every_cell_runs_and_what_is_skipped_is_named():
    cells = nbformat.read(LESSONS / "15_real_systems.ipynb", as_version=4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    made = subprocess.run([sys.executable, "-c", PROGRAM], input=source, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-2000:]
    assert (
        "skipped below: diffusers and transformers are not installed: pip install 'diffusion-lessons[pipelines]'"
        in (made.stdout)
    )
    assert "ONNX Runtime is skipped: onnx" in made.stdout and "StableDiffusionPipeline" not in made.stdout

"""What every test runs under, also when pytest is started by hand: one thread, no progress bars, no window.

And a recipe and images small enough to train in a second.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: how long one example takes depends on the machine. A failure prints what runs it again.
settings.register_profile("course", deadline=None, print_blob=True)
settings.load_profile("course")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job: tests press Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def wheel_file(tmp_path_factory):
    """The wheel, built from this tree without a network."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel: pip install -e '.[dev]'")
    folder, root = tmp_path_factory.mktemp("build"), Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "pip", "wheel", str(root), "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "--wheel-dir", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture
def tiny_data():
    """Two classes of 8x8 images: bright above, or bright below."""
    import torch

    from diffusion_lessons.data import Data

    pixels = torch.zeros(64, 1, 8, 8, dtype=torch.uint8)
    pixels[:32, :, :4] = 255
    pixels[32:, :, 4:] = 255
    labels = torch.arange(64) // 32
    return Data(pixels, labels, ("above", "below"), {"name": "halves", "licence": "none"})


@pytest.fixture
def tiny_recipe():
    """Twenty steps of a U-Net with two narrow levels."""
    from diffusion_lessons.networks import UNetConfig
    from diffusion_lessons.training.recipes import Recipe

    network = UNetConfig(widths=(8, 16), embedding=16, dropout=0.0)
    return Recipe("tiny", "halves", images=320, batch=16, network=network)

"""Two processes that share a batch train like one process with the whole batch."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training.loop import finish, train

SCRIPT = """
import json, sys, torch
from pathlib import Path

from diffusion_lessons.training.loop import finish, train

torch.set_num_threads(1)
folder = Path(sys.argv[1])
recipe, data = torch.load(folder / "task.pt", weights_only=False)
losses = []
for record in train(recipe, data, folder, device="cpu", every=1):
    losses.append(record.loss)
finish(record, folder)
name = "main" if record.main else "second"
(folder / f"{name}.json").write_text(json.dumps(losses))
"""


def test_two_processes_have_the_loss_curve_and_weights_of_one(tiny_recipe, tiny_data, tmp_path):
    recipe = replace(tiny_recipe, images=96, flip=True)  # 6 steps
    torch.save((recipe, tiny_data), tmp_path / "task.pt")
    (tmp_path / "script.py").write_text(SCRIPT)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*launch, str(tmp_path / "script.py"), str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]

    alone, losses = None, []
    for alone in train(recipe, tiny_data, device="cpu", every=1):
        losses.append(alone.loss)
    both = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("main", "second")]
    assert both[0] == both[1]  # what is reported is the mean over both
    assert both[0] == pytest.approx(losses, rel=2e-3)  # bfloat16 rounds by the shape of the batch

    assert alone is not None
    one = finish(alone, tmp_path / "one")
    assert one is not None
    together, single = checkpoints.load(tmp_path / "halves-diffusion"), checkpoints.load(one)
    assert together.card is not None and together.card["images_seen"] == 96
    for name, value in together.network.state_dict().items():
        torch.testing.assert_close(value, single.network.state_dict()[name], atol=2e-3, rtol=2e-2, msg=name)


def test_what_the_first_process_makes_the_others_find():
    """As a student's pairs: on disk before any other process looks for them."""
    done, here = [], threading.Barrier(2)

    def process(rank):
        accelerator = SimpleNamespace(process_index=rank, wait_for_everyone=here.wait)
        with Processes(torch.device("cpu"), accelerator).first_alone():
            time.sleep(0.05 * (1 - rank))  # the others would overtake it if they could
            done.append(rank)

    threads = [threading.Thread(target=process, args=(rank,)) for rank in (1, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert done == [0, 1]


def test_several_processes_without_accelerate_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    assert Processes.started("cpu").world == 1
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ImportError, match=r'pip install "diffusion-lessons\[processes\]"'):
        Processes.started("cpu")


def test_a_batch_that_processes_cannot_share(tiny_recipe, tiny_data, monkeypatch):
    from diffusion_lessons.training import loop

    class Three:
        rank, world, device = 0, 3, torch.device("cpu")

    monkeypatch.setattr(loop.Processes, "started", lambda _: Three())
    with pytest.raises(ValueError, match="batch of 16 cannot be shared by 3 processes"):
        train(tiny_recipe, tiny_data)

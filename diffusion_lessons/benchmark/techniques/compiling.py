"""After how many passes does compiling pay? What making a program costs, over what each pass of it saves.

    passes_until_it_pays(making=40.0, plain=0.050, quick=0.030)         # 2,000 passes
    python -m diffusion_lessons.benchmark.techniques.compiling          # measures the making, into the shipped file

A program is made at the first call, anew for each size of a batch, and kept by PyTorch on disk: it is made here as if
there were none. Its latency is in the table of techniques, timed when it was there.
"""

import json
import math
import os
from pathlib import Path

import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.techniques.technique_table import BATCHES, shipped_file
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine import places
from diffusion_lessons.machine.description import describe
from diffusion_lessons.machine.devices import why_not_compiled
from diffusion_lessons.machine.files import read_json, write_atomically
from diffusion_lessons.optimise.int8 import to_int8, why_no_int8

PROGRAMS = ("compiled", "int8")


def passes_until_it_pays(making: float, plain: float, quick: float) -> float:
    """making / (plain - quick): passes after which the time saved is the time that making the program took.

    All in seconds, `plain` and `quick` of one pass of the network; infinite where the program is no quicker.
    """
    return making / (plain - quick) if quick < plain else math.inf


def making_seconds(name: str, program: str, batch: int) -> float:
    """Seconds of a processor until a program has answered for the first time, less those of a second answer.

    program: "compiled" or "int8", whose calibration counts. The compiler's own processes count too, one at a time.
    """
    from torch._inductor import config  # here, since importing the compiler takes as long as importing torch

    torch.compiler.reset()
    with config.patch(force_disable_caches=True, compile_threads=1):
        began = _seconds()
        parent = checkpoints.load(name, "cpu", compile=program == "compiled")
        quick = to_int8(parent) if program == "int8" else parent
        x, t = torch.zeros(batch, *(parent.shape or ())), parent.path.T / 2
        made = _after_an_answer(quick, x, t)
        return (made - began) - (_after_an_answer(quick, x, t) - made)


def _after_an_answer(denoise: Denoiser, x: torch.Tensor, t: float) -> float:
    with torch.no_grad():
        denoise(x, t)
    return _seconds()


def _seconds() -> float:
    """What this process and those that it waited for have computed so far."""
    return sum(os.times()[:4])


def shipped_making(name: str) -> dict[str, dict[int, float]]:
    """Seconds of making each program of this checkpoint, by its name and the size of the batch.

    Raises FileNotFoundError where they were not measured, with the command, and ValueError for another checkpoint's.
    """
    file = making_file(name)
    if not file.is_file():
        raise FileNotFoundError(f"what compiling {name} takes was not measured: `python -m {__name__}` does it")
    content, sha256 = read_json(file), cards.read_card(name)["sha256"]
    if content["checkpoint_sha256"] != sha256:
        raise ValueError(f"{file} was measured on another {name}: `python -m {__name__}` measures it anew")
    return {program: {int(batch): s for batch, s in each.items()} for program, each in content["seconds"].items()}


def making_file(name: str) -> Path:
    """Where the seconds are, or would be."""
    return shipped_file(name).with_name(f"{name}-compiling.json")


def measure_making(name: str, file: Path) -> None:
    """Measure every program that works here at each batch, and write the file."""
    cpu = torch.device("cpu")
    why = {"compiled": why_not_compiled(cpu), "int8": why_no_int8(cpu)}
    torch.set_num_threads(1)
    seconds = {
        program: {str(batch): round(making_seconds(name, program, batch), 1) for batch in BATCHES}
        for program in PROGRAMS
        if not why[program]
    }
    content = {
        "checkpoint": name,
        "checkpoint_sha256": cards.read_card(name)["sha256"],
        "clock": "processor",
        "seconds": seconds,
        **{key: value for key, value in describe(cpu).items() if key != "load"},
    }
    write_atomically(file, f"{json.dumps(content, indent=1)}\n".encode())


if __name__ == "__main__":
    places.clone_for("what compiling takes is written beside the tables of techniques")
    measure_making("mnist-small-diffusion", making_file("mnist-small-diffusion"))

"""How many times faster: half precision, torch.compile, int8 and ONNX Runtime beside float32, in one interleaved run.

    python -m benchmarks.faster --batch 25
    python -m benchmarks.faster --batch 1 --without int8 compiled

One CPU thread, timed by the processor's clock, so that other programs do no harm. Compiling takes some minutes. The
table of `diffusion-lessons techniques`, measured on a Xeon with AMX, has int8 3.3 times as fast as float32 at batch 25
and 1.4 times at batch 1: claim C16c. On that machine this run has ONNX Runtime 1.4 times as fast in float32 and 2.1
times in int8, at batch 25.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.latency import interleaved_runs, speed_up
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.machine.devices import why_no_bfloat16, why_not_compiled
from diffusion_lessons.optimise.int8 import why_no_int8
from diffusion_lessons.optimise.onnx_runtime import why_no_onnx
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.sampling import Settings

WAYS = {
    "bfloat16": Techniques(),
    "compiled": Techniques(compile=True),
    "int8": Techniques(int8=True),
    "onnx": Techniques(onnx=True),
    "onnx-int8": Techniques(onnx=True, int8=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="mnist-small-diffusion")
    parser.add_argument("--batch", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--without", nargs="*", default=[], choices=list(WAYS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    base = Settings("dpm_solver_pp_2m", 5, batch=chosen.batch)
    names, runs = ["float32"], [(checkpoints.load(chosen.checkpoint), base)]
    with tempfile.TemporaryDirectory() as folder:
        for name, techniques in WAYS.items():
            if name in chosen.without or (reason := _why_not(name)):
                print(f"{name}: skipped, {'left out' if name in chosen.without else reason}")
                continue
            plan = plans.write(Path(folder) / f"{name}.json", chosen.checkpoint, techniques)
            settings = base.changed(precision="bfloat16") if name == "bfloat16" else base
            names.append(name)
            runs.append((checkpoints.load(plan), settings))
        rows = interleaved_runs(runs, chosen.rounds, clock="processor", progress=True)
    print(f"float32: {1000 * (rows[0].evaluation_seconds or 0) * chosen.batch:.3g} ms for a pass of {chosen.batch}")
    for name, row in zip(names[1:], rows[1:], strict=True):
        print(f"{name}: {speed_up(row, rows[0]).words}")


def _why_not(name: str) -> str:
    """Why this way would not be faster here, or not work; '' where it does."""
    if name == "bfloat16":
        return why_no_bfloat16(torch.device("cpu"))
    if name.startswith("onnx"):
        return why_no_onnx()
    return why_no_int8() if name == "int8" else why_not_compiled(torch.device("cpu"))


if __name__ == "__main__":
    main()

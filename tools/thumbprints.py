"""Thumbprints of the checkpoints that ship: what four labelled samples look like from afar, and how good 500 are.

python tools/thumbprints.py                      # those that are new or whose weights changed
python tools/thumbprints.py --all                # every one, as after a change to a sampler

Written to tests/promises/thumbprints.json, with which the tests there compare what the shipped files do.
A network too poor to ship (`GOOD`) is refused here: its figures would otherwise become its own threshold.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.card import METRICS, default_settings
from diffusion_lessons.benchmark.measure import measure, timed_samples
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.metrics.captions.evaluator import of_network
from diffusion_lessons.sampling import Settings

FILE = Path(__file__).resolve().parents[1] / "tests/promises/thumbprints.json"
STEPS = 5  # of DPM-Solver++(2M), where the card names no steps of its own
IMAGES, SIDE = 4, 4  # of a thumbprint: the classes 0 to 3, each as 4x4 block means
SAMPLES = 500
GOOD = {"adherence": 0.7, "frechet": 30.0}  # no less, no more, of anything that ships, also in one step
PHOTOGRAPHS = {**GOOD, "adherence": 0.4}  # of ten classes, whose judge errs on one real photograph in eight


def few_steps(denoise: Any, **changes: Any) -> Settings:
    """How the tests sample a checkpoint: few steps, conditional."""
    return default_settings(denoise.card, STEPS).changed(**changes)


def thumbprint(denoise: Any, **changes: Any) -> Tensor:
    """Block means [IMAGES, channels, SIDE, SIDE] of the samples of the first classes, from seed 0."""
    x = timed_samples(denoise, few_steps(denoise, batch=IMAGES, **changes), IMAGES).x
    return F.adaptive_avg_pool2d(x.float(), SIDE)


def quality(denoise: Any) -> dict[str, dict[str, float]] | None:
    """Adherence and Fréchet distance of up to 500 samples; None where no classifier ships for the data."""
    try:
        evaluator = of_network(denoise)
    except FileNotFoundError:
        return None
    samples = min(SAMPLES, len(evaluator.held_out.features))
    row = measure(
        denoise, few_steps(denoise, batch=50), evaluator=evaluator, metrics=METRICS, samples=samples, repeats=0
    )
    return {name: {"value": row.quality[name].value, "spread": row.quality[name].spread} for name in METRICS}


def read() -> dict[str, Any]:
    """What was written: {name: {"sha256", "thumbprint", "quality"}}."""
    return json.loads(FILE.read_text()) if FILE.is_file() else {}


def good(name: str) -> dict[str, float]:
    """What is asked of a checkpoint."""
    return PHOTOGRAPHS if name.startswith("cifar10-") else GOOD


def make(name: str) -> dict[str, Any]:
    """The entry of one checkpoint. Raises ValueError for one that is too poor to ship."""
    denoise = checkpoints.load(name)
    found, asked = quality(denoise), good(name)
    if found and (found["adherence"]["value"] < asked["adherence"] or found["frechet"]["value"] > asked["frechet"]):
        raise ValueError(f"{name} is not good enough to ship: {found}; at least {asked} is asked")
    figures = found and {name: {k: round(v, 4) for k, v in each.items()} for name, each in found.items()}
    values = thumbprint(denoise).mul(1000).round().int().flatten().tolist()
    return {"sha256": cards.read_card(name)["sha256"], "quality": figures, "thumbprint in 1/1000": values}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="those of unchanged weights as well")
    anew = parser.parse_args().all
    torch.set_num_threads(1)
    entries: dict[str, Any] = {} if anew else read()
    entries = {name: entry for name, entry in entries.items() if name in checkpoints.names()}
    for name in checkpoints.names():
        if entries.get(name, {}).get("sha256") != cards.read_card(name)["sha256"]:
            entries[name] = make(name)
            print(name, entries[name]["quality"], flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(entries[name])}" for name in sorted(entries)]
    write_atomically(FILE, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
    print(f"{len(entries)} thumbprints in {FILE}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"error: {error}")

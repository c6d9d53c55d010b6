"""Measure all tables that ship, anew where their network or the real images are others: `make tables`.

    python tools/tables.py                      # every checkpoint, every plan that its table needs
    python tools/tables.py digits-diffusion     # some of them
    python tools/tables.py --plans curve long   # only these plans

It may be interrupted at any row and goes on where it stopped. Started twice, two processes share the rows. Rows of
another network, or against other real images, are dropped first; latency is left to `diffusion-lessons benchmark NAME
--plan latency --ship` on an idle machine.
"""

import argparse
import sys

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import table
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands.benchmark import run_benchmark
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import Lock, write_atomically


def plans_of(name: str) -> tuple[str, ...]:
    """The plans that the table of a shipped checkpoint holds: all for a teacher on a diffusion path, else `few`.

    A text-to-image system has a plan of its own.

    The last class of the digits network is that of spoiled images, so only this one is measured with a negative.
    """
    if name == "digits-diffusion":
        return "full", "negative"
    if name.startswith("captions-"):
        return ("sentences",)
    return ("full",) if name.endswith("-diffusion") else ("few",)


def measured() -> list[str]:
    """The checkpoints with tables, those of the fewest rows first."""
    names = [file.stem for file in places.measurements().glob(f"*{table.SUFFIX}")]
    return sorted(
        (name for name in names if name in checkpoints.names()), key=lambda name: ("full" in plans_of(name), name)
    )


def drop_outdated(name: str) -> int:
    """Remove rows of another network, or against other real images, from a shipped table; how many there were."""
    file = places.measurements() / f"{name}{table.SUFFIX}"
    with Lock(file, table.WAIT):
        if not file.is_file():
            return 0
        card = cards.read_card(name)
        reference = cards.read_card(f"{card['data']['name']}-features")["sha256"]
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        rows = table.read(file)
        kept = [
            line
            for line, row in zip(lines, rows, strict=True)
            if row.checkpoint_sha256 == card["sha256"] and (row.samples == 0 or row.reference_sha256 == reference)
        ]
        if len(kept) < len(lines):
            write_atomically(file, "".join(kept).encode())
        return len(lines) - len(kept)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="checkpoints; by default all that have a table")
    parser.add_argument("--plans", nargs="*", help="instead of all that a table needs")
    chosen = parser.parse_args(arguments)
    for name in chosen.names or measured():
        dropped = drop_outdated(name)
        print(f"{name}: {dropped} outdated rows dropped" if dropped else name, flush=True)
        for plan in chosen.plans or plans_of(name):
            run_benchmark(name, plan, ship=True, latency=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())

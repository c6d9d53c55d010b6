"""Measure all tables that ship, anew where their network or the real images are others: `make tables`.

    python tools/tables.py                          # every checkpoint, every plan that its table needs
    python tools/tables.py digits-diffusion         # some of them
    python tools/tables.py --plans curve long       # only these plans
    python tools/tables.py digits-flow --anew       # every row again, beside the table, and what moved
    python tools/tables.py mnist-diffusion --plans half --batch 100 --compile      # the fastest way on a CPU
    python tools/tables.py mnist-diffusion --plans long --samples 2000 --device cuda --out runs/gpu
    python tools/tables.py mnist-diffusion --take runs/gpu      # rows made elsewhere, where they pair with the rest

It may be interrupted at any row and goes on where it stopped. Started twice, two processes share the rows. Rows of
another network, or against other real images, are dropped first; latency is left to `diffusion-lessons benchmark NAME
--plan latency --ship` on an idle machine.
"""

import argparse
import sys
from pathlib import Path

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import again, table
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands.benchmark import run_benchmark
from diffusion_lessons.figures import style
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import Lock, write_atomically

AGAIN = Path("runs/tables")  # where rows that are measured again are kept


def plans_of(name: str) -> tuple[str, ...]:
    """The plans that the table of a shipped checkpoint holds: all for a teacher on a diffusion path, else few steps.

    A text-to-image system has a plan of its own.

    The last class of the digits network is that of spoiled images, so only this one is measured with a negative. MNIST
    has test images enough for thousands of samples, and its rows beside DDPM are drawn in half precision as well. The
    figures that others published are of CIFAR-10.
    """
    if name == "digits-diffusion":
        return "full", "negative"
    if name in ("mnist-diffusion", "mnist-small-diffusion"):
        return "full", "half"
    if name == "cifar10-diffusion":
        return "full", "published"
    if name.startswith("captions-"):
        return ("sentences",)
    if name.endswith("-diffusion"):
        return ("full",)
    return ("few", "limit") if name.endswith("-flow") else ("few",)


def measured() -> list[str]:
    """The checkpoints with tables, those of the fewest rows first."""
    names = [file.stem for file in places.measurements().glob(f"*{table.SUFFIX}")]
    return sorted(
        (name for name in names if name in checkpoints.names()), key=lambda name: ("full" in plans_of(name), name)
    )


def drop_outdated(name: str) -> int:
    """Remove rows of another network, or against other real images, from a shipped table; how many there were."""
    file = shipped_file(name)
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


def shipped_file(name: str) -> Path:
    """The table of a checkpoint that ships."""
    return places.measurements() / f"{name}{table.SUFFIX}"


def compare(name: str, file: Path) -> int:
    """Print which rows of a table moved against those that ship, and return how many did."""
    kept = {row.key: row for row in table.read(shipped_file(name)) if row.samples}
    made = {row.key: row for row in table.read(file)}  # the last row of each key counts, as where tables are read
    pairs = [(kept[key], row) for key, row in made.items() if key in kept]
    changed = [(before, changes) for before, now in pairs if (changes := again.moved(before, now))]
    for before, changes in changed:
        words = "; ".join(f"{figure} {one.before}, now {one.now}" for figure, one in changes.items())
        print(f"{name}, {before.settings}, {before.samples:,} samples: {words}")
    print(f"{name}: {style.count(len(pairs), 'row')} in both tables; with a figure beyond its interval: {len(changed)}")
    return len(changed)


def take(name: str, folder: Path) -> None:
    """Put the rows that were made elsewhere into the table that ships, and say how many."""
    rows = table.read(folder / f"{name}{table.SUFFIX}", cards.read_card(name)["sha256"])
    found = again.join(shipped_file(name), rows)
    print(f"{name}: {style.count(found.taken, 'row')} taken from {folder}; there already and alike: {found.agreed}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="checkpoints; by default all that have a table")
    parser.add_argument("--plans", nargs="*", help="instead of all that a table needs")
    parser.add_argument("--anew", action="store_true", help=f"every row again, into {AGAIN} or --out; compare it")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="tables in this folder, not those that ship")
    parser.add_argument("--samples", type=int, metavar="N", help="of each row, instead of the plan's; needs --out")
    parser.add_argument("--device", help="as in `diffusion-lessons benchmark`, such as cuda")
    parser.add_argument("--batch", type=int, default=25, metavar="N", help="images drawn at a time; 25")
    parser.add_argument("--precision", help="of the network in every row, such as bfloat16; needs --out")
    parser.add_argument("--compile", action="store_true", help="the network through torch.compile")
    parser.add_argument("--take", type=Path, metavar="FOLDER", help="put the rows of these tables into those that ship")
    chosen = parser.parse_args(arguments)
    out = chosen.out or (AGAIN if chosen.anew else None)
    if chosen.samples is not None and (out is None or chosen.samples < 1):
        parser.error("--samples needs --out FOLDER or --anew, and a count of at least 1: see --take")
    if chosen.precision and out is None:
        parser.error("--precision needs --out FOLDER or --anew: a shipped table has the precisions of its plans")
    try:
        return sum([_make(name, chosen, out) for name in chosen.names or measured()]) > 0
    except (ValueError, OSError) as error:
        parser.error(str(error))


def _make(name: str, chosen: argparse.Namespace, out: Path | None) -> int:
    """Make or take the table of one checkpoint, and return how many rows moved."""
    if chosen.take is not None:
        take(name, chosen.take)
        return 0
    dropped = drop_outdated(name) if out is None else 0
    print(f"{name}: outdated and dropped: {style.count(dropped, 'row')}" if dropped else name, flush=True)
    where = {"ship": True} if out is None else {"out": out / f"{name}{table.SUFFIX}", "samples": chosen.samples}
    how = {option: getattr(chosen, option) for option in ("device", "batch", "compile", "precision")}
    for plan in chosen.plans or plans_of(name):
        run_benchmark(name, plan, latency=False, **how, **where)
    return compare(name, out / f"{name}{table.SUFFIX}") if chosen.anew and out is not None else 0


if __name__ == "__main__":
    sys.exit(main())

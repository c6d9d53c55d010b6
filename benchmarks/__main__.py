"""The benchmarks, one after the other: each prints a table.

    python -m benchmarks [NAME ...] [--full]

Without names all of them run, in a short form that takes a few minutes together; `--full` runs them with their own
defaults. `python -m benchmarks.NAME --help` tells what one measures and its options.
"""

import argparse
import ast
import subprocess
import sys
from pathlib import Path

SHORT = {  # every file here that measures when it is run, with the options of its short form
    "samplers": ["--repeats", "10"],
    "orders": [],
    "training": ["--minutes", "0.2", "--steps", "2"],
    "faster": ["--rounds", "3", "--without", "int8", "compiled"],
    "profile_step": ["--steps", "2"],
    "cifar_race": ["--only", "64-128-192", "--ways", "eager", "--steps", "2"],
    "choices": [],  # prints the runs that were kept
    "mnist_race": [],  # likewise
    "grading": ["--alone", "1", "--submissions", "4"],
    "hostile_class": ["--submissions", "3"],
    "limits": ["digits-diffusion"],
}


def overview() -> str:
    """Each benchmark with the first line of what its file says of itself, read without importing it."""
    files = {name: Path(__file__).with_name(f"{name}.py") for name in SHORT}
    said = {name: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "" for name, file in files.items()}
    return "\n".join(f"  {name:13} {text.splitlines()[0]}" for name, text in said.items())


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that were named, or all; the number of those that failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\n{overview()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(SHORT)}")
    parser.add_argument("--full", action="store_true", help="each with its own defaults")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in SHORT]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; they are {', '.join(SHORT)}")
    failed = []
    for name in options.names or SHORT:
        print(f"\n== {name}\n", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *([] if options.full else SHORT[name])]
        if subprocess.run(command).returncode != 0:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())

"""The benchmarks that print a table, one after the other: `python -m benchmarks`."""

import runpy
import sys

for name in ("samplers", "training"):
    print(f"\n== benchmarks.{name}\n")
    sys.argv = [name]  # each with its own defaults
    runpy.run_module(f"benchmarks.{name}", run_name="__main__")

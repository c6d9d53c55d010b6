"""Orders of accuracy, and what a step-count threshold does to a curve.

    python -m benchmarks.orders [--out runs/orders.png]

The slopes are those of the error against the number of evaluations, on a mixture whose flow is known exactly.
"""

import argparse
from pathlib import Path

import torch

from diffusion_lessons.figures.diffusion.convergence import order_figure
from diffusion_lessons.figures.pictures.saving import check_figure, save_figure
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.step_count_rule import last_step_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/orders.png"), help="the figure of both")
    file = parser.parse_args().out
    check_figure(file)
    torch.set_num_threads(1)
    rows = [*convergence.errors(), *convergence.adaptive_errors()]
    last_steps = last_step_errors()
    for name, slope in convergence.slopes(rows).items():
        print(f"{name:32} slope {slope:.2f}")
    print("\nsteps to sigma = 0, error: ours, with the threshold")
    for ours, theirs in zip(last_steps[: len(last_steps) // 2], last_steps[len(last_steps) // 2 :], strict=True):
        print(f"{ours.steps:5} {ours.error:.5f} {theirs.error:.5f}")
    save_figure(order_figure(rows, last_steps), file, dpi=110)
    print(f"\n{file}")


if __name__ == "__main__":
    main()

"""Commands that measure: quality and latency, the frontier, the claims ledger."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_lessons.cli.options import Device, Seed


def benchmark(
    checkpoint: Annotated[str, typer.Argument(help="A shipped checkpoint's name, or a file.")] = "mnist-diffusion",
    quick: Annotated[bool, typer.Option("--quick", help="A few minutes on a CPU: short for --plan quick.")] = False,
    plan: Annotated[
        str, typer.Option(help="quick, curve, sharp, unclipped, guidance, precision, long, negative, latency, full.")
    ] = "full",
    samples: Annotated[int | None, typer.Option(help="Samples of each row, instead of the plan's.")] = None,
    batch: Annotated[int, typer.Option(help="Images sampled together; more on a GPU.")] = 25,
    out: Annotated[Path | None, typer.Option(help="The table; by default runs/measurements/NAME.csv.")] = None,
    ship: Annotated[bool, typer.Option("--ship", help="Into datasets/measurements/, for the course.")] = False,
    latency: Annotated[bool, typer.Option(help="Off where several processes share the work.")] = True,
    device: Device = None,
    seed: Seed = 0,
) -> None:
    """Measure samplers: quality with its spread and floor, latency with its machine. Go on where it stopped.

    \b
    diffusion-lessons benchmark --quick
    diffusion-lessons benchmark mnist-diffusion --plan curve --samples 2000 --batch 1000
    accelerate launch --num_processes 4 -m diffusion_lessons benchmark mnist-diffusion --no-latency
    """
    from diffusion_lessons.views import measured

    chosen = "quick" if quick else plan
    measured.run_benchmark(
        checkpoint, chosen, samples=samples, batch=batch, out=out, ship=ship, latency=latency, device=device, seed=seed
    )


def frontier(
    table: Annotated[str, typer.Argument(help="A shipped table's name, or a CSV of `benchmark`.")] = "mnist-diffusion",
    x: Annotated[str, typer.Option(help="The cost: nfe, seconds_per_image or peak_memory_mb.")] = "nfe",
    quality: Annotated[str, typer.Option(help="frechet, kernel, precision, recall, coverage, adherence.")] = "frechet",
    budget: Annotated[float | None, typer.Option(help="The best whose cost is at most this.")] = None,
    out: Annotated[Path, typer.Option(help="The picture.")] = Path("frontier.png"),
) -> None:
    """Which samplers no other beats in cost and quality, the knee, and the best within a budget.

    \b
    diffusion-lessons frontier
    diffusion-lessons frontier runs/measurements/mnist-diffusion.csv --x seconds_per_image --budget 0.05
    """
    from diffusion_lessons.views import measured

    measured.show_frontier(table, x, quality, out, budget)


def claims(
    names: Annotated[list[str] | None, typer.Argument(help="C1 ... C31: measure these anew.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Measure every claim anew.")] = False,
    out: Annotated[Path | None, typer.Option(help="The page; by default CLAIMS.md.")] = None,
) -> None:
    """The claims ledger: what the source texts say, measured, with a verdict each; writes CLAIMS.md.

    \b
    diffusion-lessons claims
    diffusion-lessons claims C9 C14
    """
    from diffusion_lessons.views import measured

    measured.show_claims(names or (), every=every, out=out)

"""Commands that measure: quality and latency, and the frontier of both."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_lessons.cli.options import MOST_SAMPLES, Batch, Device, Seed, named_values


def benchmark(
    checkpoint: Annotated[str, typer.Argument(help="A shipped checkpoint's name, or a file.")] = "mnist-diffusion",
    quick: Annotated[bool, typer.Option("--quick", help="A few minutes on a CPU: short for --plan quick.")] = False,
    plan: Annotated[
        str | None,
        typer.Option(
            help="quick, curve, few, limit, unclipped, published, guidance, precision, long, half, negative, latency, "
            "sentences or full."
        ),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(min=2, max=MOST_SAMPLES, help="Samples of each row, instead of the plan's.")
    ] = None,
    batch: Batch = 25,
    out: Annotated[Path | None, typer.Option(help="The table; by default runs/measurements/NAME.jsonl.")] = None,
    ship: Annotated[bool, typer.Option("--ship", help="Write to datasets/measurements/, for the course.")] = False,
    latency: Annotated[bool, typer.Option(help="Measure latency; not where several processes share the work.")] = True,
    inception: Annotated[
        bool, typer.Option("--inception", help="Measure in Inception's features: true FID, for photos.")
    ] = False,
    inception_weights: Annotated[
        Path | None, typer.Option(help="File of its weights, where they cannot be downloaded.")
    ] = None,
    device: Device = None,
    compile: Annotated[bool, typer.Option("--compile", help="The network through torch.compile.")] = False,
    precision: Annotated[
        str | None,
        typer.Option(help="Precision of every row, instead of the plan's: float64, float32, bfloat16 or float16."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Measure samplers: quality with its spread and floor, latency with its machine. A run resumes where it stopped.

    \b
    diffusion-lessons benchmark --quick
    diffusion-lessons benchmark mnist-diffusion --plan curve --batch 1000
    diffusion-lessons benchmark mnist-reflow --plan few
    diffusion-lessons benchmark mnist-diffusion --plan curve --precision bfloat16 --compile --batch 100
    diffusion-lessons benchmark runs/cifar10/cifar10-diffusion --plan curve --samples 10000 --inception
    accelerate launch --num_processes 4 -m diffusion_lessons benchmark mnist-diffusion --no-latency
    """
    from diffusion_lessons.commands.benchmark import run_benchmark

    if quick and plan not in (None, "quick"):
        raise ValueError(f"--quick is --plan quick: give one of them, not --plan {plan} as well")
    run_benchmark(
        checkpoint,
        "quick" if quick else plan or "full",
        samples=samples,
        batch=batch,
        out=out,
        ship=ship,
        latency=latency,
        inception=inception or inception_weights is not None,
        inception_weights=inception_weights,
        device=device,
        compile=compile,
        precision=precision,
        seed=seed,
    )


def evaluate(
    checkpoint: Annotated[str, typer.Argument(help="A shipped checkpoint's name, or a file.")],
    samples: Annotated[
        int | None, typer.Option(min=2, max=MOST_SAMPLES, help="By default as many as there are held-out images.")
    ] = None,
    sampler: Annotated[
        str | None, typer.Option(help="By default the best of a short list, or a student's own.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of --sampler; by default 10.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="An option of the sampler, NAME=VALUE.")
    ] = None,
    batch: Batch = 50,
    precision: Annotated[str, typer.Option(help="Of the network: float32, bfloat16, float16.")] = "float32",
    device: Device = None,
    seed: Seed = 0,
) -> None:
    """Measure a checkpoint at guidance scales 1 and 2, and write adherence and Fréchet distance into its card.

    \b
    diffusion-lessons evaluate mnist-diffusion
    diffusion-lessons evaluate runs/digits-flow/digits-flow --samples 200 --sampler ddim --steps 20 -o eta=1
    """
    from diffusion_lessons.commands.evaluate import run_evaluation

    if sampler is None and (steps is not None or option):
        raise ValueError(f"--{'steps' if steps is not None else 'option'} is of a sampler: give --sampler as well")
    run_evaluation(
        checkpoint,
        samples,
        sampler=sampler,
        steps=steps if steps is not None else 10,
        options=named_values(option),
        batch=batch,
        precision=precision,
        device=device,
        seed=seed,
    )


def probe(
    checkpoint: Annotated[str, typer.Argument(help="A shipped checkpoint's name, or a file.")] = "digits-diffusion",
    samples: Annotated[
        int,
        typer.Option(min=2, max=MOST_SAMPLES, help="Number of samples: more of them find a smaller share of copies."),
    ] = 300,
    device: Device = None,
    seed: Seed = 0,
) -> None:
    """Look for images of the whole training set among samples, and say how small a share would have been found.

    \b
    diffusion-lessons probe digits-diffusion
    diffusion-lessons probe mnist-diffusion --samples 1000
    """
    from diffusion_lessons.commands.probe import show_probe

    show_probe(checkpoint, samples, device=device, seed=seed)


def frontier(
    tables: Annotated[
        list[str] | None,
        typer.Argument(help="Names of shipped tables, or files of `benchmark`; by default mnist-diffusion."),
    ] = None,
    x: Annotated[str, typer.Option(help="The cost: nfe, seconds_per_image, peak_memory_mb or parameters.")] = "nfe",
    quality: Annotated[str, typer.Option(help="frechet, kernel, precision, recall, coverage, adherence.")] = "frechet",
    budget: Annotated[float | None, typer.Option(min=0, help="Also print the best whose cost is at most this.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Also print how far every row lies from this one, in pairs: ddim@50.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The picture.")] = Path("frontier.png"),
) -> None:
    """Show the settings that no others beat in cost and quality, the knee, and the best within a budget.

    \b
    diffusion-lessons frontier
    diffusion-lessons frontier mnist-diffusion --against ddim@50
    diffusion-lessons frontier mnist-flow mnist-reflow
    diffusion-lessons frontier runs/measurements/mnist-diffusion.jsonl --x seconds_per_image --budget 0.05
    """
    from diffusion_lessons.commands.frontier import show_frontier

    show_frontier(*(tables or ["mnist-diffusion"]), x=x, quality=quality, out=out, budget=budget, against=against)

"""Commands that make sampling faster: a plan, a table of all techniques, and advice from it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from diffusion_lessons.cli.options import MOST_SAMPLES, Pictures


def optimise(
    checkpoint: Annotated[str, typer.Argument(help="A shipped checkpoint's name, or a file.")],
    out: Annotated[Path, typer.Option(help="The plan, a .json file that every --checkpoint and load() take.")],
    int8: Annotated[bool, typer.Option("--int8", help="Products in int8; needs a C++ compiler.")] = False,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="By ONNX Runtime; with --int8 in its own int8, without a compiler.")
    ] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Through torch.compile.")] = False,
    cache_features: Annotated[
        int, typer.Option(min=1, help="Compute the deep features at every so many steps only.")
    ] = 1,
    extrapolate: Annotated[
        bool, typer.Option("--extrapolate", help="Follow the line through the last two kept features.")
    ] = False,
    drop_blocks: Annotated[int, typer.Option(min=0, help="Leave out so many residual blocks, the least missed.")] = 0,
    drop_head: Annotated[
        list[str] | None, typer.Option(help="Cut out an attention head, NAME:NUMBER; repeatable.")
    ] = None,
    prune_channels: Annotated[float, typer.Option(min=0, max=0.875, help="Share of channels to remove: 0.25.")] = 0.0,
    fine_tune: Annotated[int, typer.Option(min=0, help="Train on for so many images afterwards.")] = 0,
    sampler: Annotated[str, typer.Option(help="Any that `diffusion-lessons samplers` lists.")] = "dpm_solver_pp_2m",
    steps: Annotated[int, typer.Option(help="Steps of the sampler's grid.")] = 10,
    place_steps: Annotated[
        bool, typer.Option("--place-steps", help="Place them where the local errors are smallest.")
    ] = False,
    precision: Annotated[str, typer.Option(help="Of the network: float32, bfloat16, float16.")] = "float32",
    scale: Annotated[float, typer.Option(help="Guidance scale.")] = 1.0,
    reuse_negative: Annotated[
        int, typer.Option(min=1, help="Make guidance's second pass at every so many steps only.")
    ] = 1,
    interval: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Guide only between two noise levels, such as 0.2 3."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Images in a batch when it is timed.")] = 25,
    samples: Annotated[
        int, typer.Option(min=0, max=MOST_SAMPLES, help="Samples behind the quality figures; 0: only time.")
    ] = 500,
) -> None:
    """Make a faster denoiser of a checkpoint, measure it beside its parent in pairs, and write the plan of it.

    Techniques compose, or say why they do not. The plan names its parent's hash and holds what was measured.

    \b
    diffusion-lessons optimise mnist-diffusion --int8 --out runs/int8.json
    diffusion-lessons optimise mnist-diffusion --int8 --onnx --out runs/onnx.json
    diffusion-lessons optimise mnist-diffusion --cache-features 3 --steps 20 --out runs/cached.json
    diffusion-lessons optimise mnist-diffusion --drop-blocks 1 --fine-tune 20000 --out runs/pruned.json
    diffusion-lessons optimise mnist-diffusion --scale 2 --interval 0.2 3 --out runs/interval.json
    diffusion-lessons optimise mnist-diffusion --place-steps --sampler ddim --steps 5 --out runs/placed.json
    """
    from diffusion_lessons.commands.optimise import run_optimise
    from diffusion_lessons.sampling import Settings

    settings = Settings(
        sampler, steps, scale=scale, precision=precision, reuse=reuse_negative, interval=interval, batch=batch
    )
    if (reuse_negative > 1 or interval is not None) and not settings.guided:
        option = "--interval" if interval is not None else "--reuse-negative"
        raise ValueError(f"{option} is of guidance, which makes two passes: give --scale above 1 as well")
    run_optimise(
        checkpoint,
        out,
        settings,
        int8=int8,
        compile=compile,
        onnx=onnx,
        cache_features=cache_features,
        extrapolate=extrapolate,
        drop_blocks=drop_blocks,
        drop_heads=drop_head or (),
        prune_channels=prune_channels,
        fine_tune=fine_tune,
        place_steps=place_steps,
        samples=samples,
    )


def techniques(
    checkpoint: Annotated[
        str, typer.Argument(help="A shipped checkpoint's name, or a file.")
    ] = "mnist-small-diffusion",
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure what the table lacks; without it only read, or forecast.")
    ] = False,
    samples: Annotated[int, typer.Option(min=2, max=MOST_SAMPLES, help="Of each row.")] = 500,
    ship: Annotated[bool, typer.Option("--ship", help="Write to datasets/measurements/techniques/.")] = False,
    batch: Annotated[int, typer.Option(help="Size of the batches whose latencies are compared: 1 or 25.")] = 25,
    metric: Annotated[str, typer.Option(help="frechet, drift (from the fine run), adherence or recall.")] = "frechet",
    out: Annotated[Path, typer.Option(help="The picture.")] = Path("techniques.png"),
    device: Annotated[str, typer.Option(help="On which it is measured: cpu, cuda or mps.")] = "cpu",
    data: Pictures = None,
) -> None:
    """Does it beat taking fewer steps? Every technique beside the plain step-count curve, in one table and figure.

    Reads the table that ships. A checkpoint that has none yet is told what would be measured and how long it takes,
    about an hour on one core; --measure does it, and goes on where it was stopped. What does not work here is left out.

    \b
    diffusion-lessons techniques
    diffusion-lessons techniques cifar10-diffusion --metric drift --batch 1 --out drift.png
    diffusion-lessons techniques digits-diffusion
    diffusion-lessons techniques digits-diffusion --measure --samples 200
    diffusion-lessons techniques cifar10-diffusion --measure --data ~/cifar10-as-jpeg
    """
    from diffusion_lessons.commands.techniques import run_techniques

    run_techniques(
        checkpoint,
        samples=samples,
        ship=ship,
        measure=measure,
        batch=batch,
        metric=metric,
        figure=out,
        device=device,
        data=data,
    )


def advise(
    checkpoint: Annotated[
        list[str] | None, typer.Argument(help="Names of checkpoints with a table of techniques; mnist-small-diffusion.")
    ] = None,
    budget_ms: Annotated[float | None, typer.Option(min=0, help="Milliseconds for one batch; without it, any.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Samples drawn together.")] = 1,
    metric: Annotated[str, typer.Option(help="frechet, drift, adherence or recall.")] = "frechet",
    use: Annotated[
        Literal["live", "interactive", "batch", "all"] | None,
        typer.Option(help="A budget and a batch by name: live editing, an interactive tool, a batch job."),
    ] = None,
    networks: Annotated[
        bool, typer.Option("--networks", help="Choose among the shipped networks of MNIST, students too.")
    ] = False,
) -> None:
    """Say which network, sampler, steps, precision and techniques to take for a budget, from measured rows only.

    \b
    diffusion-lessons advise --budget-ms 50 --batch 1 --metric adherence
    diffusion-lessons advise --use all --networks
    """
    from diffusion_lessons.commands.techniques import show_advice

    if use is not None and budget_ms is not None:
        raise ValueError("--use is a budget and a batch by name: give it or --budget-ms, not both")
    show_advice(
        *(checkpoint or ["mnist-small-diffusion"]),
        budget_ms=budget_ms,
        batch=batch,
        metric=metric,
        use=use,
        networks=networks,
    )

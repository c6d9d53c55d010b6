"""Commands that make: train a network, distil a student of it, sample from one, train what measures the samples."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from diffusion_lessons.cli.options import (
    LARGEST_SIDE,
    Change,
    Device,
    Minutes,
    Overwrite,
    Pictures,
    Precision,
    Resume,
    Seed,
    listed,
    named_values,
    rows_and_columns,
)
from diffusion_lessons.machine.places import CLASSIFIERS


def train(
    what: Annotated[
        str,
        typer.Argument(
            help="digits, mnist(-small), fashion-mnist, cifar10(-small), captions-judge, -contrastive, -autoencoder, "
            "-diffusion, -flow (in this order), or a folder of images."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Where the run is kept; by default runs/NAME-KIND.")] = None,
    kind: Annotated[Literal["diffusion", "flow"], typer.Option(help="What is trained.")] = "diffusion",
    size: Annotated[
        int | None,
        typer.Option(min=1, max=LARGEST_SIDE, help="Resize images to this side; a folder's default is 32."),
    ] = None,
    data: Pictures = None,
    minutes: Minutes = None,
    change: Change = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    device: Device = None,
    precision: Precision = "auto",
    seed: Seed = 0,
) -> None:
    """Train a network; Ctrl-C saves, --resume continues. Pictures of samples are written as it learns.

    \b
    diffusion-lessons train digits
    diffusion-lessons train mnist --kind flow --device cuda --out runs/mnist-flow
    diffusion-lessons train ~/photos --size 32 --minutes 20 --set batch=64
    diffusion-lessons train mnist-small --resume
    diffusion-lessons train cifar10-small --data ~/cifar10-as-jpeg
    diffusion-lessons train captions-contrastive
    accelerate launch --num_processes 4 -m diffusion_lessons train cifar10
    """
    from diffusion_lessons.commands import train as training

    training.train(
        what,
        kind,
        out=out,
        size=size,
        data=data,
        device=device,
        precision=precision,
        seed=seed,
        resume=resume,
        overwrite=overwrite,
        minutes=minutes,
        changes=named_values(change),
    )


def distil(
    name: Annotated[str, typer.Argument(help="A student: mnist-reflow, digits-progressive-4, ...; see above.")],
    out: Annotated[Path | None, typer.Option(help="Where the run is kept; by default runs/NAME.")] = None,
    data: Pictures = None,
    minutes: Minutes = None,
    change: Change = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    device: Device = None,
    precision: Precision = "auto",
    seed: Seed = 0,
) -> None:
    """Make a student that samples in one to eight steps, starting from its teacher; Ctrl-C saves, --resume continues.

    \b
    The students, each with its teacher (and the same with digits- in place of mnist-):
      mnist-reflow            mnist-flow        straighter, from pairs that its own ODE joins
      mnist-reflow-2          mnist-reflow      the same once more
      mnist-reflow-distilled  mnist-reflow      one step only
      mnist-progressive-8     mnist-diffusion   8 steps for its teacher's 16; then -4 from -8, -2 from -4, -1 from -2
      mnist-consistency       mnist-diffusion   from any of four times to the data; also mnist-consistency-training
    And on photographs:
      cifar10-progressive-4   cifar10-diffusion 4 steps for its teacher's 8; then -2 from -4, -1 from -2
    A teacher is looked for in runs/ and then among the shipped checkpoints; --set teacher=PATH names another.

    \b
    diffusion-lessons distil mnist-reflow
    diffusion-lessons distil mnist-reflow --set pairs=5000 --set images=50000 --resume
    diffusion-lessons distil mnist-progressive-8
    diffusion-lessons distil mnist-progressive-4
    diffusion-lessons distil digits-consistency --set images=20000 --out runs/mine
    diffusion-lessons distil cifar10-progressive-4 --data ~/cifar10-as-jpeg
    """
    from diffusion_lessons.commands import train as training

    training.distil(
        name,
        out=out,
        data=data,
        device=device,
        precision=precision,
        seed=seed,
        resume=resume,
        overwrite=overwrite,
        minutes=minutes,
        changes=named_values(change),
    )


def sample(
    checkpoint: Annotated[str, typer.Option(help="A shipped checkpoint's name, or a file.")] = "digits-diffusion",
    label: Annotated[str | None, typer.Option(help="Class by number or name; several as 0,1,2.")] = None,
    scale: Annotated[float, typer.Option(help="Guidance: 0 unconditional, 1 conditional, above 1 amplified.")] = 1.0,
    prompt: Annotated[
        list[str] | None, typer.Option(help="A sentence, for a checkpoint that is told in words; repeatable.")
    ] = None,
    negative: Annotated[str | None, typer.Option(help="Class or sentence to move away from.")] = None,
    interval: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Guide only between two noise levels, such as 0.2 3."),
    ] = None,
    rescale: Annotated[float, typer.Option(help="Undo guidance's contrast, 0..1.")] = 0.0,
    sampler: Annotated[str, typer.Option(help="Any that `diffusion-lessons samplers` lists.")] = "ddim",
    steps: Annotated[int, typer.Option(help="Steps of the sampler's grid.")] = 20,
    spacing: Annotated[str, typer.Option(help="How the grid's times are spaced.")] = "trailing",
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="An option of the sampler, NAME=VALUE.")
    ] = None,
    clip: Annotated[bool, typer.Option(help="Clip the estimate x0_hat of each step to [-1, 1].")] = True,
    precision: Annotated[str, typer.Option(help="Of the network: float32, bfloat16, float16.")] = "float32",
    as_planned: Annotated[
        bool, typer.Option("--as-planned", help="Sampler, steps and all else as the plan (.json) says.")
    ] = False,
    grid: Annotated[str, typer.Option(help="ROWSxCOLUMNS of the picture.")] = "4x8",
    out: Annotated[Path, typer.Option(help="The picture.")] = Path("samples.png"),
    trajectory: Annotated[
        bool, typer.Option("--trajectory", help="Also write an animation, OUT-trajectory.png.")
    ] = False,
    device: Device = None,
    seed: Seed = 0,
) -> None:
    """Sample from a network and write a picture.

    \b
    diffusion-lessons sample --label 7 --scale 3 --grid 8x8 --out 7.png
    diffusion-lessons sample --label 7 --scale 3 --negative 1 --sampler dpm_solver_pp_2m --steps 15 --trajectory
    diffusion-lessons sample --label 0,1,2,3,4,5,6,7,8,9 --grid 4x10 -o eta=1
    diffusion-lessons sample --checkpoint captions-diffusion --prompt "a thick red seven" --scale 10 --rescale 0.7
    diffusion-lessons sample --checkpoint runs/photos-diffusion/photos-diffusion --device cuda
    diffusion-lessons sample --checkpoint runs/int8.json --as-planned --label 7
    """
    from diffusion_lessons import checkpoints
    from diffusion_lessons.commands.sample import check_told, planned_settings, write_samples
    from diffusion_lessons.machine.devices import choose_device
    from diffusion_lessons.sampling import Settings

    rows, columns = rows_and_columns(grid)
    if label is not None and prompt is not None:
        raise ValueError("give --label, for a network of classes, or --prompt, for one that is told in words; not both")
    labels = prompt if label is None else listed(label, str)
    settings = Settings(
        sampler,
        steps,
        spacing,
        named_values(option),
        scale=scale,
        negative=negative,
        interval=interval,
        rescale=rescale,
        limit=1.0 if clip else None,
        precision=precision,
    )
    denoise = checkpoints.load(checkpoint, choose_device(device))
    check_told(denoise, label, prompt, negative)
    settings = planned_settings(denoise) if as_planned else settings
    write_samples(denoise, rows, columns, settings, out, trajectory, labels=labels, seed=seed)


def classifier(
    what: Annotated[str, typer.Argument(help="digits, mnist, fashion-mnist, cifar10, or a folder of images.")],
    out: Annotated[Path, typer.Option(help="Folder for the classifier and its card.")] = CLASSIFIERS,
    recipe: Annotated[
        str | None, typer.Option(help="digits, mnist, cifar10 or cifar10-small; by default the data's own.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_SIDE, help="Resize a folder's images to this side.")
    ] = None,
    overwrite: Overwrite = False,
    device: Device = None,
    seed: Seed = 0,
) -> None:
    """Train a classifier, in whose features samples are compared with real images.

    \b
    diffusion-lessons classifier mnist
    diffusion-lessons classifier cifar10 --recipe cifar10-small
    diffusion-lessons classifier ~/flowers --size 32 --out runs/flowers
    """
    from diffusion_lessons.commands.classifier import make_classifier

    make_classifier(what, out, seed=seed, recipe=recipe, device=device, size=size, overwrite=overwrite)


def features(
    what: Annotated[str, typer.Argument(help="digits, mnist, fashion-mnist, cifar10, or a folder of images.")],
    classifier: Annotated[str, typer.Option(help="folder/name of folder/name-classifier.safetensors.")],
    count: Annotated[int, typer.Option(min=2, help="Images of each split, or all if there are fewer.")] = 10_000,
    overwrite: Overwrite = False,
) -> None:
    """Save the features of real images beside the classifier that computes them.

    \b
    diffusion-lessons features mnist --classifier runs/classifiers/mnist
    """
    from diffusion_lessons.commands.classifier import write_features

    write_features(what, classifier, count, overwrite=overwrite)

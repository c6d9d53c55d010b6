"""Commands that show: the tour, the doctor, the data sets, the samplers and their orders, the lessons."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_lessons.cli.options import LARGEST_SIDE, MOST_SAMPLES, Device, Seed

IMAGES = 500  # that the doctor denoises at each level, unless told otherwise


def tour(
    out: Annotated[Path, typer.Option(help="Where the pictures, the table and index.html go.")] = Path("runs/tour"),
    fast: Annotated[bool, typer.Option("--fast", help="A small version of everything, to see it run.")] = False,
    device: Device = None,
    seed: Seed = 0,
) -> None:
    """Train on real digits, sample, compare, and write a page about it.

    \b
    diffusion-lessons tour
    diffusion-lessons tour --fast --out /tmp/tour
    """
    from diffusion_lessons import tour as the_tour

    the_tour.run(out, fast=fast, seed=seed, device=device)


def doctor(
    checkpoint: Annotated[
        str | None, typer.Option(help="A network instead: where do its grids start, at which noise level is it wrong?")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="With --checkpoint: find the fault of a network with these images, set or folder."),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(help="FILE.py:NAME, a clinic.Case of your own: network, images, and the loop that samples."),
    ] = None,
    levels: Annotated[
        bool, typer.Option("--levels", help="With --data: at which noise level is it wrong, by these images?")
    ] = False,
    samples: Annotated[
        int,
        typer.Option(min=2, max=MOST_SAMPLES, help="Real images that are noised and denoised, with --checkpoint."),
    ] = IMAGES,
    ship: Annotated[bool, typer.Option("--ship", help="Keep it in datasets/measurements/, for the course.")] = False,
    device: Device = None,
    seed: Seed = 0,
) -> None:
    """Check this machine and this installation, and say how to mend what does not work; or check a network.

    \b
    diffusion-lessons doctor
    diffusion-lessons doctor --checkpoint runs/digits/digits-diffusion --data digits
    diffusion-lessons doctor --checkpoint digits-diffusion
    diffusion-lessons doctor --checkpoint cifar10-diffusion --data ./cifar10 --levels
    diffusion-lessons doctor --case my_sampling.py:case
    """
    from diffusion_lessons.commands.doctor import show_case, show_diagnosis, show_health, show_levels

    if levels and data is None:
        raise typer.BadParameter("--levels goes with --data; without it --checkpoint looks at the levels by itself")
    if (ship or samples != IMAGES) and (checkpoint is None or (data is not None and not levels)):
        raise typer.BadParameter("--ship and --samples go with --checkpoint alone, or with --data and --levels")
    if case is not None:
        if checkpoint is not None or data is not None:
            raise typer.BadParameter("--case holds the network and its images: leave out --checkpoint and --data")
        if not show_case(case):
            raise typer.Exit(1)
    elif data is not None:
        if checkpoint is None:
            raise typer.BadParameter("--data needs the network: --checkpoint NAME or FILE")
        if levels:
            show_levels(checkpoint, data, samples=samples, ship=ship, device=device, seed=seed)
        elif not show_diagnosis(checkpoint, data, device=device, seed=seed):
            raise typer.Exit(1)
    elif checkpoint is not None:
        show_levels(checkpoint, samples=samples, ship=ship, device=device, seed=seed)
    elif not show_health():
        raise typer.Exit(1)


def data(
    name: Annotated[str | None, typer.Argument(help="digits, mnist, fashion-mnist, cifar10 or a folder.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a picture of the first images, class by class.")] = None,
    size: Annotated[int | None, typer.Option(min=1, max=LARGEST_SIDE, help="Resize to this side, in pixels.")] = None,
) -> None:
    """List the data sets, or download one and describe it.

    \b
    diffusion-lessons data
    diffusion-lessons data mnist
    diffusion-lessons data ~/photos --size 32 --out photos.png
    """
    from diffusion_lessons.commands.data import show_data

    show_data(name, size=size, picture=out)


def samplers() -> None:
    """List the samplers: name, order, cost, whether they add noise, and where they were published.

    \b
    diffusion-lessons samplers
    """
    from diffusion_lessons.commands.samplers import show_samplers

    show_samplers()


def orders(
    out: Annotated[Path, typer.Option(help="The figure: error against evaluations.")] = Path("runs/orders.png"),
) -> None:
    """Measure every sampler's order of accuracy on a mixture whose flow is known exactly.

    \b
    diffusion-lessons orders
    diffusion-lessons orders --out orders.png
    """
    from diffusion_lessons.commands.orders import show_orders

    show_orders(out)


def lab(
    extra: Annotated[list[str] | None, typer.Argument(help="Options of JupyterLab, after --.")] = None,
    folder: Annotated[Path, typer.Option(help="The folder of the lessons.")] = Path("notebooks"),
    for_class: Annotated[
        bool, typer.Option("--class", help="Show nbgrader's tools, such as Validate, and keep solutions back.")
    ] = False,
) -> None:
    """Open the lessons in JupyterLab; what follows -- is passed on to it.

    \b
    diffusion-lessons lab
    diffusion-lessons lab --class --folder course
    diffusion-lessons lab -- --no-browser --port 9999
    """
    from diffusion_lessons.commands.lab import open_lab

    raise typer.Exit(open_lab(folder, extra or (), for_class=for_class))

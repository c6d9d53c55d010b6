"""`diffusion-lessons orders`: the measured order of accuracy of every sampler, printed and drawn."""

from pathlib import Path

from diffusion_lessons.figures.diffusion.convergence import order_figure
from diffusion_lessons.figures.pictures.display import SCREEN_DPI
from diffusion_lessons.figures.pictures.saving import check_figure, save_figure
from diffusion_lessons.toys.convergence import adaptive_errors, errors, slopes


def show_orders(out: Path) -> None:
    """Measure errors against evaluations on an exact mixture, print the slopes, and draw the lines into `out`."""
    check_figure(out)
    rows = [*errors(), *adaptive_errors()]
    for name, slope in slopes(rows).items():
        print(f"{name:32} slope {slope:.2f}")
    save_figure(order_figure(rows), out, dpi=SCREEN_DPI)
    print(out)

"""The panel of tables: what a sampler does, as the weights that it gives to all clean samples seen so far."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.ticker import MaxNLocator

from diffusion_lessons import samplers
from diffusion_lessons.figures import style
from diffusion_lessons.panels.controls import menu, slider
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.pipelines.coefficients import linear_steps

SHOWN = ("ddim", "dpm_solver_pp_2m", "dpm_solver_pp_3m", "dpm_solver_pp_2s", "euler", "heun", "rk4")


def table_panel(path: Path, *, sampler: str = "dpm_solver_pp_2m", steps: int = 8) -> Panel:
    """A sampler's table on the trailing grid as a picture: a row for each look, a column for each clean sample."""

    def draw(sampler: str, steps: int) -> Drawing:
        table = linear_steps(samplers.get(sampler), path, path.grid(steps))
        looks = len(table)
        weights = torch.full((looks, looks), float("nan"))
        for k, row in enumerate(table):
            for j, weight in enumerate(row.clean):
                weights[k, k - j] = weight
        title = f"{style.label(sampler)}: what each look adds to x"
        figure, axes = style.axes(title, "clean sample of look", "after look")
        edges = (0.5, looks + 0.5, looks + 0.5, 0.5)  # looks are counted from 1
        shown = axes.imshow(weights.numpy(), cmap="RdBu_r", norm=CenteredNorm(), extent=edges)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        figure.colorbar(shown, label="weight")
        back = max(len(row.clean) for row in table)
        least = min(min(row.clean) for row in table)
        words = (
            f"{style.label(sampler)}, {style.count(steps, 'step')}: {style.count(looks, 'look')} of the network, "
            f"at most {style.count(back, 'clean sample')} in a row, smallest weight {least:.2f}"
        )
        return Drawing(figure, words)

    controls = {
        "sampler": menu("sampler", [(style.label(name), name) for name in SHOWN], sampler),
        "steps": slider("steps", steps, 2, 20, 1),
    }
    return Panel(draw, controls)

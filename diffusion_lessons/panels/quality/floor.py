"""The panel of the floor: at which count can one tell a model that forgets from real images?"""

from collections.abc import Iterator, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.metrics import SHOWN, without_class
from diffusion_lessons.metrics.errors import over_draws
from diffusion_lessons.metrics.features import Reference
from diffusion_lessons.metrics.frechet import frechet_distance, moments
from diffusion_lessons.metrics.precision_recall import density_coverage, precision_recall
from diffusion_lessons.metrics.scores import subset
from diffusion_lessons.panels.controls import choice_slider, slider
from diffusion_lessons.panels.panel import Drawing, Panel

COUNTS = (150, 250, 500, 1000, 2500, 5000)
DRAWS, LOOKS = 20, 5  # evaluations of the distance, and of what asks for single images


def floor_panel(train: Reference, held_out: Reference, *, count: int = 1000, percent: int = 20) -> Panel:
    """Draws of real images, and of a model that forgets a share of one digit: at which count can one tell?"""
    reference = moments(train.features)

    def draws(features: Tensor, n: int, generator: torch.Generator) -> list[float]:
        rows = (subset(len(features), n, generator) for _ in range(DRAWS))
        return [frechet_distance(reference, features[chosen]) for chosen in rows]

    def draw(count: int, digit: int, percent: int) -> Iterator[Drawing | None]:
        generator = torch.Generator().manual_seed(0)
        model = without_class(held_out, digit, percent / 100, generator)
        floor = draws(held_out.features, count, generator)
        yield None
        scores = draws(model, count, generator)
        yield None
        above = sum(value > max(floor) for value in scores)
        quality = []
        for _ in range(LOOKS):  # one draw alone may hold a stray sample, whose large ball covers a forgotten class
            real, generated = (
                points[subset(len(points), min(count, SHOWN), generator)] for points in (train.features, model)
            )
            quality.append((*precision_recall(real, generated), density_coverage(real, generated).coverage))
            yield None
        precision, recall, coverage = torch.tensor(quality).mean(dim=0).tolist()
        words = (
            f"{count} images, {percent} % of the {digit}s forgotten: {over_draws(scores).n:.3f} on average, real "
            f"images {over_draws(floor).n:.3f}; {above} of {DRAWS} draws score above every draw of real images. "
            f"Means of {LOOKS} draws: precision {precision:.3f}, recall {recall:.3f}, coverage {coverage:.3f}"
        )
        yield Drawing(_draws_figure(floor, scores), words)

    controls = {
        "count": choice_slider("images", COUNTS, count),
        "digit": slider("digit", 7, 0, 9, live=False),
        "percent": slider("forgotten, %", percent, 0, 100, 10, live=False),
    }
    return Panel(draw, controls)


def _draws_figure(floor: Sequence[float], model: Sequence[float]) -> Figure:
    title = "Each line is a whole evaluation, drawn again"
    figure, plot = style.axes(title, "Fréchet distance (MNIST features)", "", size=(6.4, 2.4))
    for height, (values, color) in enumerate(((floor, style.BLACK), (model, style.VERMILION))):
        plot.plot(values, [height] * len(values), "|", color=color, markersize=26, markeredgewidth=1.5)
    plot.set(yticks=[0, 1], yticklabels=["real images", "the model"], ylim=(-0.6, 1.6))
    plot.set_xlim(0, 1.1 * max(*floor, *model))
    return figure

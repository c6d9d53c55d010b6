"""The panels of guidance: its field on a mixture in the plane, and a playground of digits with a negative."""

from collections.abc import Iterator

import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.denoisers.conditions import label_number
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.trajectories import draw_class_numbers, draw_plane
from diffusion_lessons.figures.pictures.display import freeze
from diffusion_lessons.figures.pictures.images import image_grid
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.adherence import adherence
from diffusion_lessons.panels.controls import decimal_slider, menu, quietly, sampler_menu, slider
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.sampling import Settings, states
from diffusion_lessons.toys.mixtures import ConditionalMixture

POINTS, STEPS = 200, 60  # samples in the plane, and steps enough for the highest scale
ARROWS = 13  # along each side
CLASS_COLORS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE)
NOTHING = "no condition"
BEYOND = 0.1  # by how much a pixel leaves the range before it is coloured


def field_panel(
    mixture: ConditionalMixture, path: Path, *, scale: float = 3.0, label: int = 0, negative: int | None = None
) -> Panel:
    """What guidance adds to the clean sample seen at a time t, as arrows, and where its samples end.

    `label` is the class at the start; with a `negative` to start with there is also a menu of what to move away from.
    """
    plot = _Field(mixture, path)
    names = [(f"class {c}", c) for c in range(len(mixture.classes))]
    controls = {
        "scale": decimal_slider("scale", scale, 10.0, 0.5, live=True),
        "percent": slider("t, % of T", 50, 2, 98),
        "label": menu("class", names, label),
    }
    if negative is not None:
        controls["negative"] = menu("away from", [(NOTHING, None), *names], negative)
    return Panel(plot.draw, controls)


class _Field:
    """Two kept plots: arrows over the noisy data, and samples over the data."""

    def __init__(self, mixture: ConditionalMixture, path: Path, reach: float = 4.0):
        self.mixture, self.path, self.denoise = mixture, path, mixture.denoiser(path)
        side = torch.linspace(-0.92 * reach, 0.92 * reach, ARROWS, dtype=torch.float64)
        self.points = torch.cartesian_prod(side, side)  # [ARROWS^2, 2]
        self.gap = float(side[1] - side[0])
        self.noise = path.prior((POINTS, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
        self.real = [own.sample(4000, torch.Generator().manual_seed(0), torch.float64) for own in mixture.classes]
        self.figure = Figure(figsize=(7.6, 3.9), layout="constrained")
        left, right = self.figure.subplots(1, 2)
        for plot in (left, right):
            draw_plane(plot, mixture.union, reach)
            draw_class_numbers(plot, mixture)
        left.set_title("What guidance adds at time t")
        right.set(title="Where the samples end", ylabel="")
        still = torch.zeros(2, len(self.points))
        self.arrows = left.quiver(*self.points.T, *still, angles="xy", scale_units="xy", scale=1.0, width=0.005)
        (self.ends,) = right.plot([], [], "o", markersize=3, alpha=0.6)
        freeze(self.figure)

    def draw(self, scale: float, percent: int, label: int, negative: int | None = None) -> Iterator[Drawing | None]:
        with quietly():
            denoise = classifier_free(self.denoise, label, scale, negative)
        t = percent / 100 * self.path.T
        added = denoise(self.points, t).x0 - self.denoise(self.points, t, torch.tensor([label])).x0
        x = self.noise
        for state in samplers.dpm_solver_pp_2m(denoise, x, self.path, self.path.grid(STEPS, "logsnr")):
            x = state.x
            yield None
        color = CLASS_COLORS[label % len(CLASS_COLORS)]
        self.arrows.set_UVC(*self._short(added).T.numpy())
        self.arrows.set_color(color)
        self.ends.set_data(*x.T.numpy())
        self.ends.set_color(color)
        real = self.real[label]
        away = float((x.mean(dim=0) - real.mean(dim=0)).norm())
        spread = float(_spread(x) / _spread(real))
        push = NOTHING if negative is None else f"class {negative}"
        yield Drawing(
            self.figure,
            f"class {label} at scale {scale:g}, away from {push}: the samples' mean is {away:.2f} from the class's "
            f"own, and they are spread {spread:.2f} times as wide",
        )

    def _short(self, added: Tensor) -> Tensor:
        """A quarter of each arrow, never longer than the distance to the next: at high scales they would cover all."""
        length = added.norm(dim=1, keepdim=True).clamp(min=1e-12)
        return added / length * self.gap * torch.tanh(0.25 * length / self.gap)


def _spread(x: Tensor) -> Tensor:
    """Root mean square distance from the mean, of points [n, d]."""
    return (x - x.mean(dim=0)).square().sum(dim=1).mean().sqrt()


def digit_panel(
    denoise: Denoiser,
    *,
    digit: int = 8,
    negative: int | str | None = None,
    scale: float = 3.0,
    sampler: str = "dpm_solver_pp_2m",
    steps: int = 10,
    count: int = 16,
) -> Panel:
    """`count` images of a digit, or another class, drawn live by a conditional network, and how many a classifier takes
    for it.

    `start` seeds the noise. `range` says whether what the network sees is clipped to [-1, 1] at each step; if not, the
    pixels that leave the range are coloured, as `image_grid` does. The network's card says which classes it has and, by
    its data, which classifier judges.
    """
    card = denoise.card or {}
    names = [str(name) for name in card.get("classes") or range(denoise.classes or 0)]
    judge = card.get("data", {}).get("name")

    def draw(
        digit: int, negative: int | None, scale: float, sampler: str, steps: int, start: int, clipped: bool
    ) -> Iterator[Drawing | None]:
        limit = 1.0 if clipped else None
        settings = Settings(sampler, steps, scale=scale, negative=negative, limit=limit)
        generator = torch.Generator().manual_seed(start)
        x = denoise.path.prior((count, *(denoise.shape or ())), generator, device=denoise.device)
        counted = count_calls(denoise)
        with quietly():
            run = states(counted, x, settings, torch.tensor([digit]), generator)
        for state in run:
            x = state.x
            yield None
        away = "" if negative is None else f", away from {names[negative]}"
        recognised = "" if judge is None else f"; the classifier takes {_taken_for(x, digit, judge)} for it"
        words = f"{count} samples of {names[digit]}{away}, scale {scale:g}, by {style.label(sampler)} in "
        picture = image_grid(x, enlarge=max(1, 84 // x.shape[-1]), beyond=BEYOND)
        words += f"{style.count(steps, 'step')}, {style.count(counted.nfe, 'evaluation')} each{recognised}"
        if not clipped:
            words += f"; {(x.abs() > 1 + BEYOND).float().mean():.1%} of the pixels leave the range, in colour"
        yield Drawing(picture, words)

    every = list(zip(names, range(len(names)), strict=True))
    controls = {
        "digit": menu("digit" if all(name.isdigit() for name in names[:10]) else "class", every, digit),
        "negative": menu("negative", [(NOTHING, None), *every], _number(denoise, negative)),
        "scale": decimal_slider("scale", scale, 15.0, 0.5),
        "sampler": sampler_menu(sampler),
        "steps": slider("steps", steps, 1, 30, live=False),
        "start": slider("start", 0, 0, 20, live=False),
        "clipped": menu("range", [("clipped", True), ("as it comes", False)], True),
    }
    return Panel(draw, controls)


def _number(denoise: Denoiser, label: int | str | None) -> int | None:
    return None if label is None else label_number(denoise, label)


def _taken_for(images: Tensor, digit: int, judge: str) -> int:
    """How many images a classifier takes for this digit."""
    digits = features.probabilities(features.features(images.clamp(-1, 1), judge), judge).argmax(dim=1)
    return round(len(images) * adherence(digits, torch.full((len(images),), digit)))

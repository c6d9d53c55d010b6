"""A patient beside its healthy twin: samples, the way down, the loss by level, and what is seen in noised images."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons.clinic import losses, probes
from diffusion_lessons.clinic.case import Case
from diffusion_lessons.clinic.examination import Network
from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.noising import image_strip
from diffusion_lessons.figures.quality.frontier import plain_numbers

SHOWN = 8  # images in a row
LEVELS = (0.3, 1.2, 5.0)  # to which images are noised


class Picture(NamedTuple):
    """A figure, and its numbers in a sentence."""

    figure: Figure
    words: str


def samples(case: Case, twin: Case, title: str) -> Picture:
    """Samples of both from the same noise, of the same labels."""
    rows = {"patient": case.samples(SHOWN)[-1].x, "healthy": twin.samples(SHOWN)[-1].x}
    words = ", ".join(f"{name} {x.mean():+.2f} and {x.std():.2f}" for name, x in rows.items())
    labels = [str(int(label)) for label in case.conditions_for(SHOWN)]  # type: ignore[union-attr]
    return Picture(image_strip(rows, labels, title), f"mean and standard deviation of the samples: {words}")


def way_down(case: Case, twin: Case, title: str) -> Picture:
    """How much of a picture that is always seen x_t holds on the way down, and how much noise, beside the path's."""
    figure = Figure(figsize=(8.2, 3.2), layout="constrained")
    plots = figure.subplots(1, 2)
    runs = {"healthy": probes.states_with_exact(twin), "patient": probes.states_with_exact(case)}
    for plot, part, truth in zip(plots, ("signal", "noise"), ("alpha", "sigma"), strict=True):
        for (name, run), color in zip(runs.items(), (style.GREY, style.VERMILION), strict=True):
            found = run.marginals
            plot.plot([m.t for m in found], [getattr(m, part) for m in found], "o-", ms=4, color=color, label=name)
        t = torch.linspace(0, case.denoise.path.T, 100)
        plot.plot(t, getattr(case.denoise.path, truth)(t), ":", color=style.BLACK, label=f"{truth} of the path")
        plot.set(title=f"{part} in x_t", xlabel="t", ylim=(-1.1, 1.3) if part == "signal" else (-0.05, 1.6))
        style.clean(plot)
    plots[0].legend(frameon=False)
    figure.suptitle(title)
    run = runs["patient"]
    off = max(abs(m.signal - m.alpha) for m in run.marginals)
    start = f"first time {run.start:g}, where alpha is {case.denoise.path.alpha(run.start):.3f}"
    return Picture(
        figure, f"{start}; signal off by {off:.2f} at most, {run.marginals[-1].noise:.3f} of noise at the end"
    )


def loss_by_level(case: Case, twin: Case, title: str) -> Picture:
    """The loss with the right label, without one and with another's, in units of the best linear denoiser's."""
    figure = Figure(figsize=(8.2, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    most = {
        name: _loss_lines(plot, one, name) for plot, one, name in ((left, case, "patient"), (right, twin, "healthy"))
    }
    left.set_ylabel("loss / linear")
    style.legend_outside(right)
    figure.suptitle(title)
    told = "; ".join(
        f"{name}: {', '.join(f'{kind} {value:.2f}' for kind, value in one.items())}" for name, one in most.items()
    )
    return Picture(figure, f"largest loss in units of the best linear denoiser's: {told}")


def _loss_lines(plot: Axes, case: Case, name: str) -> dict[str, float]:
    network = Network(case)
    if network.conditions is None:
        raise ValueError("this figure compares labels: give a case that has them")
    found = losses.errors_by_label(network.denoise, network.images, network.conditions)
    for (kind, errors), color in zip(found.items(), (style.BLUE, style.VERMILION, style.GREEN), strict=False):
        plot.plot(errors.levels, errors.mean / network.linear, "o-", ms=4, color=color, label=f"{kind} label")
    plot.axhline(1, color=style.BLACK, ls=":", lw=1)
    plot.set(title=name, xlabel="noise level sigma / alpha", xscale="log", yscale="log")
    plain_numbers(plot)
    style.clean(plot)
    return {kind: (errors.mean / network.linear).max().item() for kind, errors in found.items()}


def seen(case: Case, twin: Case, title: str) -> Picture:
    """Images noised to three levels, and what the patient and its twin see in them in one step."""
    images, labels = case.images[:3], None if case.conditions is None else case.conditions[:3]
    rows: dict[str, list[Tensor]] = {"image": [], "noised": [], "patient sees": [], "healthy sees": []}
    generator, largest = torch.Generator().manual_seed(0), 0.0
    for t in losses.reached(case.denoise.path, LEVELS).values():
        eps = torch.randn(images.shape, generator=generator)
        x = case.denoise.path.add_noise(images, eps, t)
        x_twin = twin.denoise.path.add_noise(twin.images[:3], eps, t)
        with torch.no_grad():
            ours, theirs = (one.denoise(y, t, labels).x0 for one, y in ((case, x), (twin, x_twin)))
        largest = max(largest, ours.abs().max().item())
        for row, part in zip(rows.values(), (images, x / x.abs().max(), ours, theirs), strict=True):
            row.append(part)
    names = [f"{level:g}" for level in LEVELS for _ in range(3)]
    strip = image_strip({name: torch.cat(parts) for name, parts in rows.items()}, names, title)
    return Picture(strip, f"noise levels 0.3, 1.2 and 5; the largest |x0_hat| of the patient is {largest:.2f}")


MEASUREMENTS: dict[str, Callable[[Case, Case, str], Picture]] = {
    "samples": samples,
    "x_t on the way down": way_down,
    "loss by level": loss_by_level,
    "x0_hat": seen,
}

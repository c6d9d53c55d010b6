"""One step back as it really is, and as DDPM takes it."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure

from diffusion_lessons.figures import style
from diffusion_lessons.path import Path
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.reverse_step import ddpm_reverse_log_prob, reverse_log_prob


def step_figure(mixture: GaussianMixture, path: Path, x_t: float, t: float, levels: Sequence[float]) -> Figure:
    """p(x_s | x_t) of a mixture of numbers, and the bell curves that DDPM draws x_s from, one plot a level s."""
    figure = Figure(figsize=(9.6, 3.2), layout="constrained")
    start = torch.tensor([x_t], dtype=torch.float64)
    for axes, s in zip(figure.subplots(1, len(levels), squeeze=False)[0], levels, strict=True):
        reach = 4.5 * path.posterior_variance(t, s) ** 0.5 + 1.9 * (t - s) / t
        x = torch.linspace(x_t - reach, x_t + reach, 1001, dtype=torch.float64)
        exact = reverse_log_prob(mixture, path, start, t, s, x)[:, 0].exp()
        axes.fill_between(x.numpy(), exact.numpy(), color=style.GREY, alpha=0.35, linewidth=0, label="exact")
        for variance, line in (("small", "-"), ("large", "--")):
            bell = ddpm_reverse_log_prob(mixture, path, start, t, s, x, variance)[:, 0].exp()
            axes.plot(x.numpy(), bell.numpy(), line, color=style.look("ddpm").color, label=f"DDPM, {variance}")
        axes.set(title=f"from t = {t:g} to {s:g}", xlabel="$x_s$", yticks=[], ylim=(0, None))
        style.clean(axes)
    figure.axes[0].set_ylabel("density")
    figure.axes[0].legend(frameon=False, fontsize=9, loc="upper left")
    return figure

"""The tour's pictures, each written as one PNG."""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons import schedules, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.figures.images import image_grid
from diffusion_lessons.figures.style import LOOKS
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.sampling import Settings, generate

FRAMES = 11  # pictures in a row of the denoising strip


def starting_noise(denoise: Denoiser, count: int, seed: int) -> Tensor:
    """The x_T from which everything in the tour starts, on the network's device."""
    assert denoise.shape is not None
    return denoise.path.prior((count, *denoise.shape), torch.Generator().manual_seed(seed), device=denoise.device)


def side_by_side(rows: dict[str, Tensor], file: Path) -> None:
    """One row of images [N, 1, H, W] for each name."""
    figure, axes = plt.subplots(len(rows), figsize=(9, 0.95 * len(rows)), squeeze=False)
    for ax, (name, images) in zip(axes[:, 0], rows.items(), strict=True):
        _show(ax, images, name)
    _write(figure, file)


def denoising(denoise: Denoiser, seed: int, file: Path) -> None:
    """x_t above x0_hat, from noise to digit: DDPM on the full grid and DDIM in 50 steps, from one starting noise."""
    start, rows = starting_noise(denoise, 1, seed), {}
    for name, steps in (("ddpm", 1000), ("ddim", 50)):
        states = generate(denoise, start, Settings(name, steps), labels=[3], seed=seed)
        chosen = [states[i] for i in np.linspace(1, steps, FRAMES).round().astype(int)]
        rows[f"{name}: x_t"] = torch.cat([state.x for state in chosen])
        rows[f"{name}: x0_hat"] = torch.cat([state.x0 for state in chosen if state.x0 is not None])
    side_by_side(rows, file)


def mixture(seed: int, file: Path) -> None:
    """Trajectories of DDPM and of DDIM on two clusters of numbers, over the exact density of x_t."""
    path = schedules.cosine()
    clusters = toys.GaussianMixture([-1.0, 1.0], stds=0.15, weights=[1, 2])
    times = path.grid(200)
    start = torch.linspace(-2, 2, 12, dtype=torch.float64)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for ax, name in zip(axes, ("ddpm", "ddim"), strict=True):
        settings = Settings(name, steps=200, limit=None)
        states = generate(clusters.denoiser(path), start, settings, seed=seed)
        _density(ax, clusters, path, times)
        lines = torch.stack([state.x for state in states])  # [steps + 1, 12]
        ax.plot([state.t for state in states], lines, color=LOOKS[name].color, linewidth=0.9)
        kind = "stochastic" if settings.adds_noise else "deterministic"
        ax.set(
            title=f"{name.upper()}: {kind}", xlabel="time t (noise on the left, data on the right)", xlim=(path.T, 0)
        )
    axes[0].set_ylabel("x_t")
    _write(figure, file)


def _density(ax: plt.Axes, clusters: toys.GaussianMixture, path: schedules.Path, times: tuple[float, ...]) -> None:
    x = torch.linspace(-3, 3, 160, dtype=torch.float64)
    columns = [clusters.log_prob(x, path, t).exp() for t in reversed(times)]  # t rises from 0 to T
    picture = torch.stack(columns, dim=1)  # [160, steps + 1]
    picture = picture / picture.max(dim=0).values
    ax.pcolormesh(list(reversed(times)), x, picture, cmap="Greys", shading="nearest", alpha=0.6, rasterized=True)


def _show(ax: plt.Axes, images: Tensor, name: str) -> None:
    ax.imshow(np.asarray(image_grid(images, columns=len(images))))
    ax.set_axis_off()
    ax.text(-0.01, 0.5, name, transform=ax.transAxes, ha="right", va="center")


def _write(figure: Figure, file: Path) -> None:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    write_atomically(file, content.getvalue())

"""How data turn into noise: the schedules as curves, a row of images on their way, a density as it spreads."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import pad

from diffusion_lessons.figures import style
from diffusion_lessons.figures.pictures.images import mark_beyond
from diffusion_lessons.path import Path
from diffusion_lessons.schedules import VariancePreserving
from diffusion_lessons.toys.mixtures import GaussianMixture

PATH_COLORS = {
    "ddpm_linear": style.VERMILION,
    "cosine": style.BLUE,
    "flow": style.GREEN,
    "variance_exploding": style.PURPLE,
    "from_alpha_bar": style.GREY,
}
PATH_LABELS = {"ddpm_linear": "linear", "cosine": "cosine", "flow": "flow", "variance_exploding": "variance exploding"}
POINTS = 201  # on a curve


def path_label(path: Path) -> str:
    return PATH_LABELS.get(path.card["path"], path.card["path"])


def times_to_draw(path: Path) -> Tensor:
    """Even times from just above 0 to T, [POINTS], double precision."""
    return torch.linspace(1e-3, 1, POINTS, dtype=torch.float64) * path.T


def schedule_figure(paths: Sequence[Path], mark: float | None = None) -> Figure:
    """alpha_bar (the share of the data in the variance of x_t) and lambda, against t / T, one line a path.

    `mark`, a share of T, is where a dotted line stands.
    """
    figure = Figure(figsize=(8.6, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for path in paths:
        t = times_to_draw(path)
        line = {"color": PATH_COLORS[path.card["path"]], "label": path_label(path), "linewidth": 2}
        left.plot(t / path.T, path.alpha_bar(t) / (path.alpha_bar(t) + path.sigma(t) ** 2), **line)
        right.plot(t / path.T, path.lam(t), **line)
    left.set(title="How much of the variance is data", xlabel="t / T", ylabel="share of the data", ylim=(-0.02, 1.02))
    right.set(
        title="The same on the solvers' clock",
        xlabel="t / T",
        ylabel=r"$\lambda_t=\log(\alpha_t/\sigma_t)$",
        ylim=(-6, 6),
    )
    for axes in (left, right):
        style.clean(axes)
        if mark is not None:
            axes.axvline(mark, color=style.GREY, linestyle=":", linewidth=1.2)
    left.legend(frameon=False)
    return figure


def image_strip(
    rows: Mapping[str, Tensor], columns: Sequence[str], title: str, *, beyond: float | None = None
) -> Figure:
    """Rows of small grey images in [-1, 1], [columns, 1, H, W] each, with a name for each row and each column.

    With `beyond`, pixels that exceed 1 by more than that are vermilion, and those that fall as far below -1 are blue.
    """
    lines = [torch.cat(list(_framed(images, beyond)), dim=1) for images in rows.values()]
    picture = torch.cat(lines, dim=0)  # [rows * (H + 1), columns * (W + 1)], and 3 colours where pixels are marked
    height, width = next(iter(rows.values())).shape[-2:]
    inches = min(0.85, 8.6 / len(columns))
    size = (inches * len(columns) + 1.1, inches * height / width * len(rows) + 0.75)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.imshow(picture.numpy(), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
    axes.set_title(title)
    axes.set_xticks([(width + 1) * (i + 0.5) - 1 for i in range(len(columns))], columns, fontsize=9)
    axes.set_yticks([(height + 1) * (i + 0.5) - 1 for i in range(len(rows))], list(rows))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _framed(images: Tensor, beyond: float | None) -> Tensor:
    """[N, 1, H, W] -> [N, H + 1, W + 1] with a white line at the right and the bottom of each; marked, [..., 3]."""
    if images.ndim != 4 or images.shape[1] != 1:
        raise ValueError(f"a strip shows grey images [columns, 1, H, W]; got {tuple(images.shape)}")
    images = images.detach().cpu().float()
    if beyond is None:
        return pad(images[:, 0], (0, 1, 0, 1), value=float("nan"))
    return pad(mark_beyond(images, beyond), (0, 1, 0, 1), value=255).movedim(1, -1)


def forward_strip(x0: Tensor, paths: Sequence[Path], shares: Sequence[float], generator: torch.Generator) -> Figure:
    """One image x0 [1, H, W] on its way to noise, one row a path; `shares` are the times, as shares of T.

    All images have the same noise, so that only its amount differs.
    """
    eps = torch.randn(x0.shape, generator=generator, dtype=x0.dtype)
    rows = {}
    for path in paths:
        x = torch.stack([path.add_noise(x0, eps, share * path.T) for share in shares])
        rows[path_label(path)] = x / path.prior_std
    return image_strip(rows, [f"{share:.1f} T" for share in shares], "One image, one noise, more and more of it")


def density_over_time(axes: Axes, mixture: GaussianMixture, path: Path, low: float = -3.0, high: float = 3.0) -> None:
    """p_t(x) of a mixture of numbers as shades of grey: time runs down from T at the left, as a sampler goes.

    Each column is scaled to its own maximum: the picture shows where x_t is likely, not how dense it is there.
    """
    x = torch.linspace(low, high, 241, dtype=torch.float64)
    columns = []
    for t in times_to_draw(path).flip(0).tolist():
        log_p = mixture.log_prob(x, path, t)
        columns.append((log_p - log_p.max()).exp())
    extent = (path.T, 0.0, low, high)
    style.shade(axes, torch.stack(columns, dim=1).numpy(), extent, aspect="auto")
    axes.set(xlabel="t (noise at the left, data at the right)", ylabel=r"$x_t$")


def forward_walks(x0: Tensor, path: VariancePreserving, generator: torch.Generator) -> Tensor:
    """Numbers x0 [B] walking to noise step by step: [T + 1, B], x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) eps."""
    x = [x0]
    for beta in path.betas.tolist():
        eps = torch.randn(x0.shape, generator=generator, dtype=x0.dtype)
        x.append((1 - beta) ** 0.5 * x[-1] + beta**0.5 * eps)
    return torch.stack(x)


def observer_figure(paths: Sequence[Path], shares: Sequence[float], counts: Mapping[str, Sequence[int]]) -> Figure:
    """How many of 100 noisy images an observer names, against t / T and against lambda, one line a path.

    `counts` holds, under each path's label, the number for each of `shares` of T.
    """
    figure = Figure(figsize=(8.6, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for path in paths:
        named = counts[path_label(path)]
        line = {"color": PATH_COLORS[path.card["path"]], "label": path_label(path), "marker": "o", "markersize": 5}
        left.plot(shares, named, **line)
        right.plot([path.lam(share * path.T) for share in shares], named, **line)
    left.set(title="Two curves over time ...", xlabel="t / T", ylabel="digits named, of 100", ylim=(0, 103))
    right.set(title="... are one curve over lambda", xlabel=r"$\lambda_t$ (data to the right)", xlim=(-4, 2.4))
    for axes in (left, right):
        axes.axhline(10, color=style.GREY, linestyle=":", linewidth=1.2)
        style.clean(axes)
    right.annotate("guessing", (1.2, 12), color=style.GREY, fontsize=9)
    left.legend(frameon=False)
    return figure

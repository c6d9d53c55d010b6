"""Samples of a network as a picture, and their trajectories as an animation."""

from collections.abc import Sequence
from pathlib import Path

from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.figures.animations import save_animation, trajectory_frames
from diffusion_lessons.figures.images import check_picture, image_grid, save_picture
from diffusion_lessons.sampling import Settings, generate, in_precision


def write_samples(
    denoise: Denoiser,
    rows: int,
    columns: int,
    settings: Settings,
    out: Path,
    trajectory: bool = False,
    *,
    labels: Sequence[int | str] | None = None,
    seed: int = 0,
) -> None:
    """Write rows x columns samples to `out` and, with `trajectory`, an animation beside it; print what was written."""
    check_picture(out)
    counter = count_calls(in_precision(denoise, settings.precision))
    states = generate(counter, rows * columns, settings, labels=labels, seed=seed, progress=True)
    save_picture(image_grid(states[-1].x, columns), out)
    print(f"{out}: {rows * columns} samples, {counter.nfe:g} network evaluations each")
    if trajectory:
        animation = out.with_name(f"{out.stem}-trajectory.png")
        save_animation(trajectory_frames(states, denoise.path, columns), animation)
        print(f"{animation}: x_t on the left, the estimate x0_hat on the right, {len(states)} frames")

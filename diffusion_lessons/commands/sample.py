"""Samples of a network as a picture, and as an animation of how they came about."""

from pathlib import Path
from typing import Any

from diffusion_lessons.denoisers import Denoiser, count_calls
from diffusion_lessons.figures.animations import save_animation, trajectory_frames
from diffusion_lessons.figures.images import image_grid, save_picture
from diffusion_lessons.sampling import generate


def write_samples(
    denoise: Denoiser, rows: int, columns: int, out: Path, trajectory: bool = False, **options: Any
) -> None:
    """Write rows x columns samples to `out`, with `trajectory` also an animation beside it; say what was done.

    `options` are those of `generate`.
    """
    counted = count_calls(denoise)
    states = generate(counted, rows * columns, progress=True, **options)
    save_picture(image_grid(states[-1].x, columns), out)
    print(f"{out}: {rows * columns} samples, {counted.nfe:g} network evaluations each")
    if trajectory:
        moving = out.with_name(f"{out.stem}-trajectory.png")
        save_animation(trajectory_frames(states, denoise.path, columns), moving)
        print(f"{moving}: x_t on the left, the clean sample seen in it on the right, {len(states)} frames")

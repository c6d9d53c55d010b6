"""Denoising as a moving picture: PNG (animated, full colour) or GIF, shown by every browser and notebook."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image
from torch import Tensor

from diffusion_lessons.figures.pictures.display import Shown
from diffusion_lessons.figures.pictures.images import image_grid, save_picture
from diffusion_lessons.path import Path as GaussianPath
from diffusion_lessons.samplers.base import State

GAP = 12  # pixels between the two halves of a frame


def trajectory_frames(
    states: Sequence[State],
    path: GaussianPath,
    columns: int | None = None,
    pictures: Callable[[Tensor], Tensor] = lambda x: x,
) -> list[Image.Image]:
    """One frame for each State of a `trace` of images: x_t on the left, the clean sample seen in it on the right.

    x_t is divided by sqrt(alpha^2 + sigma^2), so that it is as bright on a path whose noise grows beyond 1.
    pictures: makes pictures of both where they are latents.
    """
    frames = []
    for state in states:
        size = (path.alpha(state.t) ** 2 + path.sigma(state.t) ** 2) ** 0.5
        estimate: Tensor = state.x0 if state.x0 is not None else 0 * state.x  # grey before the first step
        frames.append(_beside(*(image_grid(pictures(x), columns) for x in (state.x / size, estimate))))
    return frames


def save_animation(
    frames: Sequence[Image.Image], file: str | Path, *, milliseconds: int = 120, hold: int = 1500
) -> Path:
    """Write frames as .png or .gif, each shown for so many milliseconds and the last for `hold`; it repeats."""
    if Path(file).suffix.lower() not in (".png", ".gif"):
        raise ValueError(f"{file} must end in .png (an animated PNG) or .gif")
    if len(frames) == 0:
        raise ValueError("an animation needs at least one frame")
    durations = [milliseconds] * (len(frames) - 1) + [hold]
    first, *others = frames
    return save_picture(first, file, save_all=True, append_images=others, duration=durations, loop=0)


def show_animation(frames: Sequence[Image.Image], alt: str, *, milliseconds: int = 120, hold: int = 1500) -> Shown:
    """The last line of a cell with a moving picture, as `show` is for one that stands still: an animated PNG.

    The last frame, which is held for `hold` milliseconds, is also what a page shows that cannot move, as on paper.
    """
    if len(frames) == 0:
        raise ValueError("an animation needs at least one frame")
    content, durations = io.BytesIO(), [milliseconds] * (len(frames) - 1) + [hold]
    frames[-1].save(
        content,
        format="png",
        save_all=True,
        default_image=True,
        append_images=list(frames),
        duration=[hold, *durations],
        loop=0,
    )
    return _Moving(content.getvalue(), frames[-1].width, alt)


class _Moving(Shown):
    """A picture that is written already."""

    def __init__(self, content: bytes, width: int, alt: str):
        self.content, self.width, self.alt = content, width, alt


def _beside(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + GAP + right.width, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + GAP, 0))
    return both

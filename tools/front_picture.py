"""Draw the moving picture of the README: `python tools/front_picture.py`, about a minute of one CPU core.

Four ways to draw the same eight digits, side by side in network evaluations: the ones that need few stand still early.
"""

from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont

from diffusion_lessons.checkpoints import load
from diffusion_lessons.figures.pictures.animations import save_animation
from diffusion_lessons.sampling import generate

FILE = Path(__file__).resolve().parents[1] / "docs/images/denoising.gif"
RUNS = [  # what is written beside a row; the checkpoint, the sampler and its steps
    ("DDPM", "mnist-diffusion", "ddpm", 50),
    ("DDIM", "mnist-diffusion", "ddim", 20),
    ("DPM-Solver++(2M)", "mnist-diffusion", "dpm_solver_pp_2m", 10),
    ("distilled student", "mnist-progressive-2", "ddim", 2),
]
DIGITS, SIDE, GAP, LEFT, TOP = 8, 56, 6, 190, 30  # pixels, but for the first
GREYS = 16  # levels: noise in 256 of them would make a file of megabytes
STRIDE = 2  # evaluations between frames


def pixels(x: torch.Tensor) -> Image.Image:
    """One state in [-1, 1] as a grey picture, in few levels."""
    levels = ((x[0].clamp(-1, 1) + 1) / 2 * (GREYS - 1)).round() * (255 / (GREYS - 1))
    return Image.fromarray(levels.to(torch.uint8).numpy()).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def frame(evaluations: int, runs: list[list[torch.Tensor]]) -> Image.Image:
    """The state of every row after so many evaluations."""
    font = ImageFont.load_default(size=15)
    size = (LEFT + DIGITS * (SIDE + GAP), TOP + len(RUNS) * (SIDE + GAP))
    picture = Image.new("L", size, 255)
    draw = ImageDraw.Draw(picture)
    draw.text((LEFT, 6), f"after {evaluations} evaluations of the network", 0, font)
    for row, ((name, _, _, steps), states) in enumerate(zip(RUNS, runs, strict=True)):
        top = TOP + row * (SIDE + GAP)
        draw.text((4, top + 8), name, 0, font)
        draw.text((4, top + 28), f"{steps} evaluations" + (", done" if evaluations >= steps else ""), 0, font)
        for column, x in enumerate(states[min(evaluations, steps)]):
            picture.paste(pixels(x), (LEFT + column * (SIDE + GAP), top))
    return picture


def main() -> None:
    runs = []
    for _, checkpoint, sampler, steps in RUNS:
        states = generate(load(checkpoint), DIGITS, labels=range(1, DIGITS + 1), sampler=sampler, steps=steps, seed=9)
        runs.append([state.x for state in states])
    longest = max(steps for *_, steps in RUNS)
    frames = [frame(evaluations, runs) for evaluations in range(0, longest + 1, STRIDE)]
    print(save_animation(frames, FILE, milliseconds=140, hold=3000), f"{FILE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

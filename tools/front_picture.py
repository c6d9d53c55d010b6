"""Draw the moving picture of the README: `python tools/front_picture.py`, ten seconds of one CPU core.

Four ways to draw the same digits, side by side in network evaluations: the ones that need few stand still early. Beside
them is what the shipped tables measured of these samplers, where each row's own point appears as soon as it is done.
The letters are large, because a telephone shows the picture at 0.4 of its width.
"""

import io
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from diffusion_lessons.benchmark import shipped
from diffusion_lessons.checkpoints import load
from diffusion_lessons.figures import style
from diffusion_lessons.figures.pictures.animations import save_animation
from diffusion_lessons.figures.quality.frontier import joined, plain_numbers
from diffusion_lessons.sampling import generate

FILE = Path(__file__).resolve().parents[1] / "docs/images/denoising.gif"
DRAWN, SHOWN = 6, 4  # digits
SIDE, GAP, LEFT, TOP, PLOT = 64, 8, 262, 44, 360  # pixels
LETTERS = 28  # pixels, of names; 72 points are 100 pixels in the plot
GREYS = 16  # levels: noise in 256 of them would make a file of megabytes
STRIDE = 2  # evaluations between frames
STUDENT = "mnist-progressive-2"


class Run(NamedTuple):
    """A row of the picture, which is a row of a shipped table as well."""

    name: str
    checkpoint: str
    sampler: str
    steps: int
    color: str

    def measured(self) -> pd.DataFrame:
        """The rows of the table that are of this sampler, by evaluations."""
        table = joined(shipped.comparable(shipped.rows(self.checkpoint)))
        same = [s.sampler == self.sampler and "eta" not in s.options and s.steps > 1 for s in table["settings"]]
        return table[same].sort_values("nfe")

    def states(self) -> list[torch.Tensor]:
        """Its images before each evaluation and after the last, by the settings of the measured row."""
        table = self.measured()
        (settings,) = table[table["steps"] == self.steps]["settings"]
        run = generate(load(self.checkpoint), DRAWN, settings, labels=range(1, DRAWN + 1), seed=9)
        return [state.x[:SHOWN] for state in run]


RUNS = [
    Run("DDPM", "mnist-diffusion", "ddpm", 50, style.look("ddpm").color),
    Run("DDIM", "mnist-diffusion", "ddim", 20, style.look("ddim").color),
    Run("DPM-Solver++(2M)", "mnist-diffusion", "dpm_solver_pp_2m", 10, style.look("dpm_solver_pp_2m").color),
    Run("distilled student", STUDENT, "ddim", 2, style.BLACK),
]


def pixels(x: torch.Tensor) -> Image.Image:
    """One state in [-1, 1] as a grey picture, in few levels."""
    levels = ((x[0].clamp(-1, 1) + 1) / 2 * (GREYS - 1)).round() * (255 / (GREYS - 1))
    return Image.fromarray(levels.to(torch.uint8).numpy()).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def frontier(evaluations: int, tables: list[pd.DataFrame], height: int) -> Image.Image:
    """Quality against evaluations, as measured; large the points of the rows that are done by now."""
    figure = Figure(figsize=(PLOT / 100, height / 100), dpi=100, layout="constrained")
    plot, letters = figure.subplots(), 0.72 * LETTERS
    for run, table in zip(RUNS, tables, strict=True):
        plot.plot(table["nfe"], table["frechet_value"], ".-", color=run.color, linewidth=2, markersize=6, alpha=0.6)
        done = table[table["nfe"] == run.steps] if evaluations >= run.steps else table[:0]
        plot.plot(done["nfe"], done["frechet_value"], "o", color=run.color, markersize=13)
    plot.axvline(max(evaluations, 1), color=style.GREY, linewidth=1)
    plot.set(xscale="log", yscale="log", xlim=(0.9, 70), xlabel="evaluations")
    plot.set_title("Fréchet distance", fontsize=letters)
    plot.text(0.9, 0.99, "lower is better", fontsize=0.8 * letters, ha="right", va="top", transform=plot.transAxes)
    plot.xaxis.label.set_fontsize(letters)
    plot.tick_params(which="both", labelsize=0.85 * letters)
    plot.set_xticks([1, 2, 5, 10, 20, 50])
    plain_numbers(plot)
    style.clean(plot)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return Image.open(content).convert("RGB")


def frame(evaluations: int, runs: list[list[torch.Tensor]], tables: list[pd.DataFrame]) -> Image.Image:
    """The state of every row after so many evaluations, and the frontier beside them."""
    font = ImageFont.load_default(size=LETTERS)
    size = (LEFT + SHOWN * (SIDE + GAP) + PLOT, TOP + len(RUNS) * (SIDE + GAP))
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    draw.text((4, 4), f"after {evaluations} evaluations of the network", "black", font)
    for row, (run, seen) in enumerate(zip(RUNS, runs, strict=True)):
        top = TOP + row * (SIDE + GAP)
        draw.text((4, top - 2), run.name, run.color, font)
        words = f"done after {run.steps}" if evaluations >= run.steps else f"{run.steps} evaluations"
        draw.text((4, top + 30), words, "black", font)
        for column, x in enumerate(seen[min(evaluations, run.steps)]):
            picture.paste(pixels(x), (LEFT + column * (SIDE + GAP), top))
    picture.paste(frontier(evaluations, tables, size[1]), (size[0] - PLOT, 0))
    return picture


def in_one_palette(frames: list[Image.Image]) -> list[Image.Image]:
    """The frames in the colours of the last, which has all of them; those of the few lines are among them."""
    palette = frames[-1].quantize(64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in frames]


def main() -> None:
    tables, runs = [run.measured() for run in RUNS], [run.states() for run in RUNS]
    longest = max(run.steps for run in RUNS)
    frames = in_one_palette([frame(evaluations, runs, tables) for evaluations in range(0, longest + 1, STRIDE)])
    print(save_animation(frames, FILE, milliseconds=140, hold=3000), f"{FILE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

"""The tour's page: one HTML file that holds its pictures and can be sent to anybody."""

import base64
import html
import io
from pathlib import Path
from string import Template

import pandas as pd
from matplotlib.figure import Figure

from diffusion_lessons.machine.files import write_atomically

PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The tour of diffusion_lessons</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 17px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } td, th { padding: .25rem .8rem; }
th { text-align: left; border-bottom: 2px solid #222; } td { border-bottom: 1px solid #ddd; }
img { max-width: 100%; height: auto; }
</style></head><body>
<h1>A tour in five pictures</h1>
<p>A U-Net has just been trained from random weights on real handwritten digits of 8x8 pixels: it saw $images images in
$seconds seconds. Everything below was made by that one network on this machine, with seed $seed. $warning</p>

<h2>1. Three steps by hand</h2>
<p>One number, 2, is denoised in three steps. The data are either -1 or +1. The first predicted noise, 1.5, implies an
absurd clean value, so it is capped at 1; every later prediction is exact.</p>
$example

<h2>2. One network, one starting noise, fewer and fewer steps</h2>
<p>Each row starts from the same noise. DDPM walks all thousand steps and draws new noise at each; DDIM takes a few and
draws none.</p>
$samples
$table
<p>NFE is the number of network evaluations for one sample; seconds are the median over batches, with the distance of
their quartiles. Adherence is the share of samples that a classifier trained on real digits takes for the digit asked
for. The Fréchet distance is the course's own, in $features: it compares the classifier's features of samples with those
of real training digits, and is no FID. The last line is the floor: what real digits, never seen in training, score at
the same count.</p>

<h2>3. What happens on the way</h2>
<p>First DDPM in 1000 steps, then DDIM in 50: x_t above, and below it the network's estimate of the clean sample. The
estimate shows a digit long before the noise is gone.</p>
$denoising_ddpm
$denoising_ddim

<h2>4. The same, where the answer is exact</h2>
<p>Two clusters of numbers, and a denoiser known in closed form. A stochastic sampler wanders; the deterministic one
follows a smooth curve. Both end in the same distribution.</p>
$mixture

<h2>5. Guidance, and a negative</h2>
<p>The scale s blends two predictions, eps_uncond + s (eps_cond - eps_uncond): 0 ignores the label, 1 is plain, more
insists, and at some point everything becomes a caricature. Adherence of these ten at each scale: $guided.</p>
$guidance
<p>An 8 that is not a 3: the negative takes the unconditional's place. The classifier gave "3" a mean probability of
$before before and $after after.</p>
$negative
</body></html>
""")


def write(out: Path, example: pd.DataFrame, results: pd.DataFrame, numbers: dict, features: str) -> Path:
    """Write `out`/index.html around the pictures that lie in `out`."""
    pictures = {
        name.replace("-", "_"): _picture(out / f"{name}.png", text)
        for name, text in {
            "samples": "Ten digits by each sampler, from the same starting noise",
            "denoising-ddpm": "x_t and the estimate of the clean sample, from noise to digit, for DDPM in 1000 steps",
            "denoising-ddim": "x_t and the estimate of the clean sample, from noise to digit, for DDIM in 50 steps",
            "mixture": "Trajectories of a stochastic and a deterministic sampler on an exact mixture",
            "guidance": "The ten digits at guidance scales 0, 1, 3, 7.5 and 15",
            "negative": "Eights, plain and pushed away from three",
        }.items()
    }
    page = PAGE.substitute(
        pictures,
        images=f"{numbers['training']['images']:,}",
        seconds=f"{numbers['training']['seconds']:.0f}",
        seed=numbers["seed"],
        features=features,
        warning="It is the fast tour: trained too briefly to draw well." if numbers["fast"] else "",
        example=_table(example.round(4)),
        table=_table(readable(results)),
        guided=", ".join(f"{row['adherence']:.0%} at {row['scale']:g}" for row in numbers["guidance"]),
        before=f"{numbers['negative']['taken for a 3 before']:.3f}",
        after=f"{numbers['negative']['taken for a 3 after']:.3f}",
    )
    write_atomically(out / "index.html", page.encode())
    return out / "index.html"


def readable(results: pd.DataFrame) -> pd.DataFrame:
    """The table for human readers: two significant digits, and blanks where nothing was measured."""
    formats = {
        "steps": "{:.0f}",
        "NFE": "{:.0f}",
        "seconds per image": "{:.2g}",
        "quartiles apart": "{:.1g}",
        "adherence": "{:.1%}",
        "Fréchet distance": "{:.3g}",
    }
    texts = results.copy()
    for column, pattern in formats.items():
        if column not in results:  # the fast tour measures no distance
            continue
        texts[column] = ["" if pd.isna(value) else pattern.format(value) for value in results[column]]
    return texts


def _table(frame: pd.DataFrame) -> str:
    return frame.to_html(index=False, border=0)


def save(figure: Figure, file: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_atomically(file, content.getvalue())


def _picture(file: Path, text: str) -> str:
    content = base64.b64encode(file.read_bytes()).decode()
    return f'<img alt="{html.escape(text)}" src="data:image/png;base64,{content}">'

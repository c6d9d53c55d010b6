"""How well the judge and the autoencoder do on scenes by writers that training never saw: what their cards say."""

import torch

from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.data.captions.render import render
from diffusion_lessons.data.captions.scenes import ATTRIBUTES, Scenes, draw_scenes
from diffusion_lessons.data.captions.strokes import Strokes
from diffusion_lessons.networks.autoencoder import Autoencoder


def accuracy(seen: Scenes, truth: Scenes) -> dict[str, float]:
    """Share of pictures whose attribute is read rightly, the object's own among scenes that have one.

    "sharp digit": the digit where nothing is smudged; "all": every attribute right.
    """
    right = seen.stacked() == truth.stacked()  # [N, 9]
    counted = torch.ones_like(right)
    counted[:, -2:] = (truth.shape > 0)[:, None]
    shares = {name: float(right[:, i][counted[:, i]].double().mean()) for i, name in enumerate(ATTRIBUTES)}
    shares["sharp digit"] = float(right[:, 0][truth.smudged == 0].double().mean())
    return {**shares, "all": float((right | ~counted).all(dim=1).double().mean())}


def judge_accuracy(judge: Judge, strokes: Strokes, count: int = 4_000, seed: int = 1) -> dict[str, float]:
    """The judge on fresh scenes."""
    generator = torch.Generator().manual_seed(seed)
    scenes = draw_scenes(count, generator)
    return accuracy(judge(render(scenes, strokes, generator)), scenes)


@torch.no_grad()
def reconstruction(
    autoencoder: Autoencoder, judge: Judge, strokes: Strokes, count: int = 4_000, seed: int = 1
) -> dict[str, float]:
    """The judge on reconstructions: right about the scenes, and in agreement with its own reading of the originals."""
    generator = torch.Generator().manual_seed(seed)
    scenes = draw_scenes(count, generator)
    pictures = render(scenes, strokes, generator)
    made = torch.cat([autoencoder.pictures(autoencoder.latents(part)).clamp(-1, 1) for part in pictures.split(512)])
    before, after = judge(pictures), judge(made)
    agrees = {f"{name} agrees": share for name, share in accuracy(after, before).items()}
    error = {"mean absolute error": float((made - pictures).abs().mean())}
    return {**accuracy(after, scenes), **agrees, **error}

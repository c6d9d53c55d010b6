"""A small rendered sample with its handwriting, so that scenes can be shown and drawn without MNIST at hand.

It ships inside the package, under the licence of MNIST, from whose test digits its handwriting comes: CC BY-SA 3.0.
`python -m diffusion_lessons.data.captions.sample` makes it anew in a clone.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from diffusion_lessons.data import to_pixels, to_unit
from diffusion_lessons.data.captions.render import render
from diffusion_lessons.data.captions.scenes import Scenes, draw_scenes
from diffusion_lessons.data.captions.sentences import draw_mentions, draw_sentences
from diffusion_lessons.data.captions.strokes import Strokes, load_strokes
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import write_atomically

FILE = places.PACKAGE / "data" / "captions" / "sample.npz"
SCENES, WRITERS = 1000, 40  # scenes in all, and digits of each class in the handwriting


class Sample(NamedTuple):
    """Pictures [N, 3, 32, 32] in [-1, 1], their scenes and sentences, and handwriting to draw more with."""

    pictures: Tensor
    scenes: Scenes
    sentences: list[str]
    strokes: Strokes


def load_sample(file: str | Path = FILE) -> Sample:
    """The sample that ships with the package; nothing is downloaded and nothing is trained."""
    with np.load(file, allow_pickle=False) as content:
        tensors = {
            name: torch.from_numpy(content[name]) for name in ("pixels", "scenes", "distance", "slant", "starts")
        }
        sentences = [str(sentence) for sentence in content["sentences"]]
    strokes = Strokes(tensors["distance"], tensors["slant"], tensors["starts"])
    scenes = Scenes(*tensors["scenes"].long().T.contiguous())
    return Sample(to_unit(tensors["pixels"]), scenes, sentences, strokes)


def make_sample(strokes: Strokes, file: str | Path = FILE, seed: int = 0) -> Path:
    """Write such a file, compressed: scenes drawn from their distribution with the first digits of each class."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.cat([first + torch.arange(WRITERS) for first in strokes.starts[:-1].tolist()])
    few = Strokes(strokes.distance[rows], strokes.slant[rows], torch.arange(11) * WRITERS)
    scenes = draw_scenes(SCENES, generator)
    pictures = render(scenes, few, generator)
    sentences = draw_sentences(draw_mentions(scenes, generator), generator)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        pixels=to_pixels(pictures).numpy(),
        scenes=scenes.stacked().to(torch.uint8).numpy(),
        sentences=np.array(sentences),
        distance=few.distance.numpy(),
        slant=few.slant.numpy(),
        starts=few.starts.numpy(),
    )
    write_atomically(Path(file), content.getvalue())
    return Path(file)


if __name__ == "__main__":
    places.clone_for("the sample is a file of the package")
    sample = make_sample(load_strokes("test"))
    print(f"wrote {sample}, {sample.stat().st_size / 1e6:.2f} MB")

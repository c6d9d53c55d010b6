"""Handwriting without a download, and few pictures for what is measured at the end."""

import pytest
import torch

from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.training.captions import recipes
from diffusion_lessons.training.captions.scenery import LatentScenes, Scenery
from tests.captions.small import small_parts


@pytest.fixture
def scenery(monkeypatch) -> Scenery:
    monkeypatch.setattr(recipes, "SETTLING", 2)
    return Scenery(load_sample().strokes)


@pytest.fixture
def latents() -> LatentScenes:
    _, contrastive, autoencoder = small_parts()
    scenes = load_sample().scenes.rows(slice(100))
    latents = torch.randn(100, 4, 8, 8, generator=torch.Generator().manual_seed(0)).half()
    return LatentScenes(latents, scenes, contrastive.text, autoencoder, {"text": {"name": "a", "sha256": "b"}})

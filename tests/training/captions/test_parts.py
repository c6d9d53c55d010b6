"""A part from its beginning to its file: resumed it is the same, and a denoiser finds what it needs."""

from itertools import islice

import pytest
import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.checkpoints.captions import load_judge
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.networks.latent_unet import LatentUNetConfig
from diffusion_lessons.training.captions import parts, recipes
from diffusion_lessons.training.captions.parts import LATENTS, find_needs, prepare, train_part
from diffusion_lessons.training.folder import STATE
from diffusion_lessons.training.loop import finish
from tests.captions.small import small_parts

SMALL = {
    "network": LatentUNetConfig(widths=(16, 32), heads=(2, 4), embedding=16),
    "batch": 8,
    "images": 24,
    "cached": 20,
}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder of runs with the two parts that a denoiser needs, and handwriting in MNIST's place."""
    monkeypatch.setattr(parts, "load_strokes", lambda split: load_sample().strokes)
    _, contrastive, autoencoder = small_parts()
    for name, part in (("captions-contrastive", contrastive), ("captions-autoencoder", autoencoder)):
        checkpoints.save(tmp_path / name / name, part, None, None, shape=(3, 32, 32))
    return tmp_path


def test_an_interrupted_judge_ends_where_an_uninterrupted_one_does(scenery, tmp_path):
    recipe = recipes.get("captions-judge", images=24, batch=4)
    options = {"device": "cpu", "every": 1, "save_every": 0.0, "precision": "float32"}
    *_, straight = train_part(recipe, scenery, tmp_path / "whole", **options)
    records = train_part(recipe, scenery, tmp_path / "broken", **options)
    list(islice(records, 3))
    records.close()
    assert (tmp_path / "broken" / STATE).exists()
    *_, again = train_part(recipe, scenery, tmp_path / "broken", resume=True, **options)
    for one, other in zip(straight.run.ema.network.parameters(), again.run.ema.network.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    file = finish(again, tmp_path / "broken")
    card = checkpoints.cards.read_card(file)
    assert "path" not in card and card["classes"] is None and card["recipe"]["images"] == 24
    assert load_judge(file)(load_sample().pictures[:3]).size == 3


@pytest.mark.parametrize("name", ["captions-diffusion", "captions-flow"])
def test_a_denoiser_is_trained_on_latents_that_are_kept(runs, name):
    recipe = recipes.get(name, **SMALL)
    records = train_part(recipe, out_dir=runs / name, device="cpu", every=1)
    next(records)
    assert (runs / name / LATENTS).exists()
    records.close()
    *_, last = train_part(recipe, out_dir=runs / name, device="cpu", resume=True)
    denoise = checkpoints.load(finish(last, runs / name))
    assert isinstance(denoise, CaptionDenoiser) and denoise.path.card["path"] == recipe.path["path"]
    assert denoise.card["parts"]["text"]["name"] == "captions-contrastive"


def test_latents_of_other_scenes_are_refused(runs):
    recipe = recipes.get("captions-diffusion", **SMALL)
    files = find_needs(recipe, runs / "captions-diffusion")
    kept = prepare(recipe, files, runs / "captions-diffusion")
    again = prepare(recipe, files, runs / "captions-diffusion")
    assert torch.equal(kept.latents, again.latents) and torch.equal(kept.scenes.stacked(), again.scenes.stacked())
    with pytest.raises(ValueError, match="holds other latents \\(seed\\)"):
        prepare(recipe, files, runs / "captions-diffusion", seed=1)


def test_latents_are_computed_where_the_denoiser_is_trained(runs, monkeypatch):
    asked = []

    def load(name, device):
        asked.append(torch.device(device))
        return checkpoints.captions.load_autoencoder(name)

    monkeypatch.setattr(parts, "load_autoencoder", load)
    recipe = recipes.get("captions-flow", **SMALL)
    data = prepare(recipe, find_needs(recipe, runs / "captions-flow"), device="meta:1")
    assert asked == [torch.device("meta:1")] and data.latents.device.type == "cpu"


def test_a_part_that_is_missing_is_said_before_anything_is_done(tmp_path, monkeypatch):
    def nothing(name):
        raise FileNotFoundError(name)

    monkeypatch.setattr(parts.cards, "find", nothing)
    with pytest.raises(FileNotFoundError, match="first with `diffusion-lessons train captions-contrastive`"):
        train_part(recipes.get("captions-diffusion"), out_dir=tmp_path / "captions-diffusion")
    assert not (tmp_path / "captions-diffusion").exists()

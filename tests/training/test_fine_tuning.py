"""A pruned network is trained on: it keeps its shape, its loss falls, and what it was made from stays."""

import pytest
import torch

from diffusion_lessons.data.captions.scenes import draw_scenes
from diffusion_lessons.optimise.block_pruning import block_names, without_blocks
from diffusion_lessons.optimise.head_pruning import head_names, without_heads
from diffusion_lessons.training import recipes
from diffusion_lessons.training.captions.recipes import get
from diffusion_lessons.training.captions.scenery import LatentScenes
from diffusion_lessons.training.fine_tuning import fine_tune
from diffusion_lessons.training.loop import train
from tests.captions.small import small_denoiser


@pytest.fixture(scope="module")
def trained():
    recipe = recipes.get("digits", images=6400)
    data = recipe.load_data()
    *_, record = train(recipe, data)
    return recipe, data, record.denoiser()


def test_a_pruned_network_is_trained_on(trained):
    recipe, data, denoise = trained
    pruned = without_blocks(denoise, block_names(denoise)[:1])
    before = {name: value.clone() for name, value in pruned.network.state_dict().items()}
    records = list(fine_tune(pruned, recipe, data, 3200))
    tuned = records[-1].denoiser()
    assert records[-1].images == 3200 and records[-1].loss < records[0].loss
    assert tuned.network.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in pruned.network.state_dict().items())
    moved = [not torch.equal(value, before[name]) for name, value in tuned.network.state_dict().items()]
    assert any(moved)


def test_a_recipe_of_another_path_is_refused(trained):
    _, data, denoise = trained
    with pytest.raises(ValueError, match="give the recipe that it was trained by"):
        fine_tune(denoise, recipes.get("digits", "flow"), data, 64)


def test_a_network_that_is_told_in_words_is_trained_on_without_some_heads():
    generator = torch.Generator().manual_seed(0)
    denoise = small_denoiser()
    scenes = LatentScenes(
        torch.randn(32, 4, 8, 8, generator=generator),
        draw_scenes(32, generator),
        denoise.text.encoder,
        denoise.autoencoder,
        {},
    )
    pruned = without_heads(denoise, head_names(denoise)[:1])
    recipe = get("captions-diffusion", batch=16, compile=False)
    *_, record = fine_tune(pruned, recipe, scenes, 32, objective=recipe.objective(scenes))
    tuned = record.denoiser()
    assert head_names(tuned) == head_names(pruned) and len(head_names(tuned)) == len(head_names(denoise)) - 1
    before, after = pruned.network.state_dict(), tuned.network.state_dict()
    assert before.keys() == after.keys() and any(not torch.equal(before[name], after[name]) for name in before)
    assert tuned(torch.randn(1, 4, 8, 8), 300.0, "a thick red seven").x0.isfinite().all()

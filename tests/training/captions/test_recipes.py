"""The parts: their order, what a step of each sees and minimises, and what is measured before they are written."""

import pytest
import torch
from torch import nn

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.networks.autoencoder import Autoencoder, AutoencoderConfig
from diffusion_lessons.networks.classifier import Classifier, ClassifierConfig
from diffusion_lessons.networks.latent_unet import LatentUNetConfig
from diffusion_lessons.training.captions import recipes
from diffusion_lessons.training.losses import loss, sample_times
from diffusion_lessons.training.state import Run

CPU = torch.device("cpu")
SMALL = {"network": LatentUNetConfig(widths=(16, 32), heads=(2, 4), embedding=16), "batch": 16, "images": 64}
ON_SCENES = [name for name in recipes.names() if not recipes.get(name).needs]
ON_LATENTS = [name for name in recipes.names() if recipes.get(name).needs]


def test_parts_come_after_what_they_need():
    names = recipes.names()
    for position, name in enumerate(names):
        assert set(recipes.get(name).needs.values()) <= set(names[:position])
        assert recipes.get(name).command(3) == f"diffusion-lessons train {name} --seed 3"
    flow = recipes.get("captions-flow")
    assert flow.predicts == "velocity" and recipes.get("captions-diffusion").predicts == "v"
    with pytest.raises(ValueError, match="unknown part 'captions'"):
        recipes.get("captions")
    with pytest.raises(ValueError, match="a recipe has no cached"):
        recipes.get("captions-judge", cached=10)


@pytest.mark.parametrize(("wrong", "name"), [({"predicts": "velocity"}, "predicts"), ({"cached": 0}, "cached")])
def test_a_recipe_checks_its_fields(wrong, name):
    with pytest.raises(ValueError, match=name):
        recipes.get("captions-diffusion", **wrong)


@pytest.mark.parametrize("name", ON_SCENES)
def test_every_part_takes_a_step_on_scenes(name, scenery):
    recipe = recipes.get(name, batch=8)
    run = Run(recipe, scenery, CPU, 0)
    batch = recipe.draw(scenery, 0, 0)
    again, other = recipe.draw(scenery, 0, 0), recipe.draw(scenery, 0, 1)
    assert all(torch.equal(a, b) for a, b in zip(batch, again, strict=True))
    assert not torch.equal(batch.pictures, other.pictures)
    value = recipe.objective(scenery)(run, run.network, batch)
    value.backward()
    assert value.isfinite()
    with pytest.raises(ValueError, match="trains no denoiser"):
        run.denoiser()


@pytest.mark.parametrize("name", ["captions-judge", "captions-autoencoder"])
def test_two_processes_share_the_batch_of_one(name, scenery):
    recipe = recipes.get(name, batch=8)
    whole = recipe.draw(scenery, 0, 3)
    parts = [recipe.draw(scenery, 0, 3, rank=rank, world=2) for rank in (0, 1)]
    for column, halves in zip(whole, zip(*parts, strict=True), strict=True):
        assert torch.equal(column, torch.cat(halves))


def test_sentences_are_compared_within_one_process(scenery):
    with pytest.raises(ValueError, match="use one process"):
        recipes.get("captions-contrastive", batch=8).draw(scenery, 0, 0, world=2)


@pytest.mark.parametrize("name", ON_LATENTS)
def test_the_denoisers_loss_is_that_of_the_course(name, latents):
    """`losses.loss` with the text where a label would be, on latents, noise and times of the batch."""
    recipe = recipes.get(name, condition_dropout=0.5, **SMALL)
    run = Run(recipe, latents, CPU, 0)
    nn.init.normal_(run.network.out.weight, std=0.1)
    batch = recipe.draw(latents, 0, 0)
    t = sample_times(batch.u, run.path, recipe.times)
    assert t.min() > 0 and t.max() <= run.path.T
    assert 2 <= (batch.condition == 0).all(dim=1).sum() <= 14
    states = latents.text(batch.condition)
    network = lambda x, t: run.network(x, t, states)  # noqa: E731
    expected = loss(network, batch.x0, batch.eps, t, run.path, recipe.predicts)
    torch.testing.assert_close(recipe.objective(latents)(run, run.network, batch), expected)


def test_every_latent_comes_up_once_in_a_pass_and_is_described_anew(latents):
    recipe = recipes.get("captions-diffusion", **{**SMALL, "batch": 50})
    first = torch.cat([recipe.draw(latents, 0, step).x0 for step in (0, 1)])
    assert len(first.flatten(1).unique(dim=0)) == 100
    halves = [recipe.draw(latents, 0, 1, rank=rank, world=2) for rank in (0, 1)]
    whole = recipe.draw(latents, 0, 1)
    for column, parts in zip(whole, zip(*halves, strict=True), strict=True):
        assert torch.equal(column, torch.cat(parts))


def test_a_denoiser_in_training_is_told_in_words(latents):
    run = Run(recipes.get("captions-diffusion", **SMALL), latents, CPU, 0)
    denoise = run.denoiser()
    assert isinstance(denoise, CaptionDenoiser) and denoise.unet is run.ema.network
    assert denoise(torch.randn(1, 4, 8, 8), 500.0, "a red seven").x0.shape == (1, 4, 8, 8)


def test_batch_norms_are_measured_with_the_averaged_weights(scenery):
    torch.manual_seed(0)
    network = Classifier(ClassifierConfig(channels=3, widths=(8,), blocks=0, stride=2))
    norm = network.body[0][1]
    norm.running_mean.fill_(9.0)
    recipes.settle_norms(network, scenery, seed=0)
    inputs = torch.cat([network.body[0][0](batch) for batch in recipes.fresh(network, scenery, 0)])
    torch.testing.assert_close(norm.running_mean, inputs.mean(dim=(0, 2, 3)), atol=1e-5, rtol=1e-4)
    assert not network.training


def test_settled_latents_are_standardised(scenery):
    torch.manual_seed(0)
    network = Autoencoder(AutoencoderConfig(fine=16, coarse=16))
    recipes.get("captions-autoencoder").settle(network, scenery, seed=0)
    with torch.no_grad():
        latents = torch.cat([network.latents(batch) for batch in recipes.fresh(network, scenery, 0)])
    torch.testing.assert_close(latents.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(latents.std(dim=(0, 2, 3)), torch.ones(4), atol=1e-4, rtol=0)

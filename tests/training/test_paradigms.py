"""The miniatures learn, alike from one seed, and leave PyTorch's own generator as it was."""

import pytest
import torch

from diffusion_lessons.data import load_data
from diffusion_lessons.networks.paradigms import Adversarial
from diffusion_lessons.training.paradigms import BATCH, RECIPES, fit

DATA = load_data("digits")


@pytest.mark.parametrize("name", RECIPES)
def test_a_fit_repeats_and_counts_what_it_cost(name):
    recipe, before = RECIPES[name]._replace(steps=3), torch.get_rng_state()
    one, again = fit(recipe, DATA), fit(recipe, DATA)
    assert torch.equal(torch.get_rng_state(), before)
    assert one.images == 3 * BATCH and one.seconds > 0 and not one.model.training
    for weight, same in zip(one.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(weight, same)


@pytest.mark.parametrize("name", ["autoregressive", "variational"])
def test_digits_cost_fewer_bits_after_some_steps(name):
    images, labels = DATA.images[:100], DATA.labels[:100]
    short, longer = (
        fit(RECIPES[name]._replace(steps=steps), DATA).model.bits(images, labels, torch.Generator().manual_seed(0))
        for steps in (1, 60)
    )
    assert longer.mean() < 0.8 * short.mean()


def test_a_generator_and_its_critic_are_both_trained():
    start = Adversarial((1, 8, 8), DATA.images.unique())
    model = fit(RECIPES["adversarial"]._replace(steps=2), DATA).model
    assert len(model.parts()) == 2 and len(start.state_dict()) == len(model.state_dict())
    first, second = (fit(RECIPES["adversarial"]._replace(steps=steps), DATA).model for steps in (1, 2))
    for part in ("critic", "generator"):
        pairs = zip(getattr(first, part).parameters(), getattr(second, part).parameters(), strict=True)
        assert any(not torch.equal(one, other) for one, other in pairs)

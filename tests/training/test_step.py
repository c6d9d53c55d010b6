"""One update, against the same one written out by hand; and a batch that is cut into parts."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training.batches import draw_batch
from diffusion_lessons.training.losses import loss, sample_times
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Step, denoising

CPU = torch.device("cpu")


def a_step(recipe, data, objective=denoising):
    return Step(Run(recipe, data, CPU, 0, precision="float32"), objective, data, Processes(CPU))


def weights(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def test_an_update_is_adamw_on_the_clipped_gradient_of_the_loss(tiny_recipe, tiny_data):
    step = a_step(tiny_recipe, tiny_data)
    by_hand = Run(tiny_recipe, tiny_data, CPU, 0, precision="float32")
    for number in range(2):
        error = step(1e-3)
        batch = draw_batch(
            tiny_data,
            tiny_recipe.batch,
            0,
            number,
            condition_dropout=tiny_recipe.condition_dropout,
            flip=tiny_recipe.flip,
        )
        t = sample_times(batch.u, by_hand.path, tiny_recipe.times)
        expected = loss(
            by_hand.network,
            batch.x0,
            batch.eps,
            t,
            by_hand.path,
            tiny_recipe.predicts,
            batch.condition,
            tiny_recipe.weighting,
        )
        by_hand.optimizer.param_groups[0]["lr"] = 1e-3
        by_hand.optimizer.zero_grad()
        expected.backward()
        nn.utils.clip_grad_norm_(by_hand.network.parameters(), tiny_recipe.clip_norm)
        by_hand.optimizer.step()
        assert error.item() == pytest.approx(expected.item(), rel=1e-5)
        torch.testing.assert_close(weights(step.run.network), weights(by_hand.network), rtol=1e-4, atol=1e-6)
    assert step.run.step == 2


def test_a_batch_in_parts_gives_the_same_update_but_for_rounding(tiny_recipe, tiny_data):
    whole, parts = a_step(tiny_recipe, tiny_data), a_step(tiny_recipe, tiny_data)
    parts.parts = 4
    errors = [step(1e-3).item() for step in (whole, parts)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-5)
    torch.testing.assert_close(weights(whole.run.network), weights(parts.run.network), rtol=1e-3, atol=1e-5)


def test_what_does_not_fit_is_cut_until_it_does_and_the_weights_stay(tiny_recipe, tiny_data, capsys):
    rows = []

    def hungry(run, network, batch):
        rows.append(len(batch.x0))
        if len(batch.x0) > 4:
            raise torch.OutOfMemoryError("no room")
        return denoising(run, network, batch)

    step = a_step(tiny_recipe, tiny_data, hungry)
    before = weights(step.run.network)
    step.prepare()
    assert rows[:3] == [16, 8, 4] and step.parts == 4 and step.run.step == 0
    assert torch.equal(weights(step.run.network), before)
    assert all(parameter.grad is None for parameter in step.run.network.parameters())
    assert "out of memory: each batch is computed in 4 parts of 4 images" in capsys.readouterr().err


def test_what_cannot_be_cut_says_what_to_do(tiny_recipe, tiny_data):
    def never(run, network, batch):
        raise torch.OutOfMemoryError("no room")

    step = a_step(replace(tiny_recipe, batch=6), tiny_data, never)
    with pytest.raises(ValueError, match=r"3 images at a time do not fit .*--set batch=3"):
        step.prepare()

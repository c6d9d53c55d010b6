"""A run put aside and taken up again is the same run; another's state is refused."""

from dataclasses import replace

import pytest
import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.training.state import Run

CPU = torch.device("cpu")


def a_run(recipe, data, seed=0):
    return Run(recipe, data, CPU, seed)


def perturb(run):
    """As if it had been trained: other weights, another average, momentum, and a step count."""
    for number, parameters in enumerate((run.network.parameters(), run.ema.network.parameters())):
        for parameter in parameters:
            torch.nn.init.constant_(parameter, 0.1 + number)
    for parameter in run.network.parameters():
        parameter.grad = torch.ones_like(parameter)
    run.optimizer.step()
    run.step, run.seconds = 7, 2.5
    return run


def test_the_seed_decides_the_first_weights_and_the_callers_randomness_stays(tiny_recipe, tiny_data):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (a_run(tiny_recipe, tiny_data, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    weights = [torch.cat([p.flatten() for p in run.network.parameters()]) for run in (one, same, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_everything_that_changes_comes_back(tiny_recipe, tiny_data, tmp_path):
    before, after = perturb(a_run(tiny_recipe, tiny_data)), a_run(tiny_recipe, tiny_data)
    before.save_state(tmp_path / "state.pt")
    after.load_state(tmp_path / "state.pt")
    assert (after.step, after.seconds, after.images) == (7, 2.5, 7 * tiny_recipe.batch)
    for name in ("network", "ema"):
        mine, theirs = (getattr(run, name) for run in (after, before))
        mine, theirs = (module.network if name == "ema" else module for module in (mine, theirs))
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(mine.state_dict()[key], value, rtol=0, atol=0)
    momentum = [run.optimizer.state_dict()["state"][0]["exp_avg"] for run in (before, after)]
    assert momentum[0].any() and torch.equal(*momentum)


def test_the_state_of_another_recipe_or_seed_is_refused(tiny_recipe, tiny_data, tmp_path):
    a_run(tiny_recipe, tiny_data).save_state(tmp_path / "state.pt")
    with pytest.raises(ValueError, match="belongs to another run: seed was 0 and is 1"):
        a_run(tiny_recipe, tiny_data, seed=1).load_state(tmp_path / "state.pt")
    with pytest.raises(ValueError, match=r"learning_rate was .* and is 0\.5\. Use that recipe"):
        a_run(replace(tiny_recipe, learning_rate=0.5), tiny_data).load_state(tmp_path / "state.pt")


def test_a_student_starts_from_its_teachers_weights_and_so_does_the_average(tiny_recipe, tiny_data):
    teacher, student = perturb(a_run(tiny_recipe, tiny_data)).network, a_run(tiny_recipe, tiny_data, seed=1)
    student.start_from(teacher)
    for network in (student.network, student.ema.network):
        for mine, its in zip(network.parameters(), teacher.parameters(), strict=True):
            assert torch.equal(mine, its)


def test_the_average_is_what_is_sampled_from_and_shipped(tiny_recipe, tiny_data, tmp_path):
    run = perturb(a_run(tiny_recipe, tiny_data))
    file = run.save_checkpoint(tmp_path / "tiny", tiny_recipe.ema_share, command="as I say", note="kept")
    shipped = checkpoints.load(file)
    assert run.denoiser().network is run.ema.network
    for mine, its in zip(run.ema.network.parameters(), shipped.network.parameters(), strict=True):
        torch.testing.assert_close(its, mine.detach(), rtol=1e-3, atol=0)  # stored in half precision
    assert shipped.card["command"] == "as I say" and shipped.card["note"] == "kept"
    assert shipped.card["images_seen"] == 7 * tiny_recipe.batch and shipped.card["training_seconds"] == 2.5

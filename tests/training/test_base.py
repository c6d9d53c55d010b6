"""What every recipe has: steps, names of files, checked fields, and words for what a kind of recipe does not do."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.cli.options import named_values
from diffusion_lessons.networks import MLP, MLPConfig
from diffusion_lessons.training.base import BaseRecipe, as_text, changed


def recipe(**own) -> BaseRecipe:
    return BaseRecipe("line", "numbers", **{"images": 10, "batch": 4, **own})


def test_steps_and_files():
    assert recipe().steps == 3
    assert recipe(other_shares=(0.05,)).checkpoints == {0.05: "line-ema0.05", 0.1: "line"}
    assert recipe().dropout == 0 and recipe().about() == {}


@pytest.mark.parametrize("wrong", [{"images": 0}, {"batch": 2.5}, {"learning_rate": float("nan")}, {"warm_up": 2}])
def test_fields_are_checked(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be "):
        recipe(**wrong)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda one: one.make_path(), ValueError),
        (lambda one: one.denoiser(nn.Identity(), None), ValueError),
        (lambda one: one.make_network(None), NotImplementedError),
        (lambda one: one.draw(None, 0, 0), NotImplementedError),
        (lambda one: one.command(0), NotImplementedError),
    ],
)
def test_what_a_kind_does_not_do_is_said(call, error):
    with pytest.raises(error, match="line trains no denoiser|BaseRecipe"):
        call(recipe())


def test_a_network_that_is_no_denoiser_is_written_without_a_path(tmp_path):
    data = type("Numbers", (), {"shape": (2,)})
    file = recipe().save(tmp_path / "line", MLP(MLPConfig(dims=2)), data, {"data": "numbers"})
    card = cards.read_card(file)
    assert "path" not in card and card["classes"] is None and card["data"] == "numbers"
    tensors, _ = cards.read(file)
    assert all(value.dtype == torch.float32 for value in tensors.values())


def test_changes_are_of_fields():
    @dataclass(frozen=True)
    class Own(BaseRecipe):
        widths: tuple[int, ...] = (1,)

    assert changed(Own("a", "b", 10), {"widths": [2, 3]}).widths == (2, 3)
    with pytest.raises(ValueError, match="a recipe has no depth; it has name, data"):
        changed(recipe(), {"depth": 3})
    assert [as_text(value) for value in (True, None, 0.5)] == ["true", "none", "0.5"]
    for value, text in (([0.05, 0.2], "0.05,0.2"), ((2, 2, 1), "2,2,1"), ((0.05,), "0.05,"), ([], ",")):
        assert as_text(value) == text and named_values([f"a={text}"]) == {"a": list(value)}

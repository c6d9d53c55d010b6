"""Which recipe is trained, with which changes."""

import pytest

from diffusion_lessons.commands.train import choose_recipe, distil


def test_fields_of_a_recipe_are_changed():
    recipe, data = choose_recipe("digits", "flow", changes={"images": 100, "name": "mine"})
    assert (recipe.kind, recipe.images, recipe.name, recipe.predicts) == ("flow", 100, "mine", "velocity")
    assert len(data.classes) == 11


def test_a_large_recipe_gives_way_on_a_cpu(monkeypatch, capsys):
    monkeypatch.setattr("diffusion_lessons.training.recipes.load_data", lambda *_, **__: None)
    assert choose_recipe("mnist", device="cpu")[0].name == "mnist-small"
    assert "trained as mnist-small" in capsys.readouterr().err


def test_the_kind_is_no_field_to_change():
    with pytest.raises(ValueError, match="give --kind flow instead of --set"):
        choose_recipe("digits", changes={"kind": "flow"})


def test_what_no_recipe_has_is_refused():
    with pytest.raises(ValueError, match="a recipe has no colour"):
        choose_recipe("digits", changes={"colour": "red"})
    with pytest.raises(ValueError, match="a recipe has no device"):
        distil("digits-reflow", changes={"device": "cpu"})

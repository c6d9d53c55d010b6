"""Recipes: what `get` gives, and that flow and diffusion differ in nothing but path and loss."""

import math
from dataclasses import replace

import pytest
import torch

from diffusion_lessons.data import Data, load_data
from diffusion_lessons.networks import count_parameters
from diffusion_lessons.training import recipes
from diffusion_lessons.training.base import changed
from diffusion_lessons.training.loop import train

IMAGES = {
    "digits": (1, 8, 8),
    "mnist-small": (1, 28, 28),
    "mnist": (1, 28, 28),
    "cifar10-small": (3, 32, 32),
    "cifar10": (3, 32, 32),
}


def empty(shape, classes=10):
    return Data(torch.zeros(1, *shape, dtype=torch.uint8), torch.zeros(1).long(), tuple("0123456789"[:classes]), {})


@pytest.mark.parametrize("name", recipes.names())
def test_flow_and_diffusion_have_equal_network_data_and_budget(name):
    diffusion, flow = recipes.get(name), recipes.get(name, "flow")
    assert {"path", "kind", "predicts"} <= {k for k, v in flow.card().items() if v != diffusion.card()[k]}
    for field in ("name", "data", "images", "batch", "network", "learning_rate", "condition_dropout", "smudged"):
        assert getattr(diffusion, field) == getattr(flow, field), field
    data = empty(IMAGES[name])
    assert count_parameters(diffusion.make_network(data)) == count_parameters(flow.make_network(data))
    assert flow.make_network(data).config.T == 1.0
    assert (diffusion.checkpoint, flow.checkpoint) == (f"{diffusion.data}-diffusion", f"{diffusion.data}-flow")


@pytest.mark.parametrize("name", recipes.names())
def test_all_drop_the_condition_one_time_in_ten(name):
    assert recipes.get(name).condition_dropout == 0.1


@pytest.mark.parametrize(("name", "megabytes"), [("mnist-small", 4), ("mnist", 4), ("cifar10", 25)])
def test_the_weights_fit_the_package(name, megabytes):
    network = recipes.get(name).make_network(empty(IMAGES[name]))
    assert 2 * count_parameters(network) < 0.99 * megabytes * 2**20


@pytest.mark.parametrize("kind", ["diffusion", "flow"])
def test_digits_train_for_20_steps_and_lower_the_loss(kind):
    recipe = recipes.get("digits", kind, images=20 * 64, batch=64)
    data = recipe.load_data()
    assert data.classes[-1] == "smudged" and data.shape == (1, 8, 8)
    first, *_, last = train(recipe, data, device="cpu", every=5)
    assert last.step == 20 and last.loss < 0.95 * first.loss


@pytest.mark.parametrize("name", ["mnist-small", "cifar10"])
def test_larger_recipes_take_a_step(name):
    shape = IMAGES[name]
    pixels = torch.randint(0, 256, (4, *shape), dtype=torch.uint8)
    data = replace(empty(shape), pixels=pixels, labels=torch.arange(4))
    recipe = recipes.get(name, images=8, batch=4, compile=False)  # compiling takes longer than the steps
    *_, last = train(recipe, data, device="cpu")
    assert last.step == 2


def test_your_own_images_get_a_network_of_their_size():
    digits = load_data("digits", size=20)
    recipe = recipes.for_data(replace(digits, card={"name": "mine"}))
    assert (recipe.name, recipe.checkpoint, recipe.smudged) == ("mine", "mine-diffusion", 0.0)
    colour = replace(empty((3, 24, 24), classes=2), card={"name": "photos"})
    assert recipes.for_data(colour, gpu=True).network.widths == recipes.get("cifar10").network.widths
    small = recipes.for_data(colour, gpu=False)  # 12 million images through a large network would take a core two weeks
    assert small.network == recipes.get("cifar10-small").network and small.images == recipes.HOUR_ON_A_CORE
    assert small.batch == 128 < recipes.get("cifar10-small").batch
    flow = recipes.for_data(colour, "flow", images=1000)
    config = flow.make_network(colour).config
    assert (flow.images, flow.predicts, config.channels, config.classes) == (1000, "velocity", 3, 2)


def test_steps_round_up():
    assert recipes.get("digits", images=129, batch=128).steps == 2


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("imagenet",), {}, "the recipes are digits, mnist-small, mnist, cifar10"),
        (("digits", "gan"), {}, '"diffusion" or "flow"'),
        (("digits",), {"epochs": 3}, "a recipe has no epochs; it has name"),
    ],
)
def test_unknown_names(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        recipes.get(*arguments, **options)


def test_optimal_coupling_is_for_training_without_labels():
    with pytest.raises(ValueError, match="set condition_dropout=1; it is 0.1"):
        recipes.get("digits", "flow", coupling="optimal")
    recipe = recipes.get("digits", "flow", coupling="optimal", condition_dropout=1.0, images=640)
    *_, last = train(recipe, recipe.load_data(), device="cpu")
    assert last.step == 10


def test_large_images_get_fewer_so_that_a_core_still_ends_in_an_hour():
    for shape, images in (((3, 64, 64), 200_000), ((3, 16, 16), 800_000), ((1, 56, 56), 180_000), ((1, 8, 8), 150_000)):
        data = replace(empty(shape), card={"name": "photos"})
        assert recipes.for_data(data, gpu=False).images == images


def test_a_list_is_written_as_the_command_line_reads_it():
    for shares, text in (((0.05,), "0.05,"), ((0.05, 0.2), "0.05,0.2")):
        assert recipes.get("digits", other_shares=shares).command(0).endswith(f" --set other_shares={text}")


def test_the_command_says_every_change():
    line = "diffusion-lessons train digits --kind flow --seed 3 --set images=640 --set compile=none"
    recipe = recipes.get("digits", "flow", images=640, compile=None)
    assert recipe.command(3) == line
    narrow = replace(recipe, network=replace(recipe.network, widths=(8,)))
    assert narrow.command(3).startswith(f"{line}  # with network=UNetConfig(channels=1,")
    assert replace(recipe, name="my photos").command(0) == "diffusion-lessons train 'my photos' --kind flow --seed 0"


def test_without_being_told_the_machine_decides(monkeypatch):
    colour = replace(empty((3, 32, 32)), card={"name": "photos"})
    for kind, recipe in (("cpu", "cifar10-small"), ("cuda", "cifar10")):
        monkeypatch.setattr(recipes, "choose_device", lambda kind=kind: torch.device(kind))
        assert recipes.for_data(colour).network == recipes.get(recipe).network


WRONG = [
    *({"batch": value} for value in (0, -4, 16.0, True, "many")),
    *({"learning_rate": value} for value in (0, -1, math.nan, math.inf, "abc")),
    *({name: -1} for name in ("images", "warm_up", "weight_decay", "clip_norm", "ema_share", "condition_dropout")),
    *({"condition_dropout": 5}, {"smudged": 3}, {"other_shares": (0.1, 2.0)}, {"network": "unet"}, {"path": "cosine"}),
    *({"coupling": "optimum"}, {"flip": "no"}, {"compile": "maybe"}, {"times": "now"}, {"weighting": "heavy"}),
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_every_field_is_checked_by_its_type_and_range(wrong):
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} must be ") as error:
        recipes.get("digits", **wrong)
    assert "\n" not in str(error.value)


def test_what_is_predicted_and_when_suits_the_path():
    for wrong, message in (
        ({"predicts": "noise"}, "unknown prediction type 'noise'"),
        ({"predicts": "velocity"}, 'predicts="velocity" is for flow paths'),
        ({"times": "log_normal"}, "noise levels of a variance-exploding path"),
        ({"path": {"path": "spiral"}}, "unknown path 'spiral'"),
    ):
        with pytest.raises(ValueError, match=message):
            recipes.get("digits", **wrong)
    recipes.get("digits", path={"path": "variance_exploding"}, times="log_normal", predicts="x0")
    assert changed(recipes.get("digits"), {"other_shares": [0.05, 0.2]}).other_shares == (0.05, 0.2)

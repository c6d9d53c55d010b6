"""Plans: `load` takes them, they name their parent, and what does not belong together is refused."""

import json

import pytest
import torch

from diffusion_lessons import checkpoints, generate, load, schedules
from diffusion_lessons.benchmark.measure import fingerprint, measure
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.optimise.block_pruning import block_names, without_blocks
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.sampling import Settings
from tests.networks.small import awake, tiny

SETTINGS = Settings("ddim", 3, placed=(1000.0, 600.0, 200.0, 0.0))


@pytest.fixture
def parent(tmp_path):
    about = {"data": {"name": "digits"}, "evaluation": {"samples": 7}, "command": "train"}
    network, path = awake(tiny(widths=(16, 16))), schedules.cosine()
    names = ("a", "b", "c")
    return checkpoints.save(
        tmp_path / "small", network, path, "v", shape=(1, 8, 8), class_names=names, about=about
    ).with_suffix("")


def drawn(denoise):
    return generate(denoise, 2, labels=[0, 1], sampler="ddim", steps=4)[-1].x


def test_a_plan_is_loaded_as_a_checkpoint_is(parent, tmp_path):
    place, measured = tmp_path / "elsewhere" / "plan.json", {"faster": 1.5}
    file = plans.write(place, parent, Techniques(features=2), settings=SETTINGS, measured=measured)
    denoise, whole = load(file), load(parent)
    assert not torch.equal(drawn(denoise), drawn(whole)) and denoise.network.reused == 2
    card = denoise.card
    assert card["parent_sha256"] == whole.card["sha256"] != card["sha256"] and card["measured"] == {"faster": 1.5}
    assert "evaluation" not in card and card["data"] == {"name": "digits"} and card["name"] == "plan"
    assert card["parameters"] == whole.card["parameters"]
    assert plans.read(file).settings == SETTINGS


def test_a_plan_without_techniques_draws_its_parents_samples_bit_for_bit(parent, tmp_path):
    file = plans.write(tmp_path / "none.json", parent, Techniques())
    assert torch.equal(drawn(load(file)), drawn(load(parent)))
    assert load(file).card["parent"] == str(parent)


def test_rows_of_a_plan_say_what_was_done_and_belong_to_it(parent, tmp_path):
    one, two = (plans.write(tmp_path / f"{k}.json", parent, Techniques(features=k)) for k in (2, 3))
    row = measure(load(one), Settings("ddim", 2, batch=2), repeats=1)
    assert row.techniques == ("features every 2",) and row.parent_sha256 == load(parent).card["sha256"]
    assert row.checkpoint_sha256 == fingerprint(load(one)) != fingerprint(load(two))
    assert type(row).from_json(json.loads(json.dumps(row.to_json()))) == row


def test_weights_lie_beside_the_plan(parent, tmp_path):
    whole = load(parent)
    name = block_names(whole)[0]
    weights = {key: 0.5 * value for key, value in without_blocks(whole, [name]).network.state_dict().items()}
    techniques = Techniques(blocks=(name,), trained=100)
    file = plans.write(tmp_path / "pruned.json", parent, techniques, weights=weights)
    denoise = load(file)
    assert denoise.card["parameters"] < whole.card["parameters"]
    for key, value in denoise.network.state_dict().items():
        torch.testing.assert_close(value, weights[key], rtol=1e-3, atol=1e-4)
    tensors = file.with_suffix(".safetensors")
    tensors.write_bytes(tensors.read_bytes()[:-4])
    with pytest.raises(ValueError, match="cut short"):
        load(file)
    with pytest.raises(ValueError, match="need weights of their own"):
        plans.write(tmp_path / "without.json", parent, techniques)
    with pytest.raises(ValueError, match="do not change weights"):
        plans.write(tmp_path / "with.json", parent, Techniques(features=2), weights=weights)
    assert not (tmp_path / "with.json").exists()


def test_a_plan_overwrites_plans_alone(parent, tmp_path):
    """Under the name of a network it would take the network's card, and its weights."""
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(FileExistsError, match=r"small\.json is no plan, and writing one there would overwrite it"):
        plans.write(parent.with_suffix(".json"), parent, Techniques(features=2))
    parent.with_suffix(".json").rename(tmp_path / "kept")
    with pytest.raises(FileExistsError, match=r"small\.safetensors is no plan"):
        plans.check_place(parent.with_suffix(".json"))
    (tmp_path / "kept").rename(parent.with_suffix(".json"))
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    for techniques in (Techniques(features=2), Techniques(features=3)):
        file = plans.write(tmp_path / "plan.json", parent, techniques)
    assert plans.read(file).techniques == Techniques(features=3)


def test_another_network_than_the_plans_is_refused(parent, tmp_path):
    file = plans.write(tmp_path / "plan.json", parent, Techniques(features=2))
    network, path = tiny(widths=(16, 16), embedding=32), schedules.cosine()
    checkpoints.save(parent, network, path, "v", shape=(1, 8, 8), class_names=("a", "b", "c"))
    with pytest.raises(ValueError, match="make it again"):
        load(file)


def test_what_is_no_plan_is_refused_in_one_line(parent, tmp_path):
    with pytest.raises(FileNotFoundError, match="no plan"):
        load(tmp_path / "missing.json")
    with pytest.raises(ValueError, match=r"without \.json"):
        load(parent.with_suffix(".json"))
    with pytest.raises(ValueError, match=r"ends in \.json"):
        plans.write(tmp_path / "plan.txt", parent, Techniques())
    file = plans.write(tmp_path / "plan.json", parent, Techniques(features=2))
    content = json.loads(file.read_text())
    for damaged in ({"plan": {"speed": 3}}, {"plan": {"int8": True, "features": 2}}, {"settings": {"sampler": "none"}}):
        file.write_text(json.dumps({**content, **damaged}))
        with pytest.raises(ValueError, match="damaged or for another version"):
            load(file)


def test_compiling_what_cannot_be_compiled_is_refused(parent, tmp_path):
    file = plans.write(tmp_path / "plan.json", parent, Techniques(features=2))
    with pytest.raises(ValueError, match="features every 2"):
        load(file, compile=True)
    assert load(plans.write(tmp_path / "fast.json", parent, Techniques(compile=True))).is_compiled

"""What is measured: the plain curve first, plans that are made once, and trained networks last."""

import pytest

from diffusion_lessons import load
from diffusion_lessons.benchmark.techniques import candidates as module
from diffusion_lessons.benchmark.techniques.candidates import (
    candidates,
    curve,
    grids_of,
    made_plan,
    remembered,
)
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.optimise import block_pruning
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.optimise.head_pruning import head_names
from diffusion_lessons.optimise.techniques import Techniques, apply
from tests.captions.small import save_system


@pytest.fixture(scope="module")
def denoise():
    return load("digits-diffusion")


def test_the_plain_curve_comes_first_and_nothing_is_done_to_its_network(denoise, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PLACING", 2)
    first = next(candidates("digits-diffusion", tmp_path, batch=7))
    assert first.source == "digits-diffusion" and {one.batch for one in first.settings} == {7}
    assert {str(one) for one in curve()} <= {str(one) for one in first.settings}
    assert {one.steps for one in first.settings if one.placed} == {5, 10}
    by_rule = {one.spacing for one in first.settings} - {one.spacing for one in curve()}
    assert by_rule == {"logsnr", "karras"}
    assert min(one.steps for one in curve()) == 2  # one evaluation draws no samples
    monkeypatch.setattr(module, "grids_of", None)  # the grids are kept
    assert next(candidates("digits-diffusion", tmp_path, batch=7)) == first
    assert [file.name for file in tmp_path.iterdir()] == ["digits-diffusion-grids.kept"]


def test_what_is_remembered_is_of_one_network(tmp_path):
    file, made = tmp_path / "blocks.kept", []

    def make():
        made.append(1)
        return ["a", "b"]

    for sha256 in ("one", "one", "two"):
        assert remembered(file, sha256, make) == ["a", "b"]
    assert len(made) == 2


def test_a_plan_is_made_once_and_anew_for_another_network_or_technique(denoise, tmp_path):
    said = []
    file = tmp_path / "plan.json"
    for techniques in (Techniques(features=2), Techniques(features=2), Techniques(features=3)):
        assert made_plan("digits-diffusion", denoise, file, techniques, said.append) == str(file)
        assert plans.read(file).techniques == techniques
        before = file.read_bytes()
    made_plan("digits-diffusion", denoise, file, Techniques(features=3), said.append)
    assert file.read_bytes() == before and said == []


def test_steps_are_placed_on_the_fine_grid_from_one_end_to_the_other(denoise, monkeypatch):
    monkeypatch.setattr(module, "PLACING", 2)
    grids = grids_of(denoise, [3, 5])
    fine = denoise.path.grid(100)
    for steps, grid in grids.items():
        assert len(grid) == steps + 1 and grid[0] == fine[0] and grid[-1] == 0 and set(grid) <= set(fine)


def pruned_weights(denoise, done):
    return dict(network_of(apply(denoise, Techniques(blocks=done.blocks, heads=done.heads))).state_dict())


def test_a_network_told_in_words_has_heads_to_cut_and_to_train_on_without(tmp_path, monkeypatch):
    said, system = [], str(save_system(tmp_path))
    for name in ("PLACING", "FEWER"):
        monkeypatch.setattr(module, name, 2)
    monkeypatch.setattr(module, "why_no_bfloat16", lambda device: "")
    monkeypatch.setattr(block_pruning, "LEVELS", 1)
    monkeypatch.setattr(module, "weights_of", lambda denoise, done, say, data: pruned_weights(denoise, done))
    monkeypatch.setattr(module, "small_from_the_start", lambda *arguments: system)
    monkeypatch.setattr(module, "images_in_the_time_of", lambda *arguments: 64)
    found = list(candidates(system, tmp_path, progress=said.append))
    whole = len(head_names(load(system)))
    cut = [whole - len(head_names(load(one.source))) for one in found if "-heads" in one.source]
    assert cut == 2 * [whole // 4]  # before, and after it was trained on
    guided = {one.scale for candidate in found for one in candidate.settings if one.guided}
    assert guided == {module.TOLD}
    left_out = [words.split(":")[0] for words in said if words.startswith("left out")]
    assert left_out == [f"left out, {what}" for what in ("int8", "ONNX Runtime", "compiling", "fewer channels")]
    assert all(load(one.source) for one in found)

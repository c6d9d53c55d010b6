"""What the benchmarks measure with is right: bytes counted exactly, operations put where they belong."""

import pandas as pd
import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from benchmarks import choices, page
from benchmarks.memory import peak_bytes
from benchmarks.profile_step import REST, part, scopes
from diffusion_lessons.training import loop
from diffusion_lessons.training.recipes import Recipe, get


def test_the_peak_is_what_was_held_together():
    def work():
        first, second = torch.empty(1000, 1000), torch.empty(500, 1000)
        del first, second
        return torch.empty(250, 1000)

    work()
    assert peak_bytes(work) == 4_000_000 + 2_000_000


def test_operations_are_found_by_kind_and_direction():
    convolution, x = torch.nn.Conv2d(8, 8, 3), torch.randn(2, 8, 8, 8, requires_grad=True)
    optimizer = torch.optim.AdamW(convolution.parameters())
    with profile(activities=[ProfilerActivity.CPU]) as recorded, scopes():
        h = F.group_norm(convolution(x), 2)
        F.silu(h).bfloat16().sum().backward()
        optimizer.step()
    found = {part(event) for event in recorded.events()}
    both = {(kind, way) for kind in ("convolutions", "group normalisation", "SiLU") for way in ("forward", "backward")}
    assert both | {("casts between precisions", "forward"), ("optimiser", ""), (REST, "backward")} <= found
    assert not {kind for kind, _ in found} & {"attention", "linear layers"}
    update = torch.optim.AdamW.step
    with scopes():
        assert torch.optim.AdamW.step is not update
    assert torch.optim.AdamW.step is update and loop.draw_batch.__name__ == "draw_batch"


def test_choices_differ_only_in_what_they_compare():
    for name, changes in choices.CHOICES.items():
        recipe = get("digits", **changes)
        assert isinstance(recipe, Recipe) and recipe.images == get("digits").images
        assert set(changes) <= {"path", "predicts", "times", "kind"}, name
        assert name.split("/")[0] == recipe.predicts and recipe.make_path().T in (1, 1000)


def test_the_table_of_choices_puts_the_nearest_to_the_floor_first():
    row = {
        "images": 64,
        "samples": 10,
        "floor": 1.0,
        "adherence at 1": 0.5,
        "adherence at 2": 0.75,
        "frechet at 2": 4.0,
    }
    runs = [("a", 0, 5.0), ("a", 1, 7.0), ("b", 0, 2.0)]
    rows = pd.DataFrame([{"choice": c, "seed": s, "frechet at 1": f, **row} for c, s, f in runs])
    shown = choices.table(rows)
    assert list(shown.index) == ["b", "a"] and list(shown["seeds"]) == [1, 2]
    assert shown.loc["a", "frechet - floor at 1"] == "5.00 ± 1.41"
    assert shown.loc["b", "adherence at 2"] == "75.00"  # one run has no spread


def test_a_table_replaces_the_last_one_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "page.md"
    file.write_text("before\n<!-- measured on a -->\nold\n<!-- end of a -->\nafter\n")
    monkeypatch.setattr(page, "PAGE", file)
    page.write(["one", "two"], "a")
    page.write(["one", "three"], "a")
    assert file.read_text() == "before\n<!-- measured on a -->\none\nthree\n<!-- end of a -->\nafter\n"

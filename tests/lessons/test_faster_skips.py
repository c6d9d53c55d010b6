"""Lesson 12 on a machine without VNNI, bfloat16, compiler and torchao: it runs, and says what it skipped and why."""

import importlib.util
import shutil

import pytest
import torch
from lesson_files import SOURCES, read_source
from lesson_hygiene import code

from diffusion_lessons import figures

CELLS = [cell.source for _, cell in code(read_source(SOURCES / "12_faster.py"))]


@pytest.fixture
def poor_machine(monkeypatch):
    """Without instructions, compiler and quantiser; nothing is timed, and photographs are drawn in float32 alone."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in ("torchao", "onnx") else find(name, *more)
    )
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)


def cells_with(*words):
    found = [source for source in CELLS if any(word in source for word in words)]
    assert len(found) == len(words)
    return found


def test_what_the_machine_lacks_is_skipped_and_said(poor_machine, monkeypatch, capsys):
    drawn = {}
    monkeypatch.setattr(
        figures, "speed_ups_figure", lambda found, skipped, elsewhere: drawn.update(found=found, skipped=skipped)
    )
    names = {"digits": range(10), "SOLVER": "dpm_solver_pp_2m"}
    for source in (CELLS[0], *cells_with("on_this_machine", "for kept in", "drawers = [")):
        exec(source.replace("show(", "print("), names)
    assert capsys.readouterr().out.count("skipped: torchao is not installed: pip install") == 2
    assert len(names["drawers"]) == len(names["drawn"]) == 1
    assert drawn["found"] == {} and drawn["skipped"].keys() == {"bfloat16", "compiled", "int8", "ONNX int8"}
    assert "C++ compiler" in drawn["skipped"]["compiled"] and "torchao" in drawn["skipped"]["int8"]


def test_no_other_cell_needs_what_a_machine_may_lack():
    """Whatever compiles, or needs an optional library, stands behind a question for it."""
    needy = ("compile=True", "torchao", "torch_pruning", "prune_channels(", "onnx")
    assert not [source for source in CELLS if any(word in source for word in needy)]
    assert all("why_no_int8" in source for source in CELLS if "to_int8(" in source)

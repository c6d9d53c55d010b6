"""What this machine has is timed; what it lacks is skipped, with a reason that says what would help."""

from dataclasses import replace

import pytest

from diffusion_lessons.benchmark.techniques import this_machine
from diffusion_lessons.benchmark.techniques.this_machine import in_the_table, on_this_machine
from diffusion_lessons.machine import devices
from diffusion_lessons.sampling import Settings
from tests.benchmark.techniques.made_techniques import techniques

TWO_STEPS = Settings("ddim", 2)


def test_half_precision_is_timed_in_each_batch_and_compiling_is_asked_for(monkeypatch):
    monkeypatch.setattr(this_machine, "why_no_bfloat16", lambda device: "")
    here = on_this_machine("digits-diffusion", TWO_STEPS, batches=(1, 2), rounds=2)
    assert here.found["bfloat16"].keys() == {1, 2} and here.found.keys() == {"bfloat16", "autocast alone"}
    assert all(0 < one.low <= one.value <= one.high for one in here.found["bfloat16"].values())
    assert here.skipped.keys() == {"compiled", "int8", "ONNX int8"}


def test_a_machine_without_anything_skips_all_of_it_and_says_why(monkeypatch):
    monkeypatch.setattr(devices, "half_precision", lambda device: None)
    monkeypatch.setattr(this_machine, "why_not_compiled", lambda device: "there is no C++ compiler")
    monkeypatch.setattr(this_machine, "why_no_onnx", lambda device: "onnx not installed")
    monkeypatch.setattr(this_machine, "why_no_int8", lambda device: "this CPU has no instruction for 8-bit products")
    here = on_this_machine("digits-diffusion", TWO_STEPS, compile=True)
    assert here.found == {} and here.skipped.keys() == {"bfloat16", "compiled", "int8", "ONNX int8"}
    assert "no bfloat16 products" in here.skipped["bfloat16"] and "compiler" in here.skipped["compiled"]


def test_with_time_to_compile_everything_that_is_there_is_timed(monkeypatch):
    """Loading and rounding stand for what takes minutes."""
    plain = this_machine.load
    monkeypatch.setattr(devices, "half_precision", lambda device: None)
    for name in ("why_not_compiled", "why_no_int8", "why_no_onnx"):
        monkeypatch.setattr(this_machine, name, lambda device: "")
    monkeypatch.setattr(this_machine, "load", lambda name, device, compile=False: plain(name, device))
    monkeypatch.setattr(this_machine, "to_int8", lambda denoise: denoise)
    monkeypatch.setattr(this_machine, "to_onnx", lambda denoise, int8: denoise)
    here = on_this_machine("digits-diffusion", TWO_STEPS, batches=(1,), rounds=2, compile=True)
    assert here.found.keys() == {"compiled", "int8", "ONNX int8"} and here.skipped.keys() == {"bfloat16"}


def test_one_round_is_no_comparison(monkeypatch):
    monkeypatch.setattr(this_machine, "why_no_bfloat16", lambda device: "")
    with pytest.raises(ValueError, match="two rounds"):
        on_this_machine("digits-diffusion", TWO_STEPS, rounds=1)


def test_the_table_says_the_same_of_the_machine_on_which_it_was_measured(monkeypatch):
    rows = [replace(row, seconds=(row.seconds_per_image or 0,) * 2) for row in techniques()]
    monkeypatch.setattr(this_machine, "shipped_techniques", lambda name: rows)
    settings = Settings("ddim", 5)
    found = in_the_table("digits-diffusion", settings)
    assert found.keys() == {"int8"} and found["int8"].keys() == {1, 25}  # "compiled" is there in two steps only
    assert found["int8"][25].value == pytest.approx(10 / 4.5)

"""When compiling pays, by hand; and what it takes, read for the network that it was measured on."""

import json
import math

import pytest
import torch

from diffusion_lessons import load
from diffusion_lessons.benchmark.techniques import compiling
from diffusion_lessons.benchmark.techniques.compiling import making_seconds, passes_until_it_pays, shipped_making
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places

NAME = "digits-diffusion"


def test_the_time_saved_is_then_the_time_that_it_took():
    passes = passes_until_it_pays(making=40.0, plain=0.05, quick=0.03)
    assert passes == pytest.approx(2000)
    assert 40.0 + passes * 0.03 == pytest.approx(passes * 0.05)
    assert passes_until_it_pays(40.0, 0.03, 0.03) == math.inf == passes_until_it_pays(40.0, 0.03, 0.05)


def test_making_is_the_first_answer_less_the_second(monkeypatch):
    """Of a clock that shows 10 s at the start, 40 s after the first answer and 43 s after the second."""
    clock, seen, parent = iter([10.0, 40.0, 43.0]), [], load(NAME)

    def quick(x, t):
        seen.append((tuple(x.shape), t))
        return parent(x, t)

    monkeypatch.setattr(compiling, "_seconds", lambda: next(clock))
    monkeypatch.setattr(compiling, "to_int8", lambda denoise: quick)
    assert making_seconds(NAME, "int8", 3) == pytest.approx(30 - 3)
    assert seen == [((3, 1, 8, 8), 500.0)] * 2


def test_the_file_is_of_one_network(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m diffusion_lessons\.benchmark\.techniques\.compiling"):
        shipped_making(NAME)
    monkeypatch.setattr(compiling, "why_no_int8", lambda device: "")
    monkeypatch.setattr(compiling, "why_not_compiled", lambda device: "no compiler")
    monkeypatch.setattr(compiling, "making_seconds", lambda name, program, batch: 30.04 + batch)
    threads, file = torch.get_num_threads(), compiling.making_file(NAME)
    file.parent.mkdir()
    compiling.measure_making(NAME, file)
    torch.set_num_threads(threads)
    assert shipped_making(NAME) == {"int8": {1: 31.0, 25: 55.0}}
    assert json.loads(file.read_text())["checkpoint_sha256"] == cards.read_card(NAME)["sha256"]
    file.write_text(file.read_text().replace(cards.read_card(NAME)["sha256"], "another"))
    with pytest.raises(ValueError, match="another digits-diffusion"):
        shipped_making(NAME)

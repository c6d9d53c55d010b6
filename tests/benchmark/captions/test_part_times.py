"""Parts add up to the whole, and the cache spares what it says."""

import itertools

import pytest

from diffusion_lessons.benchmark import measure
from diffusion_lessons.benchmark.captions import part_times
from diffusion_lessons.benchmark.captions.part_times import PartTimes, time_table, times_of_parts
from diffusion_lessons.captions.drawing import TEN_STEPS
from tests.captions.small import small_denoiser

THREE = TEN_STEPS.changed(steps=3)


def test_parts_add_up_and_sentences_are_counted():
    denoise = small_denoiser()
    cached, uncached = (times_of_parts(denoise, THREE, count=2, rounds=1, cache=cache) for cache in (True, False))
    for times in (cached, uncached):
        assert times.text + times.denoiser + times.decoder + times.rest == pytest.approx(times.whole)
        assert min(times[:3]) > 0 and times.share("denoiser") == times.denoiser / times.whole
    assert cached.sentences == 2  # the prompt and the empty sentence
    assert uncached.sentences == 3 * 2 * 2  # steps, passes, pictures
    assert denoise.text.keep and not denoise.text.known


def test_shares_of_medians_add_up_to_one(monkeypatch):
    """The median of a sum is not the sum of medians."""
    rounds = iter([(9, 9, 9, 9), (0.1, 6, 1, 1), (0.3, 5, 2, 1), (0.2, 9, 3, 1)])  # the first does not count
    monkeypatch.setattr(
        part_times, "_round", lambda *_: PartTimes(*(parts := next(rounds)), whole=sum(parts), sentences=2)
    )
    times = times_of_parts(small_denoiser(), rounds=3)
    assert times.text + times.denoiser + times.decoder + times.rest != times.whole
    assert sum(times.share(part) for part in ("text", "denoiser", "decoder", "rest")) == pytest.approx(1)


def test_the_table_has_a_row_for_every_number_of_steps_with_and_without():
    table = time_table(small_denoiser(), (1, 2), count=1, rounds=1)
    assert list(table) == [
        "1 step, cached",
        "1 step, read at every step",
        "2 steps, cached",
        "2 steps, read at every step",
    ]
    for row in table.values():
        assert sum(row[part] for part in ("text", "denoiser", "decoder", "rest")) == pytest.approx(1, abs=1e-3)


def test_with_and_without_the_cache_are_timed_in_turn(monkeypatch):
    """On a machine that becomes slower and slower, neither of the two looks slower than the other by that alone."""
    order = []

    def slower(denoise, settings, count, cache, *_):
        order.append(cache)
        return PartTimes(0, 1, 0, 0, whole=float(len(order)), sentences=2)

    monkeypatch.setattr(part_times, "_round", slower)
    table = time_table(small_denoiser(), (1,), rounds=4)
    assert order[:4] == [False, True, True, False] and len(order) == 10
    cached, uncached = table["1 step, cached"], table["1 step, read at every step"]
    assert cached["seconds"] == uncached["seconds"] == 6.5
    assert (cached["seconds low"], cached["seconds high"]) == (3, 10)


def test_the_clock_that_is_read_is_the_one_asked_for(monkeypatch):
    """By a clock that goes on by one each time it is read, a call takes one: three passes are three."""
    ticks = itertools.count()
    monkeypatch.setitem(measure.CLOCKS, "processor", lambda: float(next(ticks)))
    times = times_of_parts(small_denoiser(), THREE, count=2, rounds=1, clock="processor")
    assert (times.denoiser, times.decoder, times.whole % 1) == (3.0, 1.0, 0.0)
    assert times_of_parts(small_denoiser(), THREE, count=2, rounds=1).denoiser % 1 > 0

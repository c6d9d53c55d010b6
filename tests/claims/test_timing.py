"""Interleaved calls: every round holds each once, the first is not counted, and the network is timed beside them."""

import pytest
import torch

from claims import timing
from claims.numbers import by_name
from claims.timing import PASSES, Timed, beside_passes, interleaved, passes, sampling
from diffusion_lessons.sampling import Settings


def test_calls_take_turns_in_both_directions():
    calls: list[str] = []
    threads = torch.get_num_threads()
    seconds = interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, 3)
    assert "".join(calls) == "abbaabba"
    assert [len(found) for found in seconds.values()] == [3, 3] and torch.get_num_threads() == threads


def test_threads_come_back_after_a_fault():
    threads = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        interleaved({"bad": lambda: 1 / 0}, 1)
    assert torch.get_num_threads() == threads


def test_a_call_draws_a_batch():
    assert sampling("digits-diffusion", Settings("ddim", 1), 2)() is None


def test_what_a_sampler_takes_beyond_its_evaluations_is_seen():
    """Evaluations of 2 s a batch, and in the fast one half as much again for something else, in rounds that drift."""
    drift = (1.0, 3.0, 2.0)
    slow = Timed([200 * one for one in drift], [200 * one for one in drift])
    fast = Timed([30 * one for one in drift], [20 * one for one in drift])
    numbers = by_name([*fast.faster("fast", slow), *fast.numbers("fast", 4), *slow.numbers("slow", 4)])
    assert numbers["fast: times faster"].value == pytest.approx(200 / 30)
    assert numbers["fast: times faster, by evaluations times their cost"].value == pytest.approx(10)
    assert numbers["fast: seconds an image"].value == pytest.approx(15)
    assert numbers["fast: evaluations times their cost, seconds an image"].value == pytest.approx(10)
    beyond = [numbers[f"{name}: seconds over evaluations times their cost"] for name in ("fast", "slow")]
    assert [one.value for one in beyond] == pytest.approx([1.5, 1.0]) and beyond[0].error == pytest.approx(0, abs=1e-12)


def test_evaluations_are_as_many_as_there_are_steps_times_one_that_is_timed(monkeypatch):
    took = {"five": 7.0, "ten": 14.0, "five, alone": PASSES * 1.5, "ten, alone": PASSES * 1.2}
    monkeypatch.setattr(timing, "interleaved", lambda calls, rounds: {name: [took[name]] * rounds for name in calls})
    settings = {"five": Settings("ddim", 5), "ten": Settings("ddim", 10, scale=3.0)}
    found = beside_passes("digits-diffusion", settings, 2, 3)
    assert found["five"] == ([7.0] * 3, pytest.approx([7.5] * 3))
    assert found["ten"] == ([14.0] * 3, pytest.approx([12.0] * 3))


@pytest.mark.parametrize(("scale", "images"), [(1.0, 2), (3.0, 4)])
def test_the_network_alone_is_given_what_a_step_gives_it(scale, images, monkeypatch):
    """The same batch as inside the sampler, where guidance asks for both estimates in one pass."""
    given: list[int] = []
    load = timing.checkpoints.load

    def watched(name):
        denoise = load(name)
        denoise.network.register_forward_pre_hook(lambda module, inputs: given.append(len(inputs[0])))
        return denoise

    monkeypatch.setattr(timing.checkpoints, "load", watched)
    settings = Settings("ddim", 1, scale=scale)
    passes("digits-diffusion", settings, 2)()
    assert given == [images] * PASSES
    given.clear()
    sampling("digits-diffusion", settings, 2)()
    assert given == [images]

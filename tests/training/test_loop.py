"""The loop: it learns, reports, resumes exactly, saves on Ctrl-C, and says what is wrong before the first step."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.training import loop
from diffusion_lessons.training.loop import finish, learning_rate, train


def weights(record):
    return torch.cat([p.flatten() for p in record.run.ema.network.parameters()])


def last(records):
    *_, record = records
    return record


def test_lowers_the_loss_and_reports(tiny_recipe, tiny_data):
    records = list(train(tiny_recipe, tiny_data, device="cpu", every=5))
    assert [record.step for record in records] == [1, 5, 10, 15, 20]
    assert records[-1].loss < 0.9 * records[0].loss
    assert records[-1].images == 320 and records[-1].steps == 20
    assert records[-1].seconds_left == 0 < records[1].seconds_left
    assert all(record.images_per_second > 0 for record in records)
    assert records[0].seconds < records[-1].seconds


def test_the_record_samples_from_the_average(tiny_recipe, tiny_data):
    record = next(train(tiny_recipe, tiny_data, device="cpu"))
    denoise = record.denoiser()
    x0, eps = denoise(torch.randn(2, 1, 8, 8), 500.0, torch.tensor([0, 1]))
    assert x0.shape == eps.shape == (2, 1, 8, 8)
    assert denoise.classes == 2 and denoise.shape == (1, 8, 8)
    assert not x0.requires_grad


def test_same_seed_same_weights_and_the_callers_randomness_is_untouched(tiny_recipe, tiny_data):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one = last(train(tiny_recipe, tiny_data, device="cpu"))
    assert torch.equal(torch.rand(3), expected)
    torch.rand(99)
    two = last(train(tiny_recipe, tiny_data, device="cpu"))
    other = last(train(tiny_recipe, tiny_data, device="cpu", seed=1))
    assert torch.equal(weights(one), weights(two))
    assert not torch.equal(weights(one), weights(other))


def test_resuming_gives_the_weights_of_an_uninterrupted_run(tiny_recipe, tiny_data, tmp_path, capsys):
    whole = last(train(tiny_recipe, tiny_data, device="cpu", every=1))
    for record in train(tiny_recipe, tiny_data, tmp_path, device="cpu", every=1):
        if record.step == 7:
            break
    assert "stopped at step 7" in capsys.readouterr().err
    resumed = list(train(tiny_recipe, tiny_data, tmp_path, device="cpu", every=1, resume=True))
    assert resumed[0].step == 8 and resumed[0].seconds > record.seconds
    assert torch.equal(weights(resumed[-1]), weights(whole))


@pytest.mark.parametrize("stops", [(1,), (7, 8, 19)])
def test_dropout_follows_from_the_seed_so_that_interrupted_equals_straight(tiny_recipe, tiny_data, tmp_path, stops):
    recipe = replace(tiny_recipe, network=replace(tiny_recipe.network, dropout=0.5))
    whole = last(train(recipe, tiny_data, device="cpu", every=1))
    plain = last(train(tiny_recipe, tiny_data, device="cpu", every=1))
    assert not torch.equal(weights(whole), weights(plain))  # dropout does something
    for stop in stops:
        torch.rand(stop)  # what else the process draws
        for record in train(recipe, tiny_data, tmp_path, device="cpu", every=1, resume=True):
            if record.step == stop:
                break
    resumed = last(train(recipe, tiny_data, tmp_path, device="cpu", every=1, resume=True))
    assert torch.equal(weights(resumed), weights(whole))


def test_state_is_written_as_time_passes(tiny_recipe, tiny_data, tmp_path):
    records = train(tiny_recipe, tiny_data, tmp_path, device="cpu", every=1, save_every=0.0)
    next(records)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".state.pt.lock", loop.STATE]
    records.close()


def test_ctrl_c_waits_for_the_step_and_saves(tiny_recipe, tiny_data, tmp_path, capsys, monkeypatch):
    update = loop.Step.__call__

    def interrupted(step, rate):
        if step.run.step == 3:
            os.kill(os.getpid(), signal.SIGINT)  # arrives before weights and average of step 4 are changed
        return update(step, rate)

    monkeypatch.setattr(loop.Step, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(train(tiny_recipe, tiny_data, tmp_path, device="cpu"))
    assert "stopped at step 4; resume=True (--resume) goes on from" in capsys.readouterr().err
    monkeypatch.setattr(loop.Step, "__call__", update)
    resumed = last(train(tiny_recipe, tiny_data, tmp_path, device="cpu", resume=True))
    assert torch.equal(weights(resumed), weights(last(train(tiny_recipe, tiny_data, device="cpu"))))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_unfinished_run_is_not_overwritten(tiny_recipe, tiny_data, tmp_path):
    records = train(tiny_recipe, tiny_data, tmp_path, device="cpu")
    next(records)
    records.close()
    with pytest.raises(FileExistsError, match="resume=True"):
        train(tiny_recipe, tiny_data, tmp_path, device="cpu")
    with pytest.raises(ValueError, match="batch was 16 and is 32"):
        train(replace(tiny_recipe, batch=32), tiny_data, tmp_path, device="cpu", resume=True)


def test_finish_writes_the_checkpoint_and_drops_the_state(tiny_recipe, tiny_data, tmp_path):
    record = last(train(tiny_recipe, tiny_data, tmp_path, device="cpu", save_every=0.0, every=5))
    assert (tmp_path / loop.STATE).exists()
    file = finish(record, tmp_path, evaluation={"adherence": 0.5})
    assert sorted(f.name for f in tmp_path.iterdir()) == ["halves-diffusion.json", "halves-diffusion.safetensors"]
    denoise = checkpoints.load(file)
    assert denoise.classes == 2 and denoise.shape == (1, 8, 8)
    card = denoise.card
    assert card["images_seen"] == 320 and card["seed"] == 0 and card["data"]["licence"] == "none"
    assert card["command"] == "diffusion-lessons train tiny --seed 0"
    assert card["evaluation"] == {"adherence": 0.5}
    x, t = torch.randn(2, 1, 8, 8), 400.0
    mine, loaded = record.denoiser()(x, t), denoise(x, t)
    torch.testing.assert_close(loaded.x0, mine.x0, atol=5e-3, rtol=0)  # stored in half precision


def test_further_averages_are_kept_resumed_and_written(tiny_recipe, tiny_data, tmp_path):
    recipe = replace(tiny_recipe, other_shares=(0.02, 0.5))
    whole = last(train(recipe, tiny_data, device="cpu", every=1))
    for record in train(recipe, tiny_data, tmp_path, device="cpu", every=1):
        if record.step == 7:
            break
    resumed = last(train(recipe, tiny_data, tmp_path, device="cpu", every=1, resume=True))
    for share in (0.1, 0.02, 0.5):
        one, other = (
            torch.cat([p.flatten() for p in r.run.averages[share].network.parameters()]) for r in (whole, resumed)
        )
        assert torch.equal(one, other)
    assert finish(resumed, tmp_path).stem == "halves-diffusion"
    files = {file.stem: checkpoints.load(file).card["ema_share"] for file in tmp_path.glob("*.safetensors")}
    assert files == {"halves-diffusion": 0.1, "halves-diffusion-ema0.02": 0.02, "halves-diffusion-ema0.5": 0.5}


def test_minutes_end_the_run_with_the_learning_rate_at_zero(tiny_recipe, tiny_data):
    record = last(train(replace(tiny_recipe, images=10**9), tiny_data, device="cpu", minutes=0.02, every=3))
    assert record.step < 10**6
    assert record.learning_rate < 0.3 * tiny_recipe.learning_rate
    assert record.seconds_left == 0 and record.steps == record.step


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_state(tiny_recipe, tiny_data, tmp_path):
    with pytest.raises(FloatingPointError, match="learning rate"):
        list(train(replace(tiny_recipe, learning_rate=1e30), tiny_data, tmp_path, device="cpu", every=1))
    assert list(tmp_path.iterdir()) == []


def test_learning_rate_rises_and_falls():
    rates = [learning_rate(2.0, progress / 100, 0.1) for progress in range(101)]
    assert rates[0] == 0 and rates[5] == pytest.approx(1.0) and rates[10] == pytest.approx(2.0)
    assert rates[55] == pytest.approx(1.0) and rates[100] == pytest.approx(0.0)
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"every": 0}, "every"), ({"minutes": 0.0}, "minutes"), ({"device": "tpu"}, "the devices are cuda, mps, cpu")],
)
def test_bad_arguments_are_refused_at_the_call(tiny_recipe, tiny_data, options, message):
    with pytest.raises(ValueError, match=message):
        train(tiny_recipe, tiny_data, **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_that_is_not_there(tiny_recipe, tiny_data):
    with pytest.raises(ValueError, match="'cuda' was asked for, but this machine .* cpu"):
        train(tiny_recipe, tiny_data, device="cuda")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_step_reaches_whoever_would_have_had_it(number):
    arrived = []
    before = signal.signal(number, lambda number, _: arrived.append(number))
    try:
        with loop._interrupt_held_back():
            signal.raise_signal(number)
            assert not arrived
        assert arrived == [number]
        signal.signal(number, signal.SIG_IGN)  # as a shell starts what is put into the background
        with loop._interrupt_held_back():
            signal.raise_signal(number)
        assert arrived == [number]
    finally:
        signal.signal(number, before)


def test_the_rate_falls_to_the_end_however_short_a_run_is():
    assert learning_rate(1.0, 1.0, 1.0) == 1.0 and learning_rate(1.0, 0.5, 1.0) == 0.5
    assert learning_rate(1.0, 1.3, 0.1) == learning_rate(1.0, 1.0, 0.1) == 0.0

"""int8: known tensors exactly, errors below half a step, calibration of all levels, and kernels that do the same."""

import subprocess
import sys

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from diffusion_lessons.machine import devices
from diffusion_lessons.optimise import int8
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.optimise.feature_cache import reuse_features
from diffusion_lessons.optimise.int8 import (
    Example,
    calibration_run,
    check_levels,
    layer_names,
    quantise,
    to_int8,
    why_no_int8,
)
from diffusion_lessons.sampling import in_precision
from tests.captions.small import small_denoiser
from tests.optimise.small import images, small

T = 400.0
NUMBERS = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20)


def test_int8_of_a_known_tensor():
    weights = quantise(torch.tensor([-1.27, -0.5, 0.004, 0.006, 1.0]), symmetric=True)
    assert weights.step.item() == pytest.approx(0.01)
    assert weights.q.tolist() == [-127, -50, 0, 1, 100] and weights.zero.item() == 0
    activations = quantise(torch.tensor([-0.5, 0.0, 0.31, 2.05]))
    assert activations.step.item() == pytest.approx(0.01) and activations.zero.item() == 50
    assert activations.q.tolist() == [0, 50, 81, 255]
    assert torch.allclose(activations.values, torch.tensor([-0.5, 0.0, 0.31, 2.05]))


def test_a_step_for_each_channel_spares_small_channels():
    x = torch.tensor([[127.0, -3.0], [0.127, 0.05]])
    assert quantise(x, symmetric=True, channels=True).q.tolist() == [[127, -3], [127, 50]]
    assert quantise(x, symmetric=True).q.tolist() == [[127, -3], [0, 0]]


@given(NUMBERS, st.booleans(), st.sampled_from([2, 4, 8]))
def test_the_error_is_at_most_half_a_step(numbers, symmetric, bits):
    x = torch.tensor(numbers, dtype=torch.float64)
    found = quantise(x, symmetric=symmetric, bits=bits)
    # where the range does not begin at a whole number of steps, zero is rounded: half a step more at that end
    bound = 0.5 if symmetric else 1.0
    assert (found.values - x).abs().max() <= found.step.max() * bound + 1e-9
    inside = (found.q > found.low) & (found.q < found.high)
    assert ((found.values - x).abs()[inside] <= found.step.max() / 2 + 1e-9).all()
    assert found.q.min() >= found.low and found.q.max() <= found.high and (found.q == found.q.round()).all()


def test_zero_is_met_exactly_and_a_tensor_of_one_number_is_kept():
    for x in (torch.tensor([3.0, 7.0, 0.0]), torch.zeros(3), torch.tensor([-2.0, -1.0, 0.0])):
        values = quantise(x).values
        assert values[2] == 0
    with pytest.raises(ValueError, match="finite"):
        quantise(torch.tensor([1.0, float("nan")]))


def test_a_calibration_set_that_misses_noise_levels_is_refused_by_name():
    denoise = small()
    (x, labels), whole = images(), calibration_run(small(), samples=2)
    check_levels(denoise, whole)
    with pytest.raises(ValueError, match=r"misses noise levels: no example has t in \(0, 125\], t in \(125, 250\] "):
        check_levels(denoise, [example for example in whole if example.t > 250])
    with pytest.raises(ValueError, match=r"t in \(875, 1000\]"):
        check_levels(denoise, [Example(x, t, labels) for t in (100, 200, 300, 400, 600, 700, 800)])
    if int8.importlib.util.find_spec("torchao"):
        with pytest.raises(ValueError, match="misses noise levels"):
            to_int8(denoise, whole[:3], compile=False)


def test_the_calibration_run_is_ddims_and_asks_for_every_class_and_the_null():
    examples = calibration_run(small(), samples=8, steps=10)
    assert [example.t for example in examples] == list(small().path.grid(10)[:-1])
    assert set(examples[0].labels.tolist()) == {0, 1, 2, 3}
    assert torch.equal(examples[3].x, calibration_run(small(), samples=8, steps=10)[3].x)


@pytest.fixture(scope="module")
def rounded():
    """Nothing compiled: the same rounding in float32."""
    pytest.importorskip("torchao")
    denoise = small()
    return denoise, to_int8(denoise, calibration_run(denoise, samples=4), compile=False)


def test_int8_is_near_float32_in_any_batch_and_leaves_the_given_denoiser_alone(rounded):
    denoise, quick = rounded
    for count in (1, 3, 6):
        x, labels = images(count)
        near, exact = quick(x, T, labels).x0, denoise(x, T, labels).x0
        assert 0 < (near - exact).norm() < 0.1 * exact.norm()
    assert network_of(denoise).__class__.__name__ == "UNet" and not quick.is_compiled


def test_only_what_is_named_stays_in_float32(rounded):
    denoise, quick = rounded
    weights = {name: value for name, value in quick.network.network.state_dict().items() if value.dtype == torch.int8}
    assert len(weights) == len(layer_names(denoise)) - 2
    every = to_int8(denoise, calibration_run(denoise, samples=4), kept=layer_names(denoise), compile=False)
    x, labels = images()
    assert torch.allclose(every(x, T, labels).x0, denoise(x, T, labels).x0, atol=1e-5)


def test_what_int8_does_not_go_with_is_refused(rounded, monkeypatch):
    denoise, quick = rounded
    with pytest.raises(ValueError, match="in int8 already"):
        in_precision(quick, "bfloat16")
    with pytest.raises(ValueError, match="leave out kept features"):
        to_int8(reuse_features(denoise, 2), compile=False)
    with pytest.raises(ValueError, match="half precision and words"):
        to_int8(in_precision(denoise, "bfloat16"), compile=False)
    with pytest.raises(ValueError, match="TextToLatent"):
        to_int8(small_denoiser(), compile=False)
    with pytest.raises(ValueError, match="holds none"):
        reuse_features(quick, 2)
    with pytest.raises(ValueError, match="no layer 'middle'"):
        to_int8(denoise, kept=["middle"], compile=False)
    monkeypatch.setattr(devices.shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match=r"no C\+\+ compiler.*apt install g\+\+"):
        to_int8(denoise)


def test_the_remedy_is_named_where_int8_does_not_work(monkeypatch):
    assert "CPU" in why_no_int8(torch.device("cuda")) or "torchao" in why_no_int8(torch.device("cuda"))
    if int8.importlib.util.find_spec("torchao") and not devices.why_not_compiled(torch.device("cpu")):
        monkeypatch.setattr(int8, "has_int8_instructions", lambda: False)
        for half, cure in ((torch.bfloat16, "take bfloat16"), (None, "take ONNX Runtime's int8 (--int8 --onnx)")):
            monkeypatch.setattr(int8, "half_precision", lambda device, half=half: half)
            reason = why_no_int8()
            assert "no instruction for 8-bit products" in reason and reason.endswith(cure)
    monkeypatch.setattr(int8.importlib.util, "find_spec", lambda name: None)
    assert why_no_int8() == "torchao is not installed: pip install 'diffusion-lessons[optimise]'"


@pytest.mark.slow
def test_compiled_kernels_round_as_the_slow_arithmetic_does():
    if reason := why_no_int8():
        pytest.skip(reason)
    denoise = small(widths=(16,))
    examples = calibration_run(denoise, samples=4)
    quick, slow = to_int8(denoise, examples), to_int8(denoise, examples, compile=False)
    x, labels = images()
    assert quick.is_compiled
    exact = slow(x, T, labels).x0
    with torch.no_grad():  # as samplers call it: gradients decide what is compiled
        assert (quick(x, T, labels).x0 - exact).norm() < 0.02 * exact.norm()


def test_whoever_loads_a_checkpoint_does_not_wait_for_the_compiler():
    """Importing it takes as long as importing torch."""
    code = "import sys; from diffusion_lessons import load; sys.exit('torch._inductor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

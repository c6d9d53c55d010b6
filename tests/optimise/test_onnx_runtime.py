"""ONNX Runtime: the same answers in float32 and near ones in int8, in any batch; or the reason why not."""

import pytest
import torch

from diffusion_lessons import generate, load
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.optimise import onnx_runtime
from diffusion_lessons.optimise.feature_cache import reuse_features
from diffusion_lessons.optimise.int8 import calibration_run
from diffusion_lessons.optimise.onnx_runtime import export_onnx, to_onnx, why_no_onnx
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.sampling import in_precision
from tests.captions.small import small_denoiser
from tests.optimise.small import images, small

T = 400.0


@pytest.fixture(scope="module")
def exported():
    """A denoiser, the same by ONNX Runtime, and the same in its int8."""
    if reason := why_no_onnx():
        pytest.skip(reason)
    denoise = small(widths=(16,))
    return denoise, to_onnx(denoise), to_onnx(denoise, int8=True, examples=calibration_run(denoise, samples=8))


@pytest.mark.parametrize("count", [1, 3, 6])
def test_float32_is_the_same_and_int8_is_near_in_any_batch(exported, count):
    denoise, same, near = exported
    x, labels = images(count)
    whole = denoise(x, T, labels).x0
    torch.testing.assert_close(same(x, T, labels).x0, whole, atol=1e-4, rtol=1e-4)
    assert 0 < (near(x, T, labels).x0 - whole).norm() < 0.15 * whole.norm()


def test_a_sampler_takes_it_and_x_keeps_its_own_type(exported):
    denoise, same, _ = exported
    runs = [generate(one, 2, sampler="ddim", steps=3, labels=[1])[-1].x for one in (denoise, same)]
    torch.testing.assert_close(*runs, atol=1e-3, rtol=1e-3)
    x, labels = images(2)
    assert same(x.double(), T, labels).x0.dtype == torch.float64


def test_a_graph_is_written_for_other_programs_and_its_batch_is_free(exported, tmp_path):
    import onnxruntime

    denoise, _, _ = exported
    file = export_onnx(denoise, tmp_path / "small.onnx")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["x", "t", "condition"]
    assert session.get_inputs()[0].shape[1:] == [1, 8, 8] and isinstance(session.get_inputs()[0].shape[0], str)


def test_half_precision_and_kept_features_are_refused(exported):
    _, same, _ = exported
    with pytest.raises(ValueError, match="leave the precision at float32"):
        in_precision(same, "bfloat16")
    with pytest.raises(ValueError, match="holds none"):
        reuse_features(same, 2)


def test_what_it_is_not_made_for_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(onnx_runtime, "why_no_onnx", lambda device=None: "")
    with pytest.raises(ValueError, match="leave out kept features"):
        to_onnx(reuse_features(small(), 2))
    with pytest.raises(ValueError, match="and words"):
        to_onnx(small_denoiser())
    with pytest.raises(ValueError, match="no layer 'middle'"):
        to_onnx(small(), kept=["middle"])
    with pytest.raises(ValueError, match="misses noise levels"):
        to_onnx(small(), int8=True, examples=calibration_run(small(), samples=2)[:3])
    with pytest.raises(ValueError, match="ends in .onnx"):
        export_onnx(small(), tmp_path / "graph.bin")


def test_the_remedy_is_named_where_it_does_not_work(monkeypatch):
    monkeypatch.setattr(onnx_runtime.importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else name)
    assert why_no_onnx() == "onnxruntime not installed: pip install onnx onnxruntime onnxscript"
    with pytest.raises(ValueError, match="ONNX Runtime is not available here: onnxruntime not installed"):
        to_onnx(small())
    monkeypatch.setattr(onnx_runtime.importlib.util, "find_spec", lambda name: name)
    assert "load it on the CPU" in why_no_onnx(torch.device("cuda")) and why_no_onnx(torch.device("cpu")) == ""


@pytest.mark.slow
@pytest.mark.parametrize("int8", [False, True])
def test_a_plan_of_it_is_loaded_and_is_not_compiled_as_well(tmp_path, int8):
    if reason := why_no_onnx():
        pytest.skip(reason)
    file = plans.write(tmp_path / "plan.json", "digits-diffusion", Techniques(onnx=True, int8=int8))
    quick = load(file)
    assert generate(quick, 2, sampler="ddim", steps=2, labels=[3])[-1].x.isfinite().all()
    assert "ONNX Runtime" in quick.card["techniques"][-1] and quick.card["parent"] == "digits-diffusion"
    with pytest.raises(ValueError, match="compile"):
        load(file, compile=True)

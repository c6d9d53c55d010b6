"""Tables of samplers: they do what the samplers do, hold the published numbers, and need nothing of this package."""

import json

import numpy as np
import pytest
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.checkpoints import load
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.optimise.onnx_runtime import export_onnx, why_no_onnx
from diffusion_lessons.panels.questions import prediction
from diffusion_lessons.pipelines.coefficients import follow, linear_steps, write_steps

PATHS = (schedules.cosine(), schedules.ddpm_linear(), schedules.flow(), schedules.variance_exploding())
DETERMINISTIC = [s for s in samplers.ALL.values() if s.info.deterministic and s.info.stages is not None]


def bent(path):
    """A denoiser that is not linear, so that a wrong order of evaluations shows."""

    def denoise(x, t, condition=None):
        return Estimate.from_x0(x, torch.tanh(1.3 * x) + 0.1 * path.sigma(t), path, t)

    return denoise


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.card["path"])
@pytest.mark.parametrize("sampler", DETERMINISTIC, ids=lambda sampler: sampler.info.name)
def test_following_the_table_is_running_the_sampler(sampler, path):
    times = path.grid(6, "logsnr")
    x = path.prior((4, 3), torch.Generator().manual_seed(0), dtype=torch.float64)
    steps = linear_steps(sampler, path, times)
    assert len(steps) == sampler.info.nfe(times, path)
    torch.testing.assert_close(
        follow(steps, bent(path), x), samplers.sample(sampler, bent(path), x, path, times), rtol=1e-12, atol=1e-12
    )


def test_the_table_of_ddim_is_its_formula():
    path = schedules.cosine()
    times = path.grid(5)
    for step, t, s in zip(linear_steps(samplers.ddim, path, times), times[:-1], times[1:], strict=True):
        ratio = path.sigma(s) / path.sigma(t)
        assert step.t == t and step.keep == pytest.approx(ratio, abs=1e-14)
        assert step.clean == pytest.approx((path.alpha(s) - ratio * path.alpha(t),), abs=1e-14)


def test_the_multistep_method_looks_back_once_and_the_last_step_is_the_clean_sample():
    steps = linear_steps(samplers.dpm_solver_pp_2m, schedules.cosine(), schedules.cosine().grid(5))
    assert [len(step.clean) for step in steps] == [1, 2, 2, 2, 1]
    assert steps[-1].keep == 0 and steps[-1].clean == pytest.approx((1.0,))


def test_a_program_with_the_file_and_numpy_draws_the_same(tmp_path):
    path = schedules.cosine()
    steps = linear_steps(samplers.dpm_solver_pp_2m, path, path.grid(8))
    table = json.loads(write_steps(tmp_path / "steps.json", steps, "v", path).read_text())
    rng = np.random.default_rng(0)
    matrix, noise = rng.normal(size=(5, 5)) / 3, rng.normal(size=(4, 5))

    x, seen = noise, []
    for step in table["steps"]:
        v = np.tanh(x @ matrix) + step["t"] / 1000
        seen.insert(0, step["alpha"] * x - step["sigma"] * v)
        x = step["keep"] * x + sum(c * x0 for c, x0 in zip(step["clean"], seen, strict=False))

    def network(x, t, condition=None):
        v = torch.tanh(x @ torch.from_numpy(matrix)) + t / 1000
        return Estimate.from_v(x, v, path, t)

    ours = samplers.sample(samplers.dpm_solver_pp_2m, network, torch.from_numpy(noise), path, path.grid(8))
    np.testing.assert_allclose(x, ours.numpy(), atol=1e-12)


@pytest.mark.skipif(bool(why_no_onnx()), reason=why_no_onnx())
def test_a_graph_a_table_and_numpy_draw_the_digit_of_the_library(tmp_path):
    """The shipped network in ONNX Runtime, with nothing of this package in the loop."""
    import onnxruntime

    network = load("mnist-diffusion")
    path = network.path
    steps = linear_steps(samplers.dpm_solver_pp_2m, path, path.grid(8))
    table = json.loads(write_steps(tmp_path / "steps.json", steps, network.predicts, path).read_text())
    graph = export_onnx(network, tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    start = path.prior((2, *network.shape), torch.Generator().manual_seed(5))

    x, seen, labels = start.numpy(), [], np.array([7, 3])
    for step in table["steps"]:
        (v,) = session.run(None, {"x": x, "t": np.full(2, step["t"], dtype=np.float32), "condition": labels})
        seen.insert(0, step["alpha"] * x - step["sigma"] * v)
        x = step["keep"] * x + sum(c * x0 for c, x0 in zip(step["clean"], seen, strict=False))
        x = x.astype(np.float32)

    told = condition_on(network, torch.from_numpy(labels))
    ours = samplers.sample(samplers.dpm_solver_pp_2m, told, start, path, path.grid(8))
    assert np.abs(x - ours.numpy()).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("ddpm", {}, "adds fresh noise"),
        ("ddim", {"eta": 0.5}, "adds fresh noise"),
        ("dpm_solver_adaptive", {}, "chooses its own times"),
    ],
)
def test_what_has_no_table_says_why(name, options, words):
    path = schedules.cosine()
    with pytest.raises(ValueError, match=words):
        linear_steps(samplers.get(name), path, path.grid(4), **options)
    with pytest.raises(ValueError, match="runs upward"):
        linear_steps(samplers.ddim_inversion, path, path.grid(4))


def test_a_table_is_written_whole_or_not_at_all(tmp_path):
    path = schedules.flow()
    steps = linear_steps(samplers.euler, path, path.grid(2))
    with pytest.raises(ValueError, match="ends in .json"):
        write_steps(tmp_path / "steps.txt", steps, "velocity", path)
    with pytest.raises(ValueError, match="unknown prediction type"):
        write_steps(tmp_path / "steps.json", steps, "epsilon", path)
    assert not list(tmp_path.iterdir())


def test_heuns_table_in_eight_steps_has_under_a_hundred_numbers_all_told():
    """As the question of lesson 15 has it: keep and weights of x0_hat, and t, alpha and sigma of each look."""
    table = linear_steps(samplers.heun, PATHS[0], PATHS[0].grid(8))
    numbers = sum(4 + len(step.clean) for step in table)
    assert len(table) == 15 and 50 < numbers < 100
    question = prediction("15.linear")
    assert question.options[question.answer].startswith("under a hundred")

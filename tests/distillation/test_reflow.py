"""Reflow: exact in one step for a Gaussian, and its pairs are the same however often their making was interrupted."""

from dataclasses import replace

import pytest
import torch

from diffusion_lessons import checkpoints, samplers, schedules
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.distillation import reflow
from diffusion_lessons.distillation.reflow import ReflowRecipe, make_pairs
from diffusion_lessons.distillation.students import train_student
from diffusion_lessons.training import batches, loop
from diffusion_lessons.training.losses import loss

MEAN, STD = 0.4, 0.25
FLOW = schedules.flow()


def gaussian_velocity(x, t, condition=None):
    """u = eps_hat - x0_hat for pixels of N(MEAN, STD^2) on the flow path."""
    a, s = 1 - t.view(-1, 1, 1, 1), t.view(-1, 1, 1, 1)
    z = (x - a * MEAN) / ((a * STD) ** 2 + s**2)
    return s * z - (MEAN + a * STD**2 * z)


def after_reflow(x, t, condition=None):
    """The velocity of pairs (eps, MEAN + STD eps): x_t tells eps, and eps - x0 is the same all along the line."""
    a, s = 1 - t.view(-1, 1, 1, 1), t.view(-1, 1, 1, 1)
    eps = (x - a * MEAN) / (a * STD + s)
    return eps - (MEAN + STD * eps)


@pytest.fixture
def gaussian():
    return Denoiser(gaussian_velocity, FLOW, "velocity", classes=2, shape=(1, 8, 8))


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(reflow, "CHUNK", 8)


def test_pairs_are_the_ends_of_the_exact_ode(gaussian, tiny_data, few):
    pairs = make_pairs(gaussian, tiny_data, 20, steps=60)
    assert len(pairs) == 20 and pairs.shape == (1, 8, 8) and pairs.eps.dtype == pairs.x0.dtype == torch.float16
    expected = MEAN + STD * pairs.eps.float()
    assert (pairs.x0.float() - expected).abs().max() < 0.01
    coarse = make_pairs(gaussian, tiny_data, 20, sampler="ddim", steps=4)
    assert torch.equal(coarse.eps, pairs.eps) and (coarse.x0.float() - expected).abs().max() > 0.05


def test_reflow_of_a_gaussian_is_exact_in_one_step(gaussian):
    eps = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x0, t = MEAN + STD * eps, torch.linspace(0.01, 1, 64, dtype=torch.float64)
    assert loss(after_reflow, x0, eps, t, FLOW, "velocity") < 1e-12  # the pairs leave nothing to average over
    assert loss(gaussian_velocity, x0, eps, t, FLOW, "velocity") > 1e-2
    student = Denoiser(after_reflow, FLOW, "velocity", shape=(1, 8, 8))
    one = samplers.sample(samplers.euler, student, eps, FLOW, FLOW.grid(1))
    torch.testing.assert_close(one, x0, rtol=0, atol=1e-12)


def test_one_step_of_the_first_flow_returns_the_mean(gaussian):
    eps = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one = samplers.sample(samplers.euler, gaussian, eps, FLOW, FLOW.grid(1))
    torch.testing.assert_close(one, torch.full_like(one, MEAN), rtol=0, atol=1e-12)


def test_interrupted_pairs_go_on_and_are_those_of_an_unbroken_call(teacher_file, tiny_data, tmp_path, few, monkeypatch):
    teacher = checkpoints.load(teacher_file("velocity"))
    whole = make_pairs(teacher, tiny_data, 20, steps=2)
    folder, make, made = tmp_path / "pairs", reflow._make, []

    def interrupted(teacher, data, number, **origin):
        if number == 2 and len(made) == 2:
            made.append("stopped")
            raise KeyboardInterrupt
        made.append(number)
        return make(teacher, data, number, **origin)

    monkeypatch.setattr(reflow, "_make", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_pairs(teacher, tiny_data, 20, folder, steps=2)
    resumed = make_pairs(teacher, tiny_data, 20, folder, steps=2)
    assert made == [0, 1, "stopped", 2]
    for name in ("eps", "x0", "labels"):
        assert torch.equal(getattr(resumed, name), getattr(whole, name)), name
    assert len(make_pairs(teacher, tiny_data, 12, folder, steps=2)) == 12 and len(made) == 4
    with pytest.raises(ValueError, match=r"holds other pairs: steps was 2 and is 3. Delete that folder"):
        make_pairs(teacher, tiny_data, 20, folder, steps=3)


def test_the_null_class_has_its_share_and_pairs_of_its_own(teacher_file, tiny_data):
    teacher = checkpoints.load(teacher_file("velocity"))
    pairs = make_pairs(teacher, tiny_data, 400, sampler="ddim", steps=2, dropout=0.25)
    null = pairs.labels == 2
    assert 0.15 < null.float().mean() < 0.35
    eps = pairs.eps[null].float()
    alone = samplers.sample(samplers.ddim, teacher, eps, FLOW, FLOW.grid(2))
    torch.testing.assert_close(pairs.x0[null].float(), alone, rtol=2e-3, atol=2e-3)


def test_batches_keep_noise_sample_and_condition_together(gaussian, tiny_data, few):
    pairs = make_pairs(gaussian, tiny_data, 16, steps=2, dropout=0.3)
    batch = batches.draw_batch(pairs, 16, seed=0, step=0, condition_dropout=0.9)
    order = batches.epoch_indices(16, 16, 0, 0)
    assert torch.equal(batch.eps, pairs.eps[order].float()) and torch.equal(batch.x0, pairs.x0[order].float())
    assert torch.equal(batch.condition, pairs.labels[order])


@pytest.mark.parametrize("one_step", [False, True])
def test_a_student_learns_and_resumes(teacher_file, tiny_data, tmp_path, few, one_step, capsys):
    recipe = ReflowRecipe(
        "student",
        "halves",
        images=20 * 16,
        batch=16,
        teacher=teacher_file("velocity"),
        pairs=32,
        solver_steps=4,
        one_step=one_step,
        only_these_steps=one_step,
        learning_rate=5e-3,
    )
    whole = list(train_student(recipe, tiny_data, device="cpu", every=1))
    tail = [sum(record.loss for record in part) for part in (whole[:5], whole[-5:])]
    assert tail[1] < 0.9 * tail[0]
    for record in train_student(recipe, tiny_data, tmp_path, device="cpu", every=1):
        if record.step == 7:
            break
    assert "stopped at step 7" in capsys.readouterr().err
    *_, resumed = train_student(recipe, tiny_data, tmp_path, device="cpu", every=1, resume=True)
    for one, other in zip(whole[-1].run.network.parameters(), resumed.run.network.parameters(), strict=True):
        assert torch.equal(one, other)
    student = checkpoints.load(loop.finish(resumed, tmp_path))
    assert student.times == ((1.0,) if one_step else None)
    assert student.card["data"]["pairs"]["count"] == 32


@pytest.mark.parametrize(
    ("predicts", "about", "changes", "message"),
    [
        ("v", {}, {}, "predicts v on cosine.*needs a teacher that predicts velocity.*--kind flow"),
        ("velocity", {"times": [1.0]}, {}, "has no ODE to make pairs from"),
        ("velocity", {}, {"flip": True}, "needs flip=False"),
        ("velocity", {}, {"pairs": 0}, "pairs must be a whole number from 1"),
    ],
)
def test_errors_say_what_to_do(teacher_file, tiny_data, predicts, about, changes, message):
    teacher = teacher_file(predicts, **about)
    with pytest.raises(ValueError, match=message):
        recipe = ReflowRecipe("student", "halves", images=16, teacher=teacher, **changes)
        next(train_student(recipe, tiny_data, device="cpu"))


def test_pairs_that_are_damaged_or_of_other_images_are_named(gaussian, tiny_data, tmp_path, few):
    make_pairs(gaussian, tiny_data, 8, tmp_path, steps=2)
    with pytest.raises(ValueError, match="holds other pairs: labels was"):
        make_pairs(gaussian, replace(tiny_data, labels=1 - tiny_data.labels), 8, tmp_path, steps=2)
    file = tmp_path / "00000.safetensors"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"cut short.*Or delete .*00000\.safetensors: the pairs are made again"):
        make_pairs(gaussian, tiny_data, 8, tmp_path, steps=2)
    file.unlink()
    assert len(make_pairs(gaussian, tiny_data, 8, tmp_path, steps=2)) == 8

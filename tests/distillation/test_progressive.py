"""Progressive distillation: one step of DDIM from the target ends where the teacher's two do, on any path."""

import pytest
import torch

from diffusion_lessons import checkpoints, samplers, schedules, toys
from diffusion_lessons.denoisers import Estimate
from diffusion_lessons.distillation.progressive import ProgressiveRecipe, halving, two_steps
from diffusion_lessons.distillation.students import train_student
from diffusion_lessons.samplers.ddim import ddim_step, x0_landing
from diffusion_lessons.training import loop

PATHS = [schedules.cosine(), schedules.ddpm_linear(), schedules.flow(), schedules.variance_exploding()]
DOUBLE = torch.float64


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.card["path"])
@pytest.mark.parametrize("first", [0, 2, 6])
def test_one_step_from_the_target_lands_on_the_teachers_two(path, first):
    teacher = toys.GaussianMixture([[-1.0, 0.5], [2.0, 0.0]], stds=[0.3, 0.6]).denoiser(path)
    t, middle, s = path.grid(8)[first : first + 3]
    x = path.sigma(t) * torch.randn(5, 2, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    walked = samplers.sample(samplers.ddim, teacher, x, path, (t, middle, s))
    rows = [torch.full((5,), time, dtype=DOUBLE) for time in (t, middle, s)]
    torch.testing.assert_close(two_steps(teacher, x, path, *rows), walked, rtol=1e-12, atol=1e-12)

    x0 = x0_landing(x, walked, path, t, s)
    eps = (x - path.alpha(t) * x0) / path.sigma(t)
    torch.testing.assert_close(ddim_step(Estimate(x0, eps), path, s), walked, rtol=1e-12, atol=1e-12)
    by_rows = x0_landing(x, walked, path, rows[0], rows[2])
    torch.testing.assert_close(by_rows, x0, rtol=1e-12, atol=1e-12)


def test_to_the_clean_end_the_target_is_where_the_teacher_arrives():
    x, landed = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    assert torch.equal(x0_landing(x, landed, schedules.cosine(), 500.0, 0.0), landed)


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_students_walk_every_other_time_of_their_teachers(steps):
    for path in PATHS:
        assert path.grid(2 * steps)[::2] == path.grid(steps)


def test_times_are_the_students_own_and_each_as_frequent(teacher_file, tiny_data):
    asked = []
    teacher = checkpoints.load(teacher_file("v"))

    def spy(x, t, condition):
        asked.append(t)
        return teacher(x, t, condition)

    recipe = ProgressiveRecipe("student", "halves", images=16, batch=16, sampling_steps=4).taught_by(teacher)
    list(loop.train(recipe, tiny_data, device="cpu", objective=halving(spy, 4)))
    first, second = asked
    assert sorted(first.tolist()) == [250.0] * 4 + [500.0] * 4 + [750.0] * 4 + [1000.0] * 4
    assert torch.equal(first - second, torch.full((16,), 125.0))


def test_a_student_learns_and_knows_its_steps(teacher_file, tiny_data, tmp_path):
    file = teacher_file("v")
    recipe = ProgressiveRecipe(
        "student", "halves", images=20 * 32, batch=32, teacher=file, sampling_steps=2, learning_rate=5e-3
    )
    records = list(train_student(recipe, tiny_data, tmp_path, device="cpu", every=5))
    assert records[-1].loss < 0.7 * records[0].loss
    student = checkpoints.load(loop.finish(records[-1], tmp_path))
    assert student.times == (1000.0, 500.0)
    about = student.card["distillation"]
    assert (about["method"], about["teacher"], about["steps"], about["guidance"]) == ("progressive", file, 2, "kept")
    assert about["teacher_sha256"] == checkpoints.load(file).card["sha256"]
    assert student.card["command"] == "diffusion-lessons distil student --seed 0"

    x, path = student.path.prior((2, 1, 8, 8), torch.Generator().manual_seed(0)), student.path
    assert torch.isfinite(samplers.sample(samplers.ddim, student, x, path, path.grid(2))).all()
    with pytest.raises(ValueError, match="trained for the steps 1000 -> 500 -> 0 and no others; asked for the 1 steps"):
        samplers.sample(samplers.ddim, student, x, path, path.grid(1))
    with pytest.raises(ValueError, match=r"t = 750 .* student for 1000, 500 only. Sample with steps=2"):
        student(x, 750.0)


@pytest.mark.parametrize(
    ("predicts", "about", "message"),
    [
        ("eps", {}, "predicts eps.*needs a teacher that predicts v, x0 or velocity"),
        ("v", {"times": [1000.0, 500.0]}, "a student of 2 steps needs a teacher of 4; .* was trained for 2"),
    ],
)
def test_teachers_that_cannot_teach_this(teacher_file, tiny_data, predicts, about, message):
    recipe = ProgressiveRecipe(
        "student", "halves", images=32, teacher=teacher_file(predicts, **about), sampling_steps=2
    )
    with pytest.raises(ValueError, match=message):
        train_student(recipe, tiny_data, device="cpu")

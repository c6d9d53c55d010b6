"""The students by name: teachers are found, missing ones are named with their command, and a run keeps its teacher."""

from dataclasses import replace

import pytest
import torch

from diffusion_lessons import checkpoints, load
from diffusion_lessons.distillation import reflow, students
from diffusion_lessons.distillation.progressive import ProgressiveRecipe
from diffusion_lessons.distillation.students import load_teacher, student_recipe, train_student
from diffusion_lessons.training import recipes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", students.names())
def test_every_student_has_a_teacher_that_ships_or_comes_before(name):
    student, order = student_recipe(name), students.names()
    assert student.checkpoint == student.name == name
    assert student.teacher in checkpoints.names() or order.index(student.teacher) < order.index(name)
    base = recipes.get({"mnist": "mnist-small", "cifar10": "cifar10-small"}.get(student.data, student.data))
    assert (student.smudged, student.flip, student.condition_dropout) == (base.smudged, base.flip, 0.1)
    assert student.batch == 64  # of a CPU core, which cannot make steps enough of larger ones
    assert student.learning_rate < base.learning_rate


@pytest.mark.parametrize("name", ["digits-progressive-8", "digits-reflow"])
def test_the_digits_student_of_a_shipped_teacher_learns(name, monkeypatch):
    monkeypatch.setattr(reflow, "CHUNK", 48)
    changes = {"pairs": 48, "solver_steps": 3} if "reflow" in name else {}
    recipe = student_recipe(name, images=20 * 16, batch=16, **changes)
    *_, last = records = list(train_student(recipe, device="cpu", every=1))
    losses = [record.loss for record in records]
    assert last.step == 20 and sum(losses[-5:]) < sum(losses[:5])
    assert last.run.recipe.teacher_sha256 == load(recipe.teacher).card["sha256"]


def test_a_student_begins_with_its_teachers_weights(teacher_file, tiny_data):
    file = teacher_file("v")
    recipe = ProgressiveRecipe("student", "halves", images=16, batch=16, teacher=file, learning_rate=1e-12)
    (record,) = train_student(recipe, tiny_data, device="cpu")
    for mine, its in zip(record.run.network.parameters(), load(file).network.parameters(), strict=True):
        torch.testing.assert_close(mine.detach(), its, rtol=0, atol=1e-9)


def test_a_run_does_not_go_on_with_another_teacher(teacher_file, tiny_data, tmp_path):
    recipe = ProgressiveRecipe("student", "halves", images=64, batch=16, teacher=teacher_file("v"))
    records = train_student(recipe, tiny_data, tmp_path / "run", device="cpu", every=1)
    next(records)
    records.close()
    network, path = load(recipe.teacher).network, load(recipe.teacher).path
    torch.nn.init.zeros_(next(network.parameters()))
    checkpoints.save(recipe.teacher, network, path, "v", shape=(1, 8, 8), class_names=("above", "below"))
    with pytest.raises(ValueError, match="belongs to another run: teacher_sha256 was"):
        next(train_student(recipe, tiny_data, tmp_path / "run", device="cpu", resume=True))


def test_ones_own_teacher_goes_before_the_shipped_one(teacher_file, tmp_path):
    own = tmp_path / "runs" / "digits-flow"
    own.mkdir(parents=True)
    for file in ("safetensors", "json"):
        made = teacher_file("velocity", name="digits-flow")
        (tmp_path / f"digits-flow.{file}").rename(own / f"digits-flow.{file}")
        assert made
    assert load_teacher("digits-flow").classes == 2


def test_errors_name_the_command_or_the_choice(teacher_file, tiny_data):
    with pytest.raises(FileNotFoundError, match="make it first with `diffusion-lessons distil digits-progressive-8`"):
        train_student(student_recipe("digits-progressive-4"))
    with pytest.raises(FileNotFoundError, match="no checkpoint 'nowhere/teacher'"):
        train_student(student_recipe("digits-reflow", teacher="nowhere/teacher"))
    with pytest.raises(ValueError, match="unknown student 'mnist-gan'; the students are mnist-reflow"):
        student_recipe("mnist-gan")
    with pytest.raises(ValueError, match="a recipe has no epochs; it has name"):
        student_recipe("mnist-reflow", epochs=3)
    recipe = ProgressiveRecipe("student", "halves", images=16, teacher=teacher_file("v"))
    other = replace(tiny_data, classes=("above", "below", "beside"))
    with pytest.raises(ValueError, match="in 2 classes; the images of student .* 3 classes"):
        train_student(recipe, other, device="cpu")

"""What every student's recipe asks of its method."""

import pytest

from diffusion_lessons.distillation.recipe import StudentRecipe
from diffusion_lessons.distillation.students import train_student


def test_a_method_must_say_what_its_students_learn(teacher_file, tiny_data):
    recipe = StudentRecipe("student", "halves", images=32, teacher=teacher_file("v"))
    with pytest.raises(NotImplementedError, match="does not say"):
        next(train_student(recipe, tiny_data, device="cpu"))

"""A function that passes its work on to the library is not right where that is not allowed."""

from diffusion_lessons.checks import check
from diffusion_lessons.guidance import scale_from_w


def test_students_are_told_which_function_an_answer_calls():
    result = check("scale_from_w", scale_from_w, without_library=True)
    assert not result.passed and "It calls diffusion_lessons.guidance.scales.scale_from_w" in result.text
    assert check("scale_from_w", scale_from_w).passed
    assert check("scale_from_w", lambda w: w + 1, without_library=True).passed

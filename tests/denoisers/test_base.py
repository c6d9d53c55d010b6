"""Wrappers are denoisers, and carry what they wrap."""

import copy

from diffusion_lessons import schedules
from diffusion_lessons.denoisers import Denoiser, clip, condition_on, count_calls


def test_wrappers_carry_what_they_wrap():
    path = schedules.cosine()
    inner = Denoiser(lambda x, t, c: x, path, classes=10, shape=(1, 8, 8), card={"a": 1})
    outer = count_calls(clip(condition_on(inner, 3)))
    assert (outer.path, outer.classes, outer.shape, outer.card) == (path, 10, (1, 8, 8), {"a": 1})
    assert outer.clipped and not hasattr(condition_on(inner, 3), "clipped")


def test_a_wrapper_can_be_copied():
    outer = condition_on(Denoiser(lambda x, t, c: x, schedules.cosine(), classes=10), 3)
    assert copy.deepcopy(outer).classes == 10 and copy.copy(outer).path == outer.path

"""The controls that panels share stand where they were put, and offer what there is."""

import pytest
from traitlets import TraitError

from diffusion_lessons import samplers
from diffusion_lessons.figures import style
from diffusion_lessons.panels.controls import choice_slider, decimal_slider, menu, sampler_menu, slider


def test_sliders_stand_at_their_value_and_keep_to_their_range():
    whole, decimal, few = (
        slider("steps", 5, 1, 9, 2),
        decimal_slider("eta", 0.5, 1.0, 0.25),
        choice_slider("n", [1, 4], 4),
    )
    assert (whole.value, whole.min, whole.max, whole.step, whole.continuous_update) == (5, 1, 9, 2, True)
    assert (decimal.value, decimal.min, decimal.max, decimal.continuous_update) == (0.5, 0.0, 1.0, False)
    assert few.value == 4 and list(few.options) == [1, 4]
    whole.value = 99
    assert whole.value == 9
    assert {one.layout.width for one in (whole, decimal, few)} == {"360px"}


def test_a_menu_stands_at_its_first_entry_unless_told():
    assert menu("path", ["flow", "cosine"]).value == "flow"
    assert menu("path", [("straight", 1), ("curved", 2)], 2).label == "curved"


def test_the_menu_of_samplers_holds_those_that_walk_a_given_grid():
    shown = sampler_menu("ddim")
    assert shown.value == "ddim" and dict(shown.options)[style.label("heun")] == "heun"
    offered = {name for _, name in shown.options}
    assert offered == {name for name, one in samplers.ALL.items() if one.info.stages is not None} - {"consistency"}
    assert "dpm_solver_adaptive" not in offered
    with pytest.raises(TraitError, match="Invalid selection"):
        sampler_menu("dpm_solver_adaptive")

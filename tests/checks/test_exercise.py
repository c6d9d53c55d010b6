"""An exercise draws its inputs from a seed, for each of its parts."""

from diffusion_lessons.checks import EXERCISES


def test_an_exercise_knows_its_name_its_arguments_and_its_inputs():
    guide = EXERCISES["guide"]
    assert guide.name == "guide" and guide.arguments == ["eps_uncond", "eps_cond", "scale"]
    cases = guide.cases(3)
    assert [len(draws) for draws in cases] == [part.draws for part in guide.parts]
    assert repr(cases) == repr(guide.cases(3)) != repr(guide.cases(4))

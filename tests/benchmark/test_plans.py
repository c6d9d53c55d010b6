"""Plans name samplers and grids that exist, and hold what the ledger reads from them."""

import pytest

from diffusion_lessons import samplers, schedules
from diffusion_lessons.benchmark import plans
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.distillation import students
from tests.captions.small import small_denoiser

DIGITS = Denoiser(lambda x, t, condition: x, schedules.cosine(), "v", classes=11)


@pytest.mark.parametrize("name", plans.PLANS)
def test_every_row_of_a_plan_can_be_run(name):
    groups, denoise = plans.groups(name), small_denoiser() if name == "sentences" else DIGITS
    assert groups and all(group.settings for group in groups)
    for group in groups:
        assert len(set(group.settings)) == len(group.settings)
        for settings in group.settings:
            settings.check(denoise)


def test_sample_counts_can_be_chosen_and_unknown_plans_are_refused():
    assert {group.samples for group in plans.groups("curve", samples=60)} == {60}
    assert {group.samples for group in plans.groups("latency", samples=60)} == {0}  # time alone
    assert {each.batch for group in plans.groups("quick", batch=7) for each in group.settings} == {7}
    (half,) = plans.groups("long", precision="bfloat16")
    assert {each.precision for each in half.settings} == {"bfloat16"}
    with pytest.raises(ValueError, match="unknown plan 'fast'; the plans are quick"):
        plans.groups("fast")


def test_the_full_plan_holds_everything_the_ledger_looks_up():
    full = {(group.samples, each) for group in plans.groups("full") for each in group.settings}
    for part in ("curve", "few", "guidance", "precision", "long"):
        assert {(group.samples, each) for group in plans.groups(part) for each in group.settings} <= full


def few(card=None):
    (group,) = plans.groups("few", card)
    return [(each.sampler, each.steps) for each in group.settings]


def test_few_evaluations_of_a_teacher_end_with_its_asymptote():
    rows = few({"predicts": "v"})
    counts = {samplers.get(name).info.nfe(steps) for name, steps in rows[:-1]}
    assert counts == {1, 2, 3, 4, 7, 8} and rows[-1] == ("dpm_solver_pp_2m", 20)
    assert plans.FIRST.steps == 1 and ("ddim", 1) in rows


def test_the_end_of_a_curve_is_measured_beside_few_steps_and_beside_ddpm():
    """A student has none: it takes the steps that it was trained for."""
    assert plans.LIMIT.steps >= 50
    assert plans.groups("limit") == [plans.Group(2000, [plans.LIMIT.changed(batch=25)])]
    (long,) = plans.groups("long")
    assert plans.LIMIT.changed(batch=25) in long.settings
    assert plans.groups("limit", {"distillation": {"sampler": "ddim"}}) == []


def test_half_precision_repeats_what_is_compared_with_ddpm_on_many_samples():
    half, long, unclipped = (plans.groups(name)[0] for name in ("half", "long", "unclipped"))
    assert half.samples == 3 * long.samples and {one.precision for one in half.settings} == {"bfloat16"}
    whole = {one.changed(precision="float32") for one in half.settings}
    beside = {*long.settings, *unclipped.settings}
    assert beside <= whole and sorted(one.scale for one in whole - beside) == [1.0, 1.15, 1.3, 1.5, 2.0]


def test_each_remedy_is_tried_at_several_scales():
    (guided,) = plans.groups("guidance")
    for remedy in plans.REMEDIES.values():
        scales = [one.scale for one in guided.settings if all(getattr(one, k) == v for k, v in remedy.items())]
        assert scales == list(plans.REMEDIED) and max(scales) == 10


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        ({"sampler": "ddim", "steps": 1}, [("ddim", 1), ("ddim", 2), ("ddim", 4), ("ddim", 8)]),
        (
            {"sampler": "consistency", "steps": 1},
            [("consistency", 1), ("consistency", 2), ("consistency", 4), ("ddim", 2), ("ddim", 4)],
        ),
    ],
)
def test_a_student_is_measured_by_the_sampler_that_it_was_trained_for(told, rows):
    assert few({"distillation": told}) == rows


@pytest.mark.parametrize("steps", [1, 4])
def test_a_student_bound_to_its_times_is_asked_nothing_else(steps):
    recipe = students.student_recipe("digits-progressive-" + str(steps))
    assert few(recipe.about()) == [("ddim", steps)]


def test_two_plans_of_one_checkpoint_compare_at_one_count():
    """A student's rows and its teacher's asymptote, the half precision and the whole."""
    counts = {name: {group.samples for group in plans.groups(name)} for name in ("few", "curve", "precision", "long")}
    assert counts["few"] == counts["curve"] == counts["precision"] == {2000} and counts["long"] == {500}


def test_published_settings_go_from_ten_to_a_thousand_steps_in_each_way():
    (group,) = plans.groups("published")
    ways = {(one.sampler, *one.options.items()) for one in group.settings}
    assert len(ways) == 3 and len(group.settings) == 15
    assert {(one.spacing, one.limit) for one in group.settings} == {("leading", None)}
    assert {one.steps for one in group.settings} == {10, 20, 50, 100, 1000}

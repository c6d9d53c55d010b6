"""Plans name samplers and grids that exist, and hold what the ledger reads from them."""

import pytest

from diffusion_lessons import samplers, schedules
from diffusion_lessons.evaluation import plans
from diffusion_lessons.generate import times_for


@pytest.mark.parametrize("name", plans.PLANS)
def test_every_row_of_a_plan_can_be_run(name):
    groups = plans.get(name)
    assert groups and all(group.configurations for group in groups)
    for group in groups:
        keys = [each.key for each in group.configurations]
        assert len(set(keys)) == len(keys)
        for each in group.configurations:
            times_for(samplers.get(each.sampler), schedules.cosine(), each.steps, each.spacing)


def test_sample_counts_can_be_chosen_and_unknown_plans_are_refused():
    assert {group.samples for group in plans.get("curve", 60)} == {60}
    assert {group.samples for group in plans.get("latency", 60)} == {0}  # time alone
    assert {each.batch for group in plans.get("quick", batch=7) for each in group.configurations} == {7}
    with pytest.raises(ValueError, match="unknown plan 'fast'; the plans are quick"):
        plans.get("fast")


def test_the_full_plan_holds_everything_the_ledger_looks_up():
    full = {(group.samples, each.key) for group in plans.full() for each in group.configurations}
    for part in (plans.curve, plans.guidance, plans.precision, plans.long):
        assert {(group.samples, each.key) for group in part() for each in group.configurations} <= full

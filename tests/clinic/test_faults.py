"""Each fault has its source and its remedy."""

import re
from collections import Counter

import pytest

from diffusion_lessons.clinic.faults import ALL, FAULTS, names_for


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_fault_names_a_thread_and_a_remedy(fault):
    assert re.fullmatch(r"[\w-]+/[\w.-]+#\d+", fault.thread) and fault.where in ("training", "network", "sampling")
    assert fault.remedy and fault.tells and fault.title


def test_there_are_twelve_with_names_of_their_own():
    assert len(FAULTS) == len(ALL) == 12


def test_a_learner_has_three_of_different_places_always_the_same():
    assert names_for(7) == names_for(7)
    for seed in (0, 1, 2**40):
        assert [FAULTS[name].where for name in names_for(seed)] == ["sampling", "network", "training"]
    seen = Counter(name for seed in range(60) for name in names_for(seed))
    assert len(seen) == len(FAULTS)

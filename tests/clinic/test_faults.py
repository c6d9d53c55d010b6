"""Each fault has its source and its remedy."""

import re

import pytest

from diffusion_lessons.clinic.faults import ALL, FAULTS


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_fault_names_a_thread_and_a_remedy(fault):
    assert re.fullmatch(r"[\w-]+/[\w.-]+#\d+", fault.thread) and fault.where in ("training", "network", "sampling")
    assert fault.remedy and fault.tells and fault.title


def test_there_are_twelve_with_names_of_their_own():
    assert len(FAULTS) == len(ALL) == 12

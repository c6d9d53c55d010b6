"""Patients are made the same each time, and a learner's are theirs."""

from collections import Counter

import pytest
import torch

from diffusion_lessons.clinic.faults import FAULTS
from diffusion_lessons.clinic.patients import MAKERS, healthy, names_for, patient


def test_every_fault_has_a_maker():
    assert list(MAKERS) == list(FAULTS)


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "train_mode"])  # whose dropout draws
def test_a_patient_is_the_same_each_time_and_draws_something_else_than_the_healthy(name):
    first, again = (patient(name).samples(4)[-1].x for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, healthy().samples(4)[-1].x)


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="unknown fault 'flu'; the faults are data_range, train_mode"):
        patient("flu")


def test_a_learner_has_three_of_different_places_always_the_same():
    assert names_for(7) == names_for(7)
    for seed in (0, 1, 2**40):
        assert [FAULTS[name].where for name in names_for(seed)] == ["sampling", "network", "training"]
    seen = Counter(name for seed in range(60) for name in names_for(seed))
    assert len(seen) == len(FAULTS)

"""Patients are made the same each time, and a learner's are theirs."""

import pytest
import torch

from diffusion_lessons.clinic.faults import FAULTS, names_for
from diffusion_lessons.clinic.patients import MAKERS, healthy, patient, unnamed


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


def test_unnamed_patients_are_made_as_the_seed_says():
    first = unnamed(3, count=1)[0]
    assert torch.equal(first.samples(2)[-1].x, patient(names_for(3)[0]).samples(2)[-1].x)

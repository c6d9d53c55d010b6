"""The list of the samplers: each is found by its name, and says what it is."""

import pytest

from diffusion_lessons import samplers


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown sampler 'dpm'.*ddim.*dpm_solver_pp_2m"):
        samplers.get("dpm")
    assert samplers.get("ddim") is samplers.ddim


def test_the_list_names_itself():
    for name, sampler in samplers.ALL.items():
        assert getattr(samplers, name) is sampler and sampler.info.name == name
        assert sampler.info.order >= 1 and sampler.info.citation and sampler.__doc__

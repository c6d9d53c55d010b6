"""The package's face: its names are those of the rooms that define them."""

import subprocess
import sys

import pytest

import diffusion_lessons
from diffusion_lessons import checkpoints, denoisers, guidance, load, sample, samplers, schedules, toys, trace
from tests import misuse


def test_verbs_and_rooms_are_those_of_their_homes():
    assert load is checkpoints.load and sample is samplers.sample and trace is samplers.trace
    for room in (denoisers, guidance, samplers, schedules, toys):
        assert sys.modules[room.__name__] is room
    assert {"load", "sample", "trace", "samplers", "toys"} <= set(dir(diffusion_lessons))


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(AttributeError, match="module 'diffusion_lessons' has no attribute 'sampel'"):
        _ = diffusion_lessons.sampel


def test_the_package_itself_imports_no_heavy_library():
    code = "import sys, diffusion_lessons; dir(diffusion_lessons); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function, right, kinds", misuse.calls())
def test_what_is_of_a_wrong_kind_is_told_in_a_sentence(function, right, kinds):
    """Not by an error from the depth of a library, and never taken for something else in silence."""
    for argument, kind in kinds.items():
        for wrong in misuse.WRONG[kind]:
            try:
                function(**{**right, argument: wrong})
            except Exception as error:
                assert not (said := misuse.not_told(error)), f"{argument}={wrong!r}: {said}"
            else:
                pytest.fail(f"{argument}={wrong!r} is taken for {kind}")

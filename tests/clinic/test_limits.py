"""The limits stand where their reasons say: away from what is healthy in the library, and from what is not."""

import pytest

from diffusion_lessons import Settings, samplers
from diffusion_lessons.clinic import limits
from diffusion_lessons.clinic.case import drawn_with
from diffusion_lessons.clinic.patients import healthy
from diffusion_lessons.clinic.probes import states_with_exact
from diffusion_lessons.samplers.checks import holds_data

WALKING = [name for name, one in samplers.ALL.items() if not one.info.upward and one.info.stages is not None]
IN_SMALL_STEPS_ONLY = "euler_maruyama"  # its noise is stable where k^2 h is small, and 20 steps are not enough


@pytest.fixture(scope="module")
def case():
    return healthy()


@pytest.mark.parametrize("name", [name for name in WALKING if name != IN_SMALL_STEPS_ONLY])
@pytest.mark.parametrize("spacing", ["trailing", "logsnr"])
def test_no_sampler_of_the_library_is_accused(case, name, spacing):
    run = states_with_exact(
        case.__class__(case.denoise, case.images, case.conditions, drawn_with(Settings(name, 20, spacing)))
    )
    assert max(abs(one.signal - one.alpha) for one in run.marginals) < 0.5 * limits.SIGNAL
    assert run.off(case.denoise.path)[0] < 0.65 * (limits.FRESH if run.fresh else limits.NOISE)
    assert run.fresh != samplers.ALL[name].info.deterministic or name == "edm_stochastic"
    assert run.marginals[-1].noise < 0.75 * limits.LEFT
    assert not holds_data(case.denoise.path, run.start)

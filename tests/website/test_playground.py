"""What the playground's tables say, against the library's own samplers."""

import pytest
import torch

from diffusion_lessons.figures import style
from diffusion_lessons.samplers import ALL, sample
from diffusion_lessons.toys.one_dimension import gaussian_quantiles, wasserstein_1
from website import playground


def ends(sampler, called, steps):
    """Where the library's sampler leads the starts of the page."""
    path, data = playground.paths()[called], playground.clusters()
    noise = gaussian_quantiles(playground.STARTS) * path.prior_std
    return sample(ALL[sampler], data.denoiser(path), noise, path, path.grid(steps)), data


def test_all_samplers_that_are_tables_are_offered():
    names = [name for name, sampler in ALL.items() if playground.able(sampler)]
    assert {"ddim", "dpm_solver_pp_2m", "heun", "rk4"} <= set(names)
    assert not {"ddpm", "consistency", "dpm_solver_adaptive"} & set(names)


@pytest.mark.parametrize("called", playground.paths())
def test_a_row_holds_what_a_step_needs(called):
    path = playground.paths()[called]
    rows = playground.table(ALL["heun"], path, 3)
    assert rows[0][0] == path.grid(3)[0] and all(len(row) == 5 and row[4] for row in rows)


def test_what_the_page_says_to_try_is_so():
    distances = {name: wasserstein_1(*ends(name, "DDPM's, linear", 10)) for name in ("ddim", "dpm_solver_pp_2m")}
    assert distances["dpm_solver_pp_2m"] < distances["ddim"]
    euler, ddim = (ends(name, "flow, straight", 5)[0] for name in ("euler", "ddim"))
    assert torch.allclose(euler, ddim, atol=1e-12)
    mean = sum(m * w for m, w in zip(playground.MEANS, playground.WEIGHTS, strict=True))
    assert float((ends("ddim", "DDPM's, linear", 1)[0] - mean).abs().max()) < 0.05


def test_the_colours_are_two_in_which_even_words_can_be_read():
    """tests/figures keep the contrast of these, and that they stay apart for colour-blind readers."""
    assert len(set(playground.COLORS)) == 2 and set(playground.COLORS) <= set(style.TEXT)

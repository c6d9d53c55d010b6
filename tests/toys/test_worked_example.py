"""The three steps by hand, and the same three steps through the sampler."""

import math

import pytest
import torch

from diffusion_lessons import samplers
from diffusion_lessons.denoisers import Denoiser, clip
from diffusion_lessons.toys import GaussianMixture
from diffusion_lessons.toys.worked_example import ALPHA_BAR, coin_noise, worked_example, worked_path


def test_middle_state_is_not_the_texts():
    """With a cap of 1 the middle is sqrt(1/2) (1 + 1.5) = 1.768; the text's 1.3 needs x0_hat = 0.338."""
    table = worked_example()
    assert table["next x"][0] == pytest.approx(math.sqrt(0.5) * 2.5, abs=1e-12)
    assert table["x0 implied"][0] > 40  # absurdly large: why it is capped
    needed = (1.3 - math.sqrt(0.5) * 1.5) / math.sqrt(0.5)
    assert round(needed, 3) == 0.338


def test_coin_noise_is_the_exact_denoiser():
    coin = GaussianMixture([-1.0, 1.0], stds=0.0).denoiser(worked_path())
    for t, level in enumerate(ALPHA_BAR, start=1):
        for x in (-1.2, 0.1, 1.7):
            exact = coin(torch.tensor([x], dtype=torch.float64), float(t)).eps.item()
            assert coin_noise(x, level) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("cap", [None, 1.0, 0.5])
@pytest.mark.parametrize("start", [2.0, -0.3])
def test_the_sampler_gives_the_same_table(cap, start):
    path = worked_path()
    table = worked_example(x=start, cap=cap)
    predicted = iter(table["eps"])
    denoise = Denoiser(lambda x, t: torch.full_like(x, next(predicted)), path)
    if cap is not None:
        denoise = clip(denoise, cap, rederive=False)
    x_T = torch.tensor([start], dtype=torch.float64)
    states = samplers.trace(samplers.ddim, denoise, x_T, path, path.grid(3))
    for state, (_, row) in zip(states[1:], table.iterrows(), strict=True):
        assert state.x.item() == pytest.approx(row["next x"], abs=1e-12)
        assert state.x0.item() == pytest.approx(row["x0"], abs=1e-12)
    assert torch.equal(states[-1].x, states[-1].x0)


def test_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match="3 predictions of the noise; got 1"):
        worked_example(noise=(1.5,))
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        worked_example(alpha_bar=(0.99, 0.5, 0.0))

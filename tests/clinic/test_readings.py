"""Another reading undoes its fault, and an exact denoiser of rescaled data is the rescaled one."""

import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.clinic.readings import Rescaled, other_readings
from diffusion_lessons.denoisers import Denoiser

PATHS = {"cosine": schedules.cosine(), "flow": schedules.flow(), "linear": schedules.ddpm_linear()}
ONE = toys.GaussianMixture([-0.6, 0.8], stds=[0.2, 0.3], weights=[0.4, 0.6])


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_rescaled_is_the_exact_denoiser_of_rescaled_data(path):
    scaled = toys.GaussianMixture([0.5 * -0.6 + 0.5, 0.5 * 0.8 + 0.5], stds=[0.1, 0.15], weights=[0.4, 0.6])
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    for share in (0.05, 0.3, 0.6, 0.9):
        ours, exact = (
            Rescaled(ONE.denoiser(path), 0.5, 0.5)(x, share * path.T),
            scaled.denoiser(path)(x, share * path.T),
        )
        assert torch.allclose(ours.x0, exact.x0, atol=1e-6) and torch.allclose(ours.eps, exact.eps, atol=1e-5)


def test_a_batch_of_times_is_read_row_by_row():
    path, x = PATHS["cosine"], torch.linspace(-1, 1, 3, dtype=torch.float64)
    t = torch.tensor([100.0, 400.0, 900.0], dtype=torch.float64)
    rescaled = Rescaled(ONE.denoiser(path), 0.5, 0.5)
    rows = torch.stack([rescaled(x[i : i + 1], float(t[i])).x0[0] for i in range(3)])
    assert torch.allclose(rescaled(x, t).x0, rows, atol=1e-9)


def test_every_reading_is_another_one_and_one_is_right():
    path = PATHS["flow"]
    exact = ONE.denoiser(path)

    def network(x, t):  # a velocity, for t in 0..1000
        estimate = exact(x, (t / 1000).double())
        return estimate.eps - estimate.x0

    denoise = Denoiser(network, path, "velocity")
    found = {reading.words: reading.denoise for reading in other_readings(denoise)}
    assert {"read as eps, not as velocity", "with t multiplied by 1000"} <= found.keys() and len(found) == 7
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    right = found["with t multiplied by 1000"](x, 0.4).x0
    assert torch.allclose(right, exact(x, 0.4).x0, atol=1e-4)
    assert not torch.allclose(denoise(x, 0.4).x0, exact(x, 0.4).x0, atol=0.1)


def test_what_was_not_made_from_a_network_has_one_reading():
    assert list(other_readings(ONE.denoiser(PATHS["flow"]))) == []

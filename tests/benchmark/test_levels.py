"""The level at which a network is wrong is found where it was made wrong, and an exact one is cleared at all levels."""

import pytest
import torch

from diffusion_lessons import load, schedules, toys
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.levels import by_level, denoised_from, first_fault, read_levels, write_levels
from diffusion_lessons.data import load_data
from diffusion_lessons.denoisers.base import Wrapper
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.metrics.evaluator import of_images

DATA = load_data("digits", "test")


class WrongAbove(Wrapper):
    """The exact denoiser, except that from a noise level on it sees another image of the same class."""

    def __init__(self, inner, level, path):
        super().__init__(inner)
        self.level = level

    def __call__(self, x, t, condition=None):
        estimate = self.inner(x, t, condition)
        alpha, sigma = (float(value(t)) for value in (self.path.alpha, self.path.sigma))
        if sigma / alpha < self.level:
            return estimate
        x0 = estimate.x0.flip(-1)  # mirrored digits
        return Estimate(x0, (x - alpha * x0) / sigma)


def exact(path):
    """The exact denoiser of the held-out digits themselves, class by class."""
    worlds = [toys.point_masses(DATA.images[DATA.labels == label]) for label in range(10)]
    return toys.ConditionalMixture(worlds).denoiser(path)


@pytest.fixture(scope="module")
def evaluator():
    return of_images("digits")


def test_a_network_made_wrong_above_a_level_is_found_there(evaluator):
    path = schedules.cosine()
    good = exact(path)
    found = by_level(good, evaluator, DATA, (0.3, 1.2, 5.0), samples=297, steps=5)
    assert first_fault(found) is None and all(abs(level.rise("adherence").n) < 0.02 for level in found)
    bad = WrongAbove(good, 0.5, path)
    found = by_level(bad, evaluator, DATA, (0.3, 1.2, 5.0), samples=297, steps=5)
    assert first_fault(found).level == 1.2 and not found[0].faulty
    assert "Fréchet +" in str(found[1]) and str(found[1]).startswith("level 1.2")


def test_without_noise_images_come_back():
    denoise = load("digits-flow")
    x0, labels = DATA.images[:4], DATA.labels[:4]
    x = denoised_from(denoise, x0, labels, torch.zeros_like(x0), 1e-3, steps=2)
    torch.testing.assert_close(x, x0, atol=0.05, rtol=0)


def test_what_cannot_be_tried_is_refused(evaluator):
    with pytest.raises(ValueError, match="does not reach noise level 1e"):
        by_level(exact(schedules.ddpm_linear()), evaluator, DATA, (1e9,))
    plain = toys.GaussianMixture([[0.0]], stds=[1.0]).denoiser(schedules.flow())
    with pytest.raises(ValueError, match="compared within classes"):
        by_level(plain, evaluator, DATA)


def test_what_was_found_is_kept_and_read_back(tmp_path, evaluator):
    denoise = load("digits-flow")
    found = by_level(denoise, evaluator, DATA, (0.3, 5.0), samples=140, steps=2)
    file = tmp_path / "digits-flow-levels.json"
    write_levels(file, found, denoise)
    again = read_levels(file, denoise.card["sha256"])
    assert again == found and str(again[1]) == str(found[1])
    with pytest.raises(ValueError, match="was measured on checkpoint .*, and this one is none: make it again"):
        read_levels(file, "none")
    file.write_text(file.read_text().replace('"untouched"', '"touched"'))
    with pytest.raises(ValueError, match="digits-flow-levels.json does not hold what a network does at each"):
        read_levels(file, denoise.card["sha256"])


def test_what_ships_was_measured_on_the_network_that_ships():
    levels = shipped.levels("mnist-small-diffusion")
    assert len(levels) == 7 and levels[0].scores["frechet"].n == 1000
    assert not levels[0].faulty and first_fault(levels).level > 1  # strokes are right, the shape of the whole is not
    assert first_fault(shipped.levels("mnist-diffusion")) is None  # of 500 digits
    with pytest.raises(FileNotFoundError, match="`diffusion-lessons doctor --checkpoint mnist-flow --ship`"):
        shipped.levels("mnist-flow")

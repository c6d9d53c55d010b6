"""The panel of training says the least loss at its time."""

from diffusion_lessons import schedules, toys
from diffusion_lessons.panels.diffusion.training import answers_panel
from diffusion_lessons.toys.bayes_loss import bayes_loss

PATH = schedules.ddpm_linear()
HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


def test_the_panel_says_the_least_loss_at_its_time():
    panel = answers_panel(HEAPS, PATH)
    before = panel.image.value
    panel.controls["t"].value = 700
    assert panel.image.value != before
    assert f"{bayes_loss(HEAPS, PATH, 700):.3f}" in panel.words.value

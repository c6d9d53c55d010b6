"""The figures of the first lessons hold what they say: curves of the paths, paths of the samplers, images in order."""

import numpy as np
import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.figures import noising, trajectories
from diffusion_lessons.figures.display import beside, show
from diffusion_lessons.figures.images import image_grid
from diffusion_lessons.samplers import trace

LINEAR = schedules.ddpm_linear()
MIXTURE = toys.GaussianMixture([-1.0, 1.0], stds=0.2)
ALT = "Ten paths from noise at the left to data at the right."


@pytest.fixture(scope="module")
def states():
    x = LINEAR.prior((10,), torch.Generator().manual_seed(0), dtype=torch.float64)
    return trace(samplers.ddim, MIXTURE.denoiser(LINEAR), x, LINEAR, LINEAR.grid(5))


def test_schedule_figure_draws_alpha_bar_and_lambda():
    left, right = noising.schedule_figure([LINEAR, schedules.flow()], mark=0.5).axes
    curve = left.get_lines()[0]
    middle = np.abs(curve.get_xdata() - 0.5).argmin()
    assert curve.get_ydata()[middle] == pytest.approx(LINEAR.alpha_bar(500.0), rel=0.02)
    assert right.get_lines()[0].get_ydata()[middle] == pytest.approx(LINEAR.lam(500.0), rel=0.02)
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["linear", "flow"]


def test_walks_end_as_noise():
    walk = noising.forward_walks(torch.full((4000,), 3.0).double(), LINEAR, torch.Generator().manual_seed(0))
    assert walk.shape == (1001, 4000) and bool((walk[0] == 3).all())
    assert walk[300].mean().item() == pytest.approx(3 * LINEAR.alpha(300.0), abs=0.05)
    assert walk[-1].std().item() == pytest.approx(1, abs=0.05)


def test_observer_figure_has_one_line_a_path_over_time_and_over_lambda():
    paths, shares = [LINEAR, schedules.cosine()], [0.25, 0.5]
    left, right = noising.observer_figure(paths, shares, {"linear": [80, 24], "cosine": [99, 90]}).axes
    assert list(left.get_lines()[1].get_ydata()) == [99, 90]
    assert list(right.get_lines()[0].get_xdata()) == [LINEAR.lam(250.0), LINEAR.lam(500.0)]


def test_trajectories_are_the_states(states):
    (plot,) = trajectories.trajectory_figure(MIXTURE, LINEAR, {"ddim, 5 steps": states}).axes
    assert plot.get_title() == "DDIM, 5 steps" and plot.get_xlim() == (1000.0, 0.0)
    lines = plot.get_lines()
    assert len(lines) == 10
    assert np.allclose(lines[3].get_ydata(), [state.x[3] for state in states])


def test_density_is_highest_at_the_means(states):
    figure = trajectories.trajectory_figure(MIXTURE, LINEAR, {"ddim": states})
    shade = figure.axes[0].get_images()[0].get_array()  # [x, t], data in the last column
    x = np.linspace(-3, 3, len(shade))
    assert abs(abs(x[shade[:, -1].argmax()]) - 1) < 0.05


def test_plane_figure_starts_and_ends_where_the_states_do():
    mixture = toys.GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], stds=0.2)
    x = LINEAR.prior((6, 2), torch.Generator().manual_seed(0), dtype=torch.float64)
    states = trace(samplers.ddim, mixture.denoiser(LINEAR), x, LINEAR, LINEAR.grid(4))
    (plot,) = trajectories.plane_figure(mixture, {"ddim": states}).axes
    first, last = plot.get_lines()[-2:]
    assert np.allclose(first.get_xydata(), states[0].x) and np.allclose(last.get_xydata(), states[-1].x)


def test_estimate_strip_pairs_a_state_with_what_is_seen_in_it():
    images = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    denoise = toys.point_masses(images).denoiser(LINEAR)
    x = LINEAR.prior((2, 1, 4, 4), torch.Generator().manual_seed(0), dtype=torch.float64)
    states = trace(samplers.ddim, denoise, x, LINEAR, LINEAR.grid(7))
    (plot,) = trajectories.estimate_strip(states, row=1).axes
    picture = plot.get_images()[0].get_array()  # two rows of eight images with a line between
    assert picture.shape == (10, 40)
    assert np.allclose(picture[:4, 5:9], states[1].x[1, 0], atol=1e-6)
    assert np.allclose(picture[5:9, 5:9], denoise(states[1].x, states[1].t).x0[1, 0], atol=1e-6)
    assert plot.get_xticklabels()[0].get_text() == "t = 1000"


def test_a_strip_of_colour_images_is_refused():
    with pytest.raises(ValueError, match="grey images"):
        noising.image_strip({"x": torch.zeros(2, 3, 4, 4)}, ["a", "b"], "title")


def test_shown_pictures_have_words_and_the_same_bytes(states):
    first, second = (show(trajectories.trajectory_figure(MIXTURE, LINEAR, {"ddim": states}), ALT) for _ in range(2))
    assert first.content == second.content
    data, metadata = first._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == ALT
    grid = image_grid(torch.zeros(4, 1, 8, 8))
    assert beside(grid, grid).width == 2 * grid.width + 16 == show(beside(grid, grid), ALT).width

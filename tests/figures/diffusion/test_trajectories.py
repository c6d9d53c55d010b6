"""Trajectories are drawn where the states are, over the density that they walk through."""

import numpy as np
import torch

from diffusion_lessons import samplers, toys
from diffusion_lessons.figures.diffusion import trajectories
from diffusion_lessons.samplers import trace
from tests.figures.ten_paths import LINEAR, MIXTURE


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

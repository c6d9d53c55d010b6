"""Animations: a frame for each state, and files that play."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.figures.pictures.animations import save_animation, show_animation, trajectory_frames
from diffusion_lessons.figures.pictures.images import image_grid

PATH = schedules.variance_exploding()


@pytest.fixture(scope="module")
def states():
    point = toys.point_masses(torch.tensor([[[[1.0, -1.0], [-1.0, 1.0]]]]))
    x = PATH.prior((4, 1, 2, 2), torch.Generator().manual_seed(0))
    return samplers.trace(samplers.ddim, point.denoiser(PATH), x, PATH, PATH.grid(5, "karras"))


def test_frames_show_x_and_what_is_seen_in_it(states):
    frames = trajectory_frames(states, PATH)
    assert len(frames) == 6
    half = np.asarray(image_grid(states[-1].x))
    start, end = np.asarray(frames[0]), np.asarray(frames[-1])
    width = half.shape[1]
    np.testing.assert_array_equal(end[:, :width], half)
    np.testing.assert_array_equal(end[:, -width:], half)  # at the end both halves are the sample
    noise = start[:, :width]
    assert ((noise > 5) & (noise < 250)).mean() > 0.2  # of std 80, and shown at unit size


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_files_play(states, tmp_path, suffix):
    file = save_animation(trajectory_frames(states, PATH), tmp_path / f"run{suffix}", milliseconds=50, hold=900)
    with Image.open(file) as moving:
        assert moving.n_frames == 6 and moving.info["loop"] == 0
        durations = []
        for i in range(6):
            moving.seek(i)
            durations.append(moving.info["duration"])
    assert durations == [50] * 5 + [900]


def test_errors_say_what_to_do(states, tmp_path):
    with pytest.raises(ValueError, match="animated PNG"):
        save_animation(trajectory_frames(states, PATH), tmp_path / "run.mp4")
    with pytest.raises(ValueError, match="at least one"):
        save_animation([], tmp_path / "run.gif")


def test_a_notebook_plays_all_frames_and_paper_shows_the_last(states):
    frames = trajectory_frames(states, PATH)
    shown = show_animation(frames, "Four points on their way.", milliseconds=50, hold=900)
    assert shown.alt == "Four points on their way." and shown.width == frames[0].width
    with Image.open(io.BytesIO(shown.content)) as moving:
        np.testing.assert_array_equal(np.asarray(moving.convert("RGB")), np.asarray(frames[-1]))  # what stands still
        moving.seek(1)  # the first frame that is played
        np.testing.assert_array_equal(np.asarray(moving.convert("RGB")), np.asarray(frames[0]))
        moving.seek(6)
        np.testing.assert_array_equal(np.asarray(moving.convert("RGB")), np.asarray(frames[-1]))
    with pytest.raises(ValueError, match="at least one frame"):
        show_animation([], "nothing")

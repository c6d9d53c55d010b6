"""Samples as a picture and as an animation, with the evaluations that they cost."""

import torch
from PIL import Image

from diffusion_lessons import schedules, toys
from diffusion_lessons.commands.sample import write_samples
from diffusion_lessons.sampling import Settings


def test_a_picture_and_its_trajectory_are_written_and_their_cost_is_said(tmp_path, capsys):
    images = torch.stack([torch.ones(1, 4, 4), -torch.ones(1, 4, 4)])
    denoise = toys.point_masses(images).denoiser(schedules.cosine())
    denoise.shape = (1, 4, 4)
    out = tmp_path / "new" / "samples.png"
    write_samples(denoise, 2, 3, Settings("heun", 4), out, trajectory=True, seed=1)
    said = capsys.readouterr().out
    assert f"{out}: 6 samples, 7 network evaluations each" in said and "samples-trajectory.png" in said
    picture = Image.open(out).convert("L")
    assert {picture.getextrema()} == {(0, 255)}  # black and white tiles: each sample is one of the two images
    with Image.open(out.with_name("samples-trajectory.png")) as moving:
        assert moving.n_frames > 1

"""Samples as a picture and as an animation, with the evaluations that they cost."""

import re
import sys

import pytest
import torch
from PIL import Image

from diffusion_lessons import cli, schedules, toys
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.commands.sample import write_samples
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.sampling import Settings
from tests.captions.small import save_system


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prompt", "a rad seven"], "unknown words in 'a rad seven': 'rad' (near: "),
        (["--prompt", "a red seven", "--negative", "a blurry cow", "--scale", "3"], "unknown words in 'a blurry cow'"),
        (["--prompt", "a seven", "--negative", "a seven", "--scale", "3"], "the negative equals the prompt"),
        (["--prompt", "a red blue seven"], "says two things of one ink: red and blue"),
        (["--prompt", "a " * 15], "has 15 words; at most 14"),
        (["--prompt", " "], "a prompt without a word asks for nothing: leave --prompt out"),
        (["--prompt="], "a prompt without a word asks for nothing: leave --prompt out"),
        (["--prompt", "a seven", "--negative", " ", "--scale", "3"], "a negative without a word names nothing"),
        (["--label", "7"], "this checkpoint is told in words: give --prompt 7"),
        (["--prompt", "a seven", "--label", "7"], "not both"),
    ],
)
def test_what_a_prompt_cannot_mean_is_said(tmp_path, arguments, message):
    words = ["sample", "--checkpoint", str(save_system(tmp_path)), "--steps", "2", "--out", str(tmp_path / "a.png")]
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        cli.app([*words, *arguments], standalone_mode=False)
    assert "\n" not in str(error.value) and not (tmp_path / "a.png").exists()


def test_what_a_prompt_says_is_drawn(tmp_path, monkeypatch, capsys):
    out = tmp_path / "seven.png"
    prompts = ["--prompt", "a red seven", "--prompt", "a blue six", "--negative", "smudged", "--scale", "3"]
    options = ["--grid", "1x2", "--steps", "2", "--out", str(out), "--trajectory"]
    monkeypatch.setattr(
        sys, "argv", ["diffusion-lessons", "sample", "--checkpoint", str(save_system(tmp_path)), *prompts, *options]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code and Image.open(out).size == (2 * 70 + 4, 70 + 4)
    assert Image.open(tmp_path / "seven-trajectory.png").n_frames == 3
    assert "2 samples, 4 network evaluations each" in capsys.readouterr().out


def test_a_plan_is_sampled_as_it_says_if_that_is_asked_for(tmp_path, capsys, monkeypatch):
    file = plans.write(tmp_path / "plan.json", "digits-diffusion", Techniques(features=2), settings=Settings("heun", 3))
    silent = plans.write(tmp_path / "silent.json", "digits-diffusion", Techniques(features=2))
    out = tmp_path / "out.png"
    for plan, words in (
        (file, "2 samples, 5 network evaluations each"),
        (silent, "give --sampler and --steps instead"),
    ):
        arguments = ["sample", "--checkpoint", str(plan), "--as-planned", "--label", "3", "--grid", "1x2"]
        monkeypatch.setattr(sys, "argv", ["diffusion-lessons", *arguments, "--out", str(out), "--device", "cpu"])
        with pytest.raises(SystemExit):
            cli.main()
        assert words in "".join(capsys.readouterr())

"""The miniature as a pipeline directory: production's own class reads it offline and draws as ours."""

import json
import subprocess
import sys

import pytest
import torch

from diffusion_lessons import captions, checkpoints, sampling, schedules
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.data.captions.scenes import ATTRIBUTES
from diffusion_lessons.pipelines.configs import why_no_pipelines
from diffusion_lessons.pipelines.directory import miniature, save_miniature
from tests.captions.small import small_parts

if reason := why_no_pipelines():
    pytest.skip(reason, allow_module_level=True)

from diffusers import DPMSolverMultistepScheduler

PROGRAM = """
import socket, sys
def closed(*_, **__):
    raise OSError("this process has no network")
socket.socket.connect = socket.getaddrinfo = closed
import torch
from diffusers import DiffusionPipeline
from diffusion_lessons.pipelines import parts, schedulers  # the classes that the folder names
pipe = DiffusionPipeline.from_pretrained(sys.argv[1], local_files_only=True)
pipe.set_progress_bar_config(disable=True)
x = torch.load(sys.argv[2], weights_only=True)
made = pipe(sys.argv[3], num_images_per_prompt=len(x), num_inference_steps=10, guidance_scale=4.0, latents=x,
            output_type="pt").images
torch.save(made, sys.argv[4])
print(type(pipe).__name__, type(pipe.scheduler).__name__)
"""


@pytest.fixture(scope="module")
def denoise():
    return checkpoints.load("captions-diffusion")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, denoise):
    return save_miniature(tmp_path_factory.mktemp("pipeline"), denoise)


def x_T(denoise, rows=8):
    return denoise.path.prior((rows, *denoise.shape), torch.Generator().manual_seed(0))


def test_a_red_seven_from_the_production_interface(folder, denoise, tmp_path):
    x = x_T(denoise)
    torch.save(x, tmp_path / "x.pt")
    files = [str(folder), str(tmp_path / "x.pt"), "a red seven", str(tmp_path / "made.pt")]
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, *files], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert process.returncode == 0, process.stderr[-2000:]
    assert process.stdout.split() == ["StableDiffusionPipeline", "LessonScheduler"]
    made = torch.load(tmp_path / "made.pt", weights_only=True)

    latents = sampling.generate(denoise, x, captions.drawing.TEN_STEPS, labels=["a red seven"])[-1].x
    ours = denoise.decode(latents)
    assert (made - (ours / 2 + 0.5).clamp(0, 1)).abs().max() < 1e-4
    seen = checkpoints.captions.load_judge()(made * 2 - 1)
    red = ATTRIBUTES["ink"].index("red")
    assert ((seen.digit == 7) & (seen.ink == red)).sum() >= 6


def latents(pipe, x, steps=10):
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        "a red seven", num_images_per_prompt=len(x), num_inference_steps=steps, guidance_scale=4.0, latents=x,
        output_type="latent",
    ).images  # fmt: skip


def test_the_2m_of_diffusers_takes_the_place_of_ours_and_draws_the_same(denoise):
    pipe, x = miniature(denoise), x_T(denoise, 2)
    ours = latents(pipe, x)
    pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config, timestep_spacing="trailing")
    assert (latents(pipe, x) - ours).abs().max() < 1e-5


def test_what_is_written_names_its_classes_and_has_no_path(folder):
    index = json.loads((folder / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionPipeline"
    assert index["scheduler"] == ["diffusion_lessons.pipelines.schedulers", "LessonScheduler"]
    assert index["unet"] == ["diffusion_lessons.pipelines.parts", "MiniatureUNet"]
    assert not [file for file in folder.rglob("*.json") if str(folder) in file.read_text()]


def test_a_flow_network_is_refused(tmp_path):
    network, contrastive, autoencoder = small_parts()
    flow = CaptionDenoiser(network, contrastive.text, autoencoder, schedules.flow(), "velocity")
    with pytest.raises(ValueError, match="has diffusion paths only"):
        save_miniature(tmp_path / "flow", flow)
    assert not (tmp_path / "flow").exists()

"""The text-to-image system of this course as a pipeline directory that production code loads, without a network.

    save_miniature("miniature")
    from diffusion_lessons.pipelines import parts, schedulers    # so that `diffusers` knows the classes it finds named
    pipe = StableDiffusionPipeline.from_pretrained("miniature")  # Stable Diffusion's own class, on our trained parts
    pipe("a red seven", num_inference_steps=10, guidance_scale=4.0).images[0]

Since 0.42 `diffusers` imports no module because a folder names it: whoever loads the folder imports it first.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from diffusion_lessons import networks
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.checkpoints import load
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.machine.files import check_writable
from diffusion_lessons.pipelines.configs import PREDICTS, quiet_import, why_no_pipelines


def miniature(denoise: CaptionDenoiser | None = None, sampler: str = "dpm_solver_pp_2m") -> Any:
    """A `StableDiffusionPipeline` of trained parts: tokenizer, text encoder, U-Net, decoder and our scheduler.

    denoise: by default `load("captions-diffusion")`. Its path has to be the cosine path, which `diffusers` knows as
    `squaredcos_cap_v2`; so every scheduler of `diffusers` can take the place of ours.

    Raises ImportError without the extra "pipelines", ValueError for another path or a sampler that has no table.
    """
    if reason := why_no_pipelines():
        raise ImportError(reason)
    with quiet_import():
        from diffusers import StableDiffusionPipeline

    from diffusion_lessons.pipelines.parts import MiniatureDecoder, MiniatureText, MiniatureUNet, tokenizer
    from diffusion_lessons.pipelines.schedulers import LessonScheduler

    if denoise is None:
        denoise = load("captions-diffusion")  # type: ignore[assignment]
    check_value("denoise", denoise, CaptionDenoiser)
    assert denoise is not None
    if denoise.path.card["path"] != "cosine":
        raise ValueError(f"StableDiffusionPipeline has diffusion paths only, and this network's is {denoise.path}")
    text = denoise.text.encoder
    unet = MiniatureUNet(networks.card(denoise.unet), *(denoise.shape or ())[:2])
    encoder, decoder = MiniatureText(**asdict(text.config)), MiniatureDecoder(networks.card(denoise.autoencoder))
    for part, trained in ((unet, denoise.unet), (encoder, text), (decoder, denoise.autoencoder)):
        part.network.load_state_dict(trained.state_dict())
        part.eval().requires_grad_(False)
    return StableDiffusionPipeline(
        vae=decoder,
        text_encoder=encoder,
        tokenizer=tokenizer(),
        unet=unet,
        scheduler=LessonScheduler(
            num_train_timesteps=int(denoise.path.T),
            beta_schedule="squaredcos_cap_v2",
            prediction_type={ours: theirs for theirs, ours in PREDICTS.items()}[denoise.predicts],
            sampler=sampler,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def save_miniature(
    folder: str | Path, denoise: CaptionDenoiser | None = None, sampler: str = "dpm_solver_pp_2m"
) -> Path:
    """Write the miniature as a pipeline directory, some 15 MB, and return its path; see `miniature`."""
    folder = Path(folder)
    check_writable(folder / "model_index.json")
    miniature(denoise, sampler).save_pretrained(folder)
    return folder

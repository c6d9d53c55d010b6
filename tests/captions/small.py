"""A text-to-image system with random weights: what is tested with it is the plumbing."""

from pathlib import Path

import torch

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.judge import JUDGE
from diffusion_lessons.checkpoints.captions import PARTS, entries_of
from diffusion_lessons.data.captions.vocabulary import VOCABULARY
from diffusion_lessons.networks.autoencoder import Autoencoder, AutoencoderConfig
from diffusion_lessons.networks.classifier import Classifier, ClassifierConfig
from diffusion_lessons.networks.contrastive import Contrastive, ContrastiveConfig
from diffusion_lessons.networks.latent_unet import LatentUNet, LatentUNetConfig
from diffusion_lessons.networks.text import TextConfig

PROMPTS = ["a thick red seven", "a blue disc and a six"]


def small_parts() -> tuple[LatentUNet, Contrastive, Autoencoder]:
    torch.manual_seed(0)
    network = LatentUNet(LatentUNetConfig(widths=(16, 32), heads=(2, 4), context=16, embedding=16))
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.copy_(0.1 * torch.randn(parameter.shape))
    text = TextConfig(words=len(VOCABULARY), width=16, heads=2, out=8)
    contrastive = Contrastive(ContrastiveConfig(text, ClassifierConfig(channels=3, classes=8, widths=(8, 8))))
    autoencoder = Autoencoder(AutoencoderConfig(fine=16, coarse=16))
    for part in (network, contrastive, autoencoder):
        part.eval().requires_grad_(False)
    return network, contrastive, autoencoder


def small_denoiser(**options) -> CaptionDenoiser:
    network, contrastive, autoencoder = small_parts()
    return CaptionDenoiser(network, contrastive.text, autoencoder, schedules.cosine(), "v", **options)


def save_system(folder: Path) -> Path:
    """captions-diffusion.safetensors, in one folder with its parts, in full precision."""
    network, contrastive, autoencoder = small_parts()
    files = {
        part: checkpoints.save(folder / PARTS[part], made, None, None, shape=(3, 32, 32), dtype=torch.float32)
        for part, made in (("text", contrastive), ("autoencoder", autoencoder))
    }
    about = {"parts": entries_of(files), "recipe": {"condition_dropout": 0.1}}
    file, path = folder / "captions-diffusion", schedules.cosine()
    return checkpoints.save(file, network, path, "v", shape=(4, 8, 8), about=about, dtype=torch.float32)


def save_judge(folder: Path) -> Path:
    """captions-judge.safetensors with random weights."""
    torch.manual_seed(0)
    return checkpoints.save(folder / "captions-judge", Classifier(JUDGE), None, None, shape=(3, 32, 32))

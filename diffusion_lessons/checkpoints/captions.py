"""The parts of the text-to-image system, read from their files: each has its own, and a denoiser's card names two."""

from pathlib import Path
from typing import Any

import torch

from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.networks.autoencoder import Autoencoder
from diffusion_lessons.networks.classifier import Classifier
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.networks.text import TextEncoder

PARTS = {"text": "captions-contrastive", "autoencoder": "captions-autoencoder"}  # what a denoiser is trained with


def load_judge(name_or_path: str | Path = "captions-judge", device: str | torch.device = "cpu") -> Judge:
    """The judge, from the package or from a path. Raises what `checkpoints.load` raises."""
    return Judge(cards.load_network(name_or_path, Classifier, device)[0])


def load_contrastive(name_or_path: str | Path = PARTS["text"], device: str | torch.device = "cpu") -> Contrastive:
    """The text and the image encoder, whose cosine is the CLIP score. Raises what `checkpoints.load` raises."""
    return cards.load_network(name_or_path, Contrastive, device)[0]


def load_autoencoder(
    name_or_path: str | Path = PARTS["autoencoder"], device: str | torch.device = "cpu"
) -> Autoencoder:
    """Pictures to latents and back. Raises what `checkpoints.load` raises."""
    return cards.load_network(name_or_path, Autoencoder, device)[0]


def load_parts(file: Path, card: dict[str, Any], device: torch.device) -> tuple[TextEncoder, Autoencoder]:
    """The text encoder and the autoencoder that the card of the denoiser in `file` names.

    Raises FileNotFoundError for a part that is not there, ValueError for another than the one it was trained with.
    """
    text, autoencoder = (find_part(file, card, part) for part in PARTS)
    return load_contrastive(text, device).text, load_autoencoder(autoencoder, device)


def entries_of(files: dict[str, Path]) -> dict[str, dict[str, str]]:
    """What a denoiser's card says of the parts that it was trained with: name and SHA-256 of each."""
    return {part: {"name": file.stem, "sha256": cards.read_card(file)["sha256"]} for part, file in files.items()}


def find_part(file: Path, card: dict[str, Any], part: str) -> Path:
    """The file of a part of the denoiser in `file`, where `beside` finds it.

    Raises ValueError for another than the one that the denoiser was trained with.
    """
    try:
        name, sha256 = str(card["parts"][part]["name"]), str(card["parts"][part]["sha256"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the card of {file} does not say which {part} belongs to it: copy it again") from error
    found = beside(file, name)
    if cards.read_card(found)["sha256"] == sha256:
        return found
    raise ValueError(
        f"{file} was trained with another {name} than {found}, one of SHA-256 {sha256[:12]}...: put that one beside it"
    )


def beside(file: Path, name: str) -> Path:
    """A part that lies in the same folder as this one, or in one of its own beside that, or else the package's.

    Raises FileNotFoundError where there is none.
    """
    places = [file.with_name(f"{name}.safetensors"), file.parent.parent / name / f"{name}.safetensors"]
    return next((place for place in places if place.is_file()), None) or cards.find(name)

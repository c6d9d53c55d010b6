"""The parts of the text-to-image system: what each is, what it sees, and what it minimises.

They are trained in the order of `names()`; a denoiser needs the text encoder and the autoencoder first. Every step's
scenes follow from (seed, step), as in all trainings of the course.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from diffusion_lessons import checkpoints
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.captions.judge import JUDGE, judge_loss
from diffusion_lessons.checkpoints.captions import PARTS
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.data.captions.vocabulary import VOCABULARY
from diffusion_lessons.machine.devices import moved
from diffusion_lessons.machine.fields import check_name
from diffusion_lessons.networks.autoencoder import Autoencoder, AutoencoderConfig, reconstruction_loss
from diffusion_lessons.networks.classifier import Classifier
from diffusion_lessons.networks.contrastive import Contrastive, ContrastiveConfig
from diffusion_lessons.networks.latent_unet import LatentUNet, LatentUNetConfig
from diffusion_lessons.networks.text import TextConfig
from diffusion_lessons.sampling import Settings
from diffusion_lessons.training.base import BaseRecipe, DenoiserRecipe, changed
from diffusion_lessons.training.batches import Batch, epoch_indices, mixed, rows_of, step_generator, stratified
from diffusion_lessons.training.captions.scenery import LatentScenes, Scenery, draw_tokens
from diffusion_lessons.training.losses import loss, sample_times
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Objective

KL_WEIGHT = 1e-6
SETTLING = 40  # batches of 256 pictures


class Judged(NamedTuple):
    """Pictures [B, 3, 32, 32] and the attributes of their scenes, int64 [B, 9]."""

    pictures: Tensor
    attributes: Tensor


class Paired(NamedTuple):
    """Pictures [B, 3, 32, 32] and the word numbers [B, 14] of a sentence about each."""

    pictures: Tensor
    tokens: Tensor


class Encoded(NamedTuple):
    """Pictures [B, 3, 32, 32] and the noise [B, 4, 8, 8] of their latents."""

    pictures: Tensor
    eps: Tensor


@dataclass(frozen=True)
class PartRecipe(BaseRecipe):
    """One part of the text-to-image system; `needs` are those that must be trained before."""

    needs: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def command(self, seed: int) -> str:
        return f"diffusion-lessons train {self.name} --seed {seed}"

    def objective(self, data: Any) -> Objective:
        """What a step minimises."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it minimises")


@dataclass(frozen=True)
class JudgeRecipe(PartRecipe):
    """Read the attributes of pictures."""

    def make_network(self, data: Scenery) -> Classifier:
        return Classifier(JUDGE)

    def draw(self, data: Scenery, seed: int, step: int, *, rank: int = 0, world: int = 1) -> Judged:
        pictures, scenes = data.draw(self.batch, step_generator(seed, step))
        rows = rows_of(rank, world, self.batch)
        return Judged(*(moved(part[rows], data.device) for part in (pictures, scenes.stacked())))

    def objective(self, data: Scenery) -> Objective:
        return lambda run, network, batch: judge_loss(network(batch.pictures), Scenes(*batch.attributes.T))

    def settle(self, network: nn.Module, data: Scenery, seed: int) -> None:
        settle_norms(network, data, seed)


@dataclass(frozen=True)
class ContrastiveRecipe(PartRecipe):
    """Tell which sentence goes with which picture."""

    def make_network(self, data: Scenery) -> Contrastive:
        return Contrastive(ContrastiveConfig(text=TextConfig(words=len(VOCABULARY))))

    def draw(self, data: Scenery, seed: int, step: int, *, rank: int = 0, world: int = 1) -> Paired:
        if world > 1:
            raise ValueError(f"{self.name} compares every sentence with all pictures of the batch: use one process")
        generator = step_generator(seed, step)
        pictures, scenes = data.draw(self.batch, generator)
        return Paired(moved(pictures, data.device), moved(draw_tokens(scenes, generator), data.device))

    def objective(self, data: Scenery) -> Objective:
        return lambda run, network, batch: network(*batch)

    def settle(self, network: nn.Module, data: Scenery, seed: int) -> None:
        assert isinstance(network, Contrastive)
        settle_norms(network.image, data, seed)


@dataclass(frozen=True)
class AutoencoderRecipe(PartRecipe):
    """Draw the picture again from its latents."""

    def make_network(self, data: Scenery) -> Autoencoder:
        return Autoencoder(AutoencoderConfig(channels=data.shape[0]))

    def draw(self, data: Scenery, seed: int, step: int, *, rank: int = 0, world: int = 1) -> Encoded:
        generator, rows = step_generator(seed, step), rows_of(rank, world, self.batch)
        pictures, _ = data.draw(self.batch, generator)
        B, _, H, W = pictures.shape
        eps = torch.randn(B, AutoencoderConfig().latent, H // 4, W // 4, generator=generator)
        return Encoded(moved(pictures[rows], data.device), moved(eps[rows], data.device))

    def objective(self, data: Scenery) -> Objective:
        def redrawing(run: Run, network: nn.Module, batch: Encoded) -> Tensor:
            made, posterior = network(*batch)
            return reconstruction_loss(made, batch.pictures) + KL_WEIGHT * posterior.kl().mean()

        return redrawing

    @torch.no_grad()
    def settle(self, network: nn.Module, data: Scenery, seed: int) -> None:
        """Measure the latents' mean and deviation, which a denoiser does not meet."""
        assert isinstance(network, Autoencoder)
        latents = torch.cat([network.encode(batch).mean for batch in fresh(network, data, seed)])  # [N, 4, 8, 8]
        network.shift.copy_(latents.mean(dim=(0, 2, 3)))
        network.scale.copy_(latents.std(dim=(0, 2, 3)))


@dataclass(frozen=True)
class LatentRecipe(PartRecipe, DenoiserRecipe):
    """See latents and noise in noised latents, told by a sentence: the objective of every teacher, on latents.

    network   the latent U-Net; its channels, context and T are set by the data and the path
    cached    of how many scenes the latents are computed, once; each is described anew whenever it comes up
    The other fields are those of every denoiser's recipe (`DenoiserRecipe`); the null condition is the empty sentence.
    """

    network: LatentUNetConfig = field(default_factory=LatentUNetConfig)
    cached: int = 100_000

    needs: ClassVar[Mapping[str, str]] = MappingProxyType(PARTS)
    RANGES: ClassVar[dict[str, tuple[float, float]]] = {**DenoiserRecipe.RANGES, "cached": (1, 10**9)}

    @property
    def picture(self) -> Settings:
        return TEN_STEPS

    def make_network(self, data: LatentScenes) -> LatentUNet:
        context, T = data.text.config.width, self.make_path().T
        return LatentUNet(replace(self.network, channels=data.shape[0], context=context, T=T))

    def draw(self, data: LatentScenes, seed: int, step: int, *, rank: int = 0, world: int = 1) -> Batch:
        generator, rows = step_generator(seed, step), rows_of(rank, world, self.batch)
        chosen = epoch_indices(len(data), self.batch, seed, step)
        tokens = draw_tokens(data.scenes.rows(chosen), generator)
        tokens[torch.rand(self.batch, generator=generator) < self.condition_dropout] = 0
        u = stratified(self.batch, generator)
        x0 = data.latents[chosen].float()
        eps = torch.randn(x0.shape, generator=generator)
        x0, eps, tokens = (moved(part[rows], data.device) for part in (x0, eps, tokens))
        return Batch(x0, eps, u.double()[rows], tokens)

    def objective(self, data: LatentScenes) -> Objective:
        def told_denoising(run: Run, network: nn.Module, batch: Batch) -> Tensor:
            with torch.no_grad():
                text = data.text(batch.condition)
            t = sample_times(batch.u, run.path, self.times)
            return loss(network, batch.x0, batch.eps, t, run.path, self.predicts, text)

        return told_denoising

    def denoiser(self, network: nn.Module, data: LatentScenes) -> CaptionDenoiser:
        assert isinstance(network, LatentUNet)
        return CaptionDenoiser(network, data.text, data.autoencoder, self.make_path(), self.predicts, shape=data.shape)

    def save(self, file: str | FilePath, network: nn.Module, data: LatentScenes, about: dict[str, Any]) -> FilePath:
        entries: dict[str, Any] = {"shape": data.shape, "about": {**about, "parts": data.parts}}
        return checkpoints.save(file, network, self.make_path(), self.predicts, **entries)


def settle_norms(network: nn.Module, data: Scenery, seed: int) -> None:
    """Measure the batch norms' statistics for averaged weights, which never met any: a plain mean over fresh batches.

    Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization", section 3.2.
    """
    for norm in (part for part in network.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        for batch in fresh(network, data, seed):
            network(batch)
    network.eval()


def fresh(network: nn.Module, data: Scenery, seed: int) -> list[Tensor]:
    """Pictures that no step of the run saw, on the network's device."""
    generator, device = torch.Generator().manual_seed(mixed(seed, 11, 1)), next(network.parameters()).device
    return [data.draw(256, generator)[0].to(device) for _ in range(SETTLING)]


_DIFFUSION = LatentRecipe(
    "captions-diffusion", "captions", images=2_560_000, batch=64, learning_rate=2.5e-3, compile=True
)
_FLOW: dict[str, Any] = {"path": {"path": "flow"}, "predicts": "velocity", "times": "logit_normal"}
_RECIPES = {
    recipe.name: recipe
    for recipe in (
        JudgeRecipe("captions-judge", "captions", images=500_000, learning_rate=4e-3),
        ContrastiveRecipe("captions-contrastive", "captions", images=200_000, batch=256),
        AutoencoderRecipe("captions-autoencoder", "captions", images=160_000, batch=64),
        _DIFFUSION,
        replace(_DIFFUSION, name="captions-flow", **_FLOW),
    )
}


def names() -> tuple[str, ...]:
    """The parts, in the order in which they can be trained."""
    return tuple(_RECIPES)


def get(name: str, **changes: Any) -> PartRecipe:
    """The recipe of this name, with any field changed. Raises ValueError for an unknown name or field."""
    check_name("part", name, _RECIPES)
    return changed(_RECIPES[name], changes)

"""The exact problems on which samplers are tested."""

import torch

from diffusion_lessons import samplers, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.estimates import target

MIXTURE = toys.GaussianMixture([[-1.0, 0.3], [0.8, -0.5], [0.2, 1.0]], stds=[0.25, 0.35, 0.2], weights=[3, 5, 2])
POINT = toys.GaussianMixture([[1.0, -0.5]], stds=0.0)

GRIDDED = {name: s for name, s in samplers.ALL.items() if s.info.stages is not None}  # times chosen by the caller
ODE = {name: s for name, s in GRIDDED.items() if s.info.deterministic}


def noise(path, batch=8, shape=(2,), seed=0, dtype=torch.float64):
    return path.prior((batch, *shape), generator=torch.Generator().manual_seed(seed), dtype=dtype)


def seeded(seed=0):
    """The generator that every sampler takes."""
    return {"generator": torch.Generator().manual_seed(seed)}


def head(path, predicts, mixture=MIXTURE):
    """The exact denoiser seen through a network of this prediction type."""
    exact = mixture.denoiser(path)

    def network(x, t):
        return target(predicts, *exact(x, t), path, t)

    return Denoiser(network, path, predicts)


def rms(difference):
    return difference.square().mean().sqrt().item()

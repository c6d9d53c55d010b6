"""Memorization: does a sampler reproduce training images? (C22)"""

import torch

from claims.evidence import FAILS, HOLDS, Evidence, named
from claims.ledger import measures, on
from diffusion_lessons import checkpoints, samplers, schedules
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.data import load_data
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.memorization import Probe, memorization_probe
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys.mixtures import point_masses


@measures("C22", on("the exact denoiser of fifty digits"))
def fifty_digits_by_heart() -> Evidence:
    """The memorization probe on a model that holds its training images and nothing else."""
    images = load_data("digits", "all").images
    train, held_out = images[:50], images[50:150]
    path = schedules.cosine()
    x = path.prior((200, *train.shape[1:]), torch.Generator().manual_seed(0))
    samples = samplers.sample(samplers.ddim, point_masses(train).denoiser(path), x, path, path.grid(20))
    return _evidence(
        memorization_probe(samples, train, held_out), "The best denoiser of a finite training set repeats it"
    )


@measures("C22", on("mnist-diffusion", needs=["mnist-diffusion", "mnist-features"]))
def a_network_from_the_whole_set() -> Evidence:
    """The same probe on a trained network, among features of 10,000 training and 10,000 held-out images."""
    samples = timed_samples(checkpoints.load("mnist-diffusion"), Settings("dpm_solver_pp_2m", 10), 300)
    train, held_out = (features.reference("mnist", split).features for split in ("train", "test"))
    return _evidence(
        memorization_probe(features.features(samples.x, "mnist"), train, held_out),
        "A network that has seen many images",
    )


def _evidence(probe: Probe, who: str) -> Evidence:
    spread = (probe.interval[1] - probe.interval[0]) / 4  # a 95 % interval is four standard errors wide
    return Evidence(
        HOLDS if probe.memorised else FAILS,
        f"{who}: {probe}.",
        [
            named("share of copies", probe.copied, spread),
            named("share among real held-out images", probe.by_chance, None),
            named("share nearer to the training set", probe.closer, None),
        ],
    )

"""Claims measured on the networks themselves: C6 and C13 on MNIST, C22 on fifty digits and on MNIST."""

import time
from statistics import median

import torch

from claims.ledger import CONDITION, FAILS, HOLDS, Evidence, Number, measures
from diffusion_lessons import checkpoints, samplers, schedules
from diffusion_lessons.benchmark.plans import CLIP
from diffusion_lessons.benchmark.rows import Configuration
from diffusion_lessons.benchmark.timed_samples import timed_samples
from diffusion_lessons.data import load_data
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.memorization import Probe, memorization_probe
from diffusion_lessons.toys import point_masses


@measures("C6", on="mnist-diffusion, one device", needs=("mnist-diffusion",))
def a_network_repeats_itself() -> Evidence:
    """Two runs of a network, equal bit for bit; and how far another batch size moves them."""
    denoise = checkpoints.load("mnist-diffusion")
    one, two, alone = (timed_samples(denoise, Configuration("ddim", 5, batch=batch), 8).x for batch in (8, 8, 1))
    same = torch.equal(one, two)
    moved = float((one - alone).abs().max())
    return Evidence(
        HOLDS if same and moved < 1e-3 else CONDITION if same else FAILS,
        "The same call gives the same bits. One image at a time instead of eight, sums are rounded in another order.",
        [Number("largest change of a pixel, eight together against one by one", moved)],
    )


@measures("C13", on="latency of mnist-diffusion", needs=("mnist-diffusion",))
def latency_of_guidance() -> Evidence:
    """Seconds of a guided step, as one doubled batch and as two passes, over those of an unguided one; interleaved."""
    denoise = checkpoints.load("mnist-diffusion")
    numbers = []
    for batch in (1, 32):
        x = denoise.path.prior((batch, *denoise.shape), torch.Generator().manual_seed(0))  # type: ignore[misc]
        ways = {
            "unguided": classifier_free(denoise, 0, 1.0),
            "doubled batch": classifier_free(denoise, 0, 3.0),
            "two passes": classifier_free(denoise, 0, 3.0, batched=False),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        with torch.no_grad():
            for repeat in range(8):
                for name, way in ways.items():
                    began = time.perf_counter()
                    way(x, 500.0)
                    if repeat:  # the first is warm-up
                        seconds[name].append(time.perf_counter() - began)
        for name in ("doubled batch", "two passes"):
            ratios = torch.tensor(seconds[name]) / torch.tensor(seconds["unguided"])
            spread = float(ratios.std()) / len(ratios) ** 0.5
            numbers.append(Number(f"batch {batch}, {name}: times an unguided step", median(ratios.tolist()), spread))
    near_two = all(1.5 < number.value < 2.5 for number in numbers)
    return Evidence(
        HOLDS if near_two else CONDITION,
        "Two evaluations take about twice the time where the device is busy with one already. A device with room to "
        "spare computes a doubled batch in less.",
        numbers,
    )


@measures("C22", on="the exact denoiser of fifty digits")
def fifty_digits_by_heart() -> Evidence:
    """The memorization probe on a model that holds its training images and nothing else."""
    images = load_data("digits", "all").images
    train, held_out = images[:50], images[50:150]
    path = schedules.cosine()
    x = path.prior((200, *train.shape[1:]), torch.Generator().manual_seed(0))
    found = samplers.sample(samplers.ddim, point_masses(train).denoiser(path), x, path, path.grid(20))
    return _evidence(
        memorization_probe(found, train, held_out), "The best denoiser of a finite training set repeats it"
    )


@measures("C22", on="mnist-diffusion", needs=("mnist-diffusion", "mnist-features"))
def a_network_from_the_whole_set() -> Evidence:
    """The same probe on a trained network, among features of 10,000 training and 10,000 held-out images."""
    drawn = timed_samples(checkpoints.load("mnist-diffusion"), Configuration("dpm_solver_pp_2m", 10, clip=CLIP), 300)
    train, held_out = (features.reference("mnist", split).features for split in ("train", "test"))
    return _evidence(
        memorization_probe(features.features(drawn.x, "mnist"), train, held_out), "A network that has seen many images"
    )


def _evidence(found: Probe, who: str) -> Evidence:
    half = (found.interval[1] - found.interval[0]) / 4  # a 95 % interval is four standard errors wide
    return Evidence(
        HOLDS if found.memorised else FAILS,
        f"{who}: {found}.",
        [
            Number("share of copies", found.copied, half),
            Number("share among real held-out images", found.by_chance, None),
            Number("share nearer to the training set", found.closer, None),
        ],
    )

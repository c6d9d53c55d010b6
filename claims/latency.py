"""What a sample costs in evaluations and seconds: guidance, half precision, a thousand steps (C13, C16, C26)."""

import time
from statistics import median
from typing import Any

import torch

from claims.evidence import CONDITION, FAILS, HOLDS, NOT_MEASURABLE, Evidence, named
from claims.guidance import PATH, classes
from claims.ledger import measures, on
from claims.tables import DDPM, on_tables, row, score, speed_up
from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.metrics.errors import resolved


@measures("C13", on("counted evaluations"))
def two_passes() -> Evidence:
    """Network evaluations of a step at scales 0, 1 and 3, and within an interval of noise levels."""
    both = classes((-1.0, 0.5), (1.0, 0.3)).denoiser(PATH)
    x, times = PATH.prior((8, 1), torch.Generator().manual_seed(0)), PATH.grid(20)

    def per_step(**guidance: Any) -> float:
        counted = count_calls(classifier_free(both, 0, **guidance))
        samplers.sample(samplers.ddim, counted, x, PATH, times)
        return counted.nfe / 20

    numbers = [
        named("evaluations a step at scale 3", per_step(scale=3.0)),
        named("at scale 1", per_step(scale=1.0)),
        named("at scale 0", per_step(scale=0.0)),
        named("at scale 3 for noise levels 0.2 to 3 only", per_step(scale=3.0, interval=(0.2, 3.0))),
    ]
    exact = [n.n for n in numbers[:3]] == [2, 1, 1] and numbers[3].n < 2
    return Evidence(
        CONDITION if exact else FAILS,
        "Exactly twice the evaluations wherever the scale is neither 0 nor 1. Guidance in an interval of noise levels "
        "pays for the second pass inside it only.",
        numbers,
    )


@measures("C13", on("latency of mnist-diffusion", needs=["mnist-diffusion"]))
def latency_of_guidance() -> Evidence:
    """Seconds of a guided step, as one doubled batch and as two passes, over those of an unguided one; interleaved."""
    denoise = checkpoints.load("mnist-diffusion")
    numbers = []
    for batch in (1, 32):
        x = denoise.path.prior((batch, *denoise.shape), torch.Generator().manual_seed(0))  # type: ignore[misc]
        denoisers = {
            "unguided": classifier_free(denoise, 0, 1.0),
            "doubled batch": classifier_free(denoise, 0, 3.0),
            "two passes": classifier_free(denoise, 0, 3.0, batched=False),
        }
        seconds: dict[str, list[float]] = {name: [] for name in denoisers}
        with torch.no_grad():
            for repeat in range(8):
                for name, guided in denoisers.items():
                    began = time.perf_counter()
                    guided(x, 500.0)
                    if repeat:  # the first is warm-up
                        seconds[name].append(time.perf_counter() - began)
        for name in ("doubled batch", "two passes"):
            ratios = torch.tensor(seconds[name]) / torch.tensor(seconds["unguided"])
            spread = float(ratios.std()) / len(ratios) ** 0.5
            numbers.append(named(f"batch {batch}, {name}: times an unguided step", median(ratios.tolist()), spread))
    near_two = all(1.5 < number.n < 2.5 for number in numbers)
    return Evidence(
        HOLDS if near_two else CONDITION,
        "Two evaluations take about twice the time where the device is busy with one already. A device with room to "
        "spare computes a doubled batch in less.",
        numbers,
    )


@measures("C16", on_tables("mnist-diffusion in bfloat16"))
def half_precision() -> Evidence:
    """The same samples in float32 and in bfloat16: distance and time."""
    half = row("dpm_solver_pp_2m", 10, precision="bfloat16")
    whole = row("dpm_solver_pp_2m", 10, half.samples)
    faster = speed_up(half, whole)
    times = named("bfloat16: times faster than float32", faster.n, faster.s)
    same = not resolved(score(half) - score(whole))
    return Evidence(
        CONDITION if same else FAILS,
        "What is measured here is bfloat16 on one device, the half precision that it computes in; the claim's FP16 "
        "and INT8 are hardware's as much as the network's. The distance "
        + ("does not change beyond its spread." if same else "changes beyond its spread."),
        [score(half, name="bfloat16"), score(whole, name="float32"), times],
    )


@measures("C26", on_tables("mnist-diffusion"))
def absolute_latency() -> Evidence:
    """Our own seconds for a thousand steps, which are not those of the hardware that the claim has in mind."""
    slow = row(*DDPM)
    if slow.seconds_per_image is None:
        raise NotMeasured("latency of DDPM in 1000 steps")
    seconds = named(f"seconds an image, 1000 steps, batch {slow.settings.batch}", slow.seconds_per_image)
    return Evidence(
        NOT_MEASURABLE,
        f"A latency belongs to its network, batch and device. Ours: {slow.parameters:,} parameters on {slow.device}. "
        "The claim names none of the three. And guided DDPM costs twice its thousand evaluations.",
        [seconds],
    )

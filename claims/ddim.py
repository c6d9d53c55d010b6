"""DDIM beside DDPM: quality in 50 and in 10 steps, repeatability, diversity and the limit (C1, C2, C6, C7, C25)."""

from itertools import pairwise

import torch
from torch import Tensor

from claims import distances
from claims.distances import BROAD, LINEAR, MIXTURES, ON_BOTH, ddim, ddpm_in_full, distance
from claims.evidence import (
    CONDITION,
    FAILS,
    HOLDS,
    NOT_RESOLVABLE,
    Evidence,
    about_as_good,
    by_cases,
    hidden_difference,
    if_resolvable,
    named,
    smaller,
)
from claims.ledger import measures, on
from claims.tables import DDPM, floor, on_tables, row, rows_at_one_count, score, speed_up
from diffusion_lessons import checkpoints, samplers
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.metrics.errors import resolved
from diffusion_lessons.sampling import Settings


@measures("C1", on_tables("mnist-diffusion"))
def fifty_steps_on_mnist() -> Evidence:
    """DDIM in 50 steps and DDPM in 1000, at one sample count, with the latencies of the same machine."""
    slow = row(*DDPM)
    fast = row("ddim", 50, slow.samples)
    ours, theirs, times = score(fast), score(slow), speed_up(fast, slow)
    verdict = by_cases([about_as_good(ours, theirs), 10 < times.n < 40])
    return Evidence(
        if_resolvable(verdict, [ours], theirs),
        f"The two distances {'differ' if resolved(ours - theirs) else 'cannot be told apart'}; with this many "
        f"samples a difference below {hidden_difference(ours, theirs):.0%} would not be seen. The evaluations are 20 "
        "times fewer by construction.",
        [ours, theirs, floor(slow), times, named("times fewer evaluations", slow.nfe / fast.nfe)],
    )


@measures("C1", on(ON_BOTH))
def fifty_exact_steps() -> Evidence:
    """DDIM in 50 steps and DDPM in 1000.

    Trained networks lie near their floor from five steps on, and few images resolve nothing there. A mixture with its
    exact denoiser has no error but the sampler's, and numbers cost nothing: many seeds of many samples.
    """
    pairs = [(ddim(50, mixture), ddpm_in_full(mixture)) for mixture in MIXTURES]
    verdict = by_cases([about_as_good(one, other) for one, other in pairs])
    for one, other in pairs:
        verdict = if_resolvable(verdict, [one], other)
    factors = " and ".join(f"{one.n / other.n:.2g}" for one, other in pairs)
    return Evidence(
        verdict,
        f"With the exact denoiser DDIM in 50 steps ends {factors} times as far from the law as DDPM in 1000, with 20 "
        "times fewer evaluations. Of DDPM's distance most is that of any so many samples.",
        [*(number for pair in pairs for number in pair), *map(distances.floor, MIXTURES)],
    )


@measures("C2", on_tables("mnist-diffusion"))
def ten_steps_on_mnist() -> Evidence:
    """DDIM in 10 and in 50 steps: distance, and share of samples that are the digit asked for."""
    ten, fifty = rows_at_one_count(("ddim", 10, {}), ("ddim", 50, {}))
    worse = score(ten) - score(fifty)
    adherence, ceiling = score(ten, "adherence"), floor(ten, "adherence")
    falls, usable = worse.n > 0, adherence.n > 0.95 * score(fifty, "adherence").n
    return Evidence(
        NOT_RESOLVABLE if not resolved(worse) else HOLDS if falls and usable else CONDITION,
        f"From 50 to 10 steps the distance changes by {worse.n:+.2g}, {'more' if resolved(worse) else 'less'} than "
        f"two standard errors; the classifier recognises {adherence.n:.1%} of the ten-step samples as what was asked "
        f"for, and {ceiling.n:.1%} of real images.",
        [score(ten), score(fifty), floor(ten), adherence, score(fifty, "adherence"), ceiling],
    )


@measures("C2", on(ON_BOTH))
def ten_exact_steps() -> Evidence:
    """DDIM in 10 steps and in 50."""
    pairs = [(ddim(10, mixture), ddim(50, mixture)) for mixture in MIXTURES]
    falls = all(smaller(fifty, ten) for ten, fifty in pairs)
    factors = " and ".join(f"{ten.n / fifty.n:.2g}" for ten, fifty in pairs)
    return Evidence(
        CONDITION if falls else FAILS,
        f"From 50 to 10 steps the distance to the law becomes {factors} times as large. Whether that is still usable "
        "is no question that numbers on a line can answer.",
        [*(number for pair in pairs for number in pair), *map(distances.floor, MIXTURES)],
    )


@measures("C6", on("mnist-diffusion, one device", needs=["mnist-diffusion"]))
def a_network_repeats_itself() -> Evidence:
    """Two runs of a network, equal bit for bit; and how far another batch size moves them."""
    denoise = checkpoints.load("mnist-diffusion")
    together, alone = (Settings("ddim", 5, limit=None, batch=batch) for batch in (8, 1))
    one, two, single = (timed_samples(denoise, settings, 8).x for settings in (together, together, alone))
    same = torch.equal(one, two)
    moved = float((one - single).abs().max())
    return Evidence(
        HOLDS if same and moved < 1e-3 else CONDITION if same else FAILS,
        "The same call gives the same bits. One image at a time instead of eight, sums are rounded in another order.",
        [named("largest change of a pixel, eight together against one by one", moved)],
    )


@measures("C6", on("an exact mixture, one device"))
def same_seed_same_sample() -> Evidence:
    """Bit equality of two runs; the stochastic sampler repeats itself only with the generator's seed."""
    x = LINEAR.prior((64, 1), torch.Generator().manual_seed(0))
    denoise, times = BROAD.denoiser(LINEAR), LINEAR.grid(20)

    def run(eta: float, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return samplers.sample(samplers.ddim, denoise, x, LINEAR, times, eta=eta, generator=generator)

    repeated = torch.equal(run(0.0, 0), run(0.0, 1)) and torch.equal(run(1.0, 0), run(1.0, 0))
    differ = not torch.equal(run(1.0, 0), run(1.0, 1))
    return Evidence(
        HOLDS if repeated and differ else FAILS,
        "With eta = 0 two runs from the same noise are equal bit for bit. With eta = 1 the seed of the sampler's own "
        "noise must be the same as well. On another device or batch size sums are rounded in another order: equal to "
        "rounding, not bit for bit.",
    )


@measures("C7", on_tables("mnist-diffusion"))
def diversity() -> Evidence:
    """Recall, coverage and diversity of DDIM in 50 steps and DDPM in 1000."""
    slow = row(*DDPM)
    fast = row("ddim", 50, slow.samples)
    pairs = [(score(fast, metric), score(slow, metric)) for metric in ("recall", "coverage", "diversity")]
    differences = [a - b for a, b in pairs if resolved(a - b)]
    less = all(difference.n < 0 for difference in differences)
    return Evidence(
        NOT_RESOLVABLE if not differences else HOLDS if less else CONDITION,
        f"{len(differences)} of {len(pairs)} figures of diversity differ by more than two standard errors.",
        [number for pair in pairs for number in pair] + [floor(slow, "recall"), floor(slow, "coverage")],
    )


@measures("C25", on("an exact mixture, linear path"))
def the_same_limit() -> Evidence:
    """The distance of DDIM and DDPM as steps grow to 1000."""
    steps = (5, 10, 20, 50, 100, 1000)
    ode, noisy = ([distance("ddim", count, **eta) for count in steps] for eta in ({}, {"eta": 1.0}))
    exact = distances.floor()
    there = all(not smaller(exact, curve[-1]) or curve[-1].n < 1.5 * exact.n for curve in (ode, noisy))
    falling = all(a.n > b.n for a, b in pairwise(ode))
    return Evidence(
        HOLDS if there and falling else CONDITION if there else FAILS,
        "After 1000 steps both are as close to the law as exact samples are, and DDIM's distance grows steadily as "
        "steps are taken away.",
        [*ode, *noisy, exact],
    )

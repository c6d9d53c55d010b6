"""Negative prompts: what they sample, and whether one should always be used (C15, C27)."""

from functools import partial

import torch

from claims.distances import over_seeds
from claims.evidence import CONDITION, FAILS, NOT_RESOLVABLE, Evidence, by_cases, named, smaller
from claims.guidance import SCALE, classes, guided_samples, moment
from claims.ledger import measures, on
from claims.tables import guided, guided_floor, guided_score, on_tables
from diffusion_lessons.metrics.errors import resolved
from diffusion_lessons.toys import ConditionalMixture, GaussianMixture
from diffusion_lessons.toys.one_dimension import wasserstein_1
from diffusion_lessons.toys.tilted import density_ratio, guided_density


@measures("C15", on("exact Gaussians"))
def the_bare_ratio() -> Evidence:
    """Whether p(x|c+) / p(x|c-) is a distribution, and where negative guidance really ends."""
    both = classes((1.0, 0.5), (0.0, 0.5))
    improper = []
    for positive, negative in (((1.0, 0.5), (0.0, 0.5)), ((1.0, 0.5), (0.0, 0.4)), ((1.0, 0.4), (0.0, 0.8))):
        p, n = (GaussianMixture([[mean]], stds=std) for mean, std in (positive, negative))
        try:
            density_ratio(p, n).log_normaliser  # noqa: B018 - asked for its error
        except ValueError:
            improper.append((positive, negative))
    tilted = guided_density(both.classes[1], both.classes[0], SCALE)
    mean = over_seeds("mean of guided samples", partial(moment, torch.mean, both, "ddim"))
    numbers = [
        named("ratios without a normaliser, of 3 tried", float(len(improper))),
        mean,
        named("mean of p_-^(1-s) p_+^s", float(tilted.mean)),
    ]
    return Evidence(
        FAILS,
        f"In {len(improper)} of 3 pairs of Gaussians the bare ratio has no normaliser: it is no distribution, and "
        "nothing can sample from it. What a negative prompt steers towards is p_-^(1-s) p_+^s, with the positive "
        "raised to s and the negative to 1 - s; with equal covariances the samples follow it.",
        numbers,
    )


@measures("C27", on("exact mixtures with spoiled samples"))
def a_default_against_spoiled_samples() -> Evidence:
    """The distance to the clean distribution at scale 2, with spoiled samples as the negative and without any.

    Class 0 is what a model draws on request, clean numbers and a share of spoiled ones about the same mean; class 1 is
    the spoiled ones.
    """
    clean, spoiled = GaussianMixture([[1.0]], stds=0.3), GaussianMixture([[1.0]], stds=1.0)
    numbers, helps = [], []
    for share in (0.01, 0.2, 0.5):
        conditional = GaussianMixture([[1.0], [1.0]], stds=[0.3, 1.0], weights=[1 - share, share])
        both = ConditionalMixture([conditional, spoiled])

        def distance(seed: int, negative: int | None, both: ConditionalMixture = both) -> float:
            return wasserstein_1(guided_samples(both, 2.0, seed, negative=negative), clean)

        without, with_negative = (
            over_seeds(f"{share:.0%} spoiled: {name}", partial(distance, negative=negative))
            for name, negative in (("no negative", None), ("negative", 1))
        )
        numbers += [without, with_negative]
        helps.append(smaller(with_negative, without))
    return Evidence(
        by_cases(helps),
        f"The negative brings the samples nearer to the clean law in {sum(helps)} of {len(helps)} cases: it pays where "
        "much of what the model draws is spoiled in just that way. Where little is, it only pushes harder, and takes "
        "clean samples farther from their law than guidance without it.",
        numbers,
    )


@measures("C27", on_tables("digits-diffusion, which knows smudged digits", "digits-diffusion"))
def a_default_against_smudged_digits() -> Evidence:
    """Guidance away from smudged digits against guidance away from no condition, at one scale."""
    plain = guided(2.0, "digits-diffusion", limit=1.0)
    away = guided(2.0, "digits-diffusion", limit=1.0, negative=10)
    pairs = {
        metric: (guided_score(away, metric, "negative: smudged"), guided_score(plain, metric, "no negative"))
        for metric in ("frechet", "adherence", "diversity")
    }
    better = pairs["frechet"][1] - pairs["frechet"][0]
    return Evidence(
        NOT_RESOLVABLE if not resolved(better) else CONDITION if better.n > 0 else FAILS,
        "At scale 2 on these digits a default negative "
        + ("makes no difference that can be told" if not resolved(better) else "helps" if better.n > 0 else "harms")
        + " in distance. 'Always' is more than one data set can show.",
        [*(number for pair in pairs.values() for number in pair), guided_floor(plain, "frechet")],
    )

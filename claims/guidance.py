"""Guidance: its scale, what it does to the samples, and negative prompts (C11, C12, C14, C15, C21, C27 to C29)."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

from claims.distances import over_seeds
from claims.evidence import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, Evidence, by_cases, named, smaller
from claims.ledger import measures, on
from claims.tables import DIGITS, MNIST, guided, guided_floor, guided_score, on_tables, quality
from diffusion_lessons import samplers, schedules
from diffusion_lessons.benchmark.plans import SCALES
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.metrics.errors import resolved
from diffusion_lessons.toys.mixtures import ConditionalMixture, GaussianMixture
from diffusion_lessons.toys.one_dimension import wasserstein_1
from diffusion_lessons.toys.tilted import density_ratio, guided_density, guided_ode_std

PATH = schedules.cosine()
SAMPLES, STEPS = 4000, 200
SCALE = 3.0


def classes(*gaussians: tuple[float, float]) -> ConditionalMixture:
    """Classes of one Gaussian each, given as (mean, std)."""
    return ConditionalMixture([GaussianMixture([[mean]], stds=std) for mean, std in gaussians])


def guided_samples(
    both: ConditionalMixture, scale: float, seed: int, sampler: str = "ddim", negative: int | None = 1
) -> Tensor:
    """Samples [n, 1] of class 0, guided away from class `negative`, or from everything (None)."""
    generator = torch.Generator().manual_seed(seed)
    x = PATH.prior((SAMPLES, 1), generator, dtype=torch.float64)
    denoise = classifier_free(both.denoiser(PATH), 0, scale, negative)
    return samplers.sample(samplers.get(sampler), denoise, x, PATH, PATH.grid(STEPS), generator=generator)


def moment(of: Callable[[Tensor], Tensor], both: ConditionalMixture, sampler: str, seed: int) -> float:
    """The mean or the standard deviation of guided samples."""
    return float(of(guided_samples(both, SCALE, seed, sampler)))


@measures("C11", on("an exact mixture"))
def scales_zero_and_one() -> Evidence:
    """Bit equality of scale 1 with the conditional estimate, and of scale 0 with the unconditional one."""
    both = classes((-1.0, 0.5), (1.0, 0.3)).denoiser(PATH)
    x = PATH.prior((64, 1), torch.Generator().manual_seed(0))
    equal = []
    for t in (900.0, 500.0, 20.0):
        for scale, plain in ((1.0, condition_on(both, 0)(x, t)), (0.0, both(x, t))):
            guided = classifier_free(both, 0, scale)(x, t)
            equal.append(torch.equal(guided.x0, plain.x0) and torch.equal(guided.eps, plain.eps))
    return Evidence(
        HOLDS if all(equal) else FAILS,
        f"Equal bit for bit in {sum(equal)} of {len(equal)} comparisons, because the pass that has no weight is not "
        "made. In papers that write w = s - 1, no guidance is w = 0.",
    )


@measures("C12", MNIST, DIGITS)
def adherence_and_diversity_over_the_scale(table: str) -> Evidence:
    """Adherence, diversity, recall, excess and contrast over the scale."""
    rows = [guided(scale, table) for scale in SCALES if scale >= 1]
    metrics = ("adherence", "diversity", "recall", "excess", "contrast")
    curves = {name: [guided_score(row, name) for row in rows] for name in metrics}

    def moves(name: str, sign: int) -> bool:
        """In this direction from the first scale to the last, and never against it beyond the spread."""
        curve = curves[name]
        against = [sign * (b - a).n < 0 and resolved(b - a) for a, b in pairwise(curve)]
        total = curve[-1] - curve[0]
        return resolved(total) and sign * total.n > 0 and not any(against)

    up, down, saturates = moves("adherence", 1), moves("diversity", -1), moves("excess", 1)
    return Evidence(
        by_cases([up, down, saturates]),
        f"With the scale adherence {'rises' if up else 'does not rise steadily'}, diversity within a class "
        f"{'falls' if down else 'does not fall steadily'}, and the excess beyond the data range "
        f"{'grows' if saturates else 'does not grow steadily'}, from small scales on rather than above a threshold.",
        [number for curve in curves.values() for number in curve] + [guided_floor(rows[0], "adherence")],
    )


@measures("C14", on("exact Gaussians"))
def where_guided_samples_land() -> Evidence:
    """The std of guided samples against that of p_u^(1-s) p_c^s, for equal and for unequal covariances."""
    numbers, agree = [], []
    for name, (mean_u, std_u) in {"equal stds": (0.0, 0.5), "unequal stds": (0.0, 1.0)}.items():
        condition = GaussianMixture([[1.0]], stds=0.5)
        both = ConditionalMixture([condition, GaussianMixture([[mean_u]], stds=std_u)])
        density = guided_density(both.classes[1], condition, SCALE)
        density_std = named(f"{name}: std of the density", float(density.covariance.sqrt()))
        ode = over_seeds(f"{name}: std of DDIM's samples", partial(moment, torch.std, both, "ddim"))
        sde = over_seeds(f"{name}: std of DDPM's samples", partial(moment, torch.std, both, "ddpm"))
        flow = named(f"{name}: std of the guided ODE, S_u^(1-s) S_c^s", guided_ode_std(std_u, 0.5, SCALE, PATH))
        mean = over_seeds(f"{name}: mean of DDIM's samples", partial(moment, torch.mean, both, "ddim"))
        numbers += [density_std, ode, flow, sde, mean, named(f"{name}: mean of the density", float(density.mean))]
        agree += [abs(std.n / density_std.n - 1) < 0.03 for std in (ode, sde)]
    pushed = all(n.n > 1.0 for n in numbers if "mean of DDIM" in n.tag)
    return Evidence(
        CONDITION if pushed and not all(agree) else HOLDS if pushed else FAILS,
        f"At scale {SCALE:g} samples are pushed past the condition's mean, away from the rest. The density that this "
        "is said to sample, p_u^(1-s) p_c^s, is where they land if both covariances are equal; where they differ the "
        "ODE ends at another width, and the stochastic sampler at yet another.",
        numbers,
    )


@measures("C21", MNIST, DIGITS)
def the_best_scale(table: str) -> Evidence:
    """Where distance and adherence are best, and what 7.5 costs."""
    rows = [guided(scale, table) for scale in SCALES]
    near = min(rows, key=lambda row: quality(row, "frechet").value)
    adherent = max(rows, key=lambda row: quality(row, "adherence").value)
    usual = guided(7.5, table)
    worse = guided_score(usual, "frechet") - guided_score(near, "frechet")
    return Evidence(
        FAILS if resolved(worse) and near.settings.scale < 5 else CONDITION,
        f"The distance is smallest at scale {near.settings.scale:g} and adherence highest at "
        f"{adherent.settings.scale:g}. The two pull apart, because the distance also counts what guidance leaves "
        "out. The usual 7.5 is for text-to-image networks, whose plain conditioning is weak; ours is not.",
        [guided_score(row, metric) for metric in ("frechet", "adherence") for row in rows]
        + [guided_floor(near, "frechet")],
    )


@measures("C28", MNIST, DIGITS)
def plain_conditioning(table: str) -> Evidence:
    """Adherence at scale 1 against that of real images."""
    row = guided(1.0, table, limit=1.0 if table == "digits-diffusion" else None)
    adherence, ceiling = guided_score(row, "adherence"), guided_floor(row, "adherence")
    weak = adherence.n < 0.9 * ceiling.n
    return Evidence(
        HOLDS if weak else FAILS,
        f"At scale 1 the classifier recognises what was asked for in {adherence.n:.1%} of the samples, and in "
        f"{ceiling.n:.1%} of real images. Ten classes are an easy condition; a sentence is not.",
        [adherence, ceiling],
    )


@measures("C29", MNIST, DIGITS)
def remedies_for_oversaturation(table: str) -> Evidence:
    """Excess, contrast and adherence at scale 10: plain, rescaled, in an interval, clipped, clipped dynamically."""
    scale, name = 10.0, "s = 10"
    plain, unguided = guided(scale, table), guided(1.0, table)
    remedies = {
        f"{name}, rescaled by 0.7": guided(scale, table, rescale=0.7),
        f"{name}, in noise levels 0.2 to 3": guided(scale, table, interval=(0.2, 3.0)),
        f"{name}, clipped": guided(scale, table, limit=1.0),
        f"{name}, clipped dynamically": guided(scale, table, limit=1.0, percentile=0.995),
    }
    rows = {"s = 1": unguided, name: plain, **remedies}
    metrics = ("excess", "contrast", "adherence", "diversity", "frechet")
    numbers = [guided_score(row, metric, words) for metric in metrics for words, row in rows.items()]
    before = quality(plain, "excess").value
    tamed = sum(quality(row, "excess").value < 0.5 * before for row in remedies.values())
    nearest = min(quality(row, "frechet").value for row in remedies.values())
    return Evidence(
        FAILS if tamed == len(remedies) else CONDITION if tamed else HOLDS,
        f"At scale 10 the excess is at least halved by {tamed} of {len(remedies)} remedies: it comes with the "
        "mechanism, but it can be tuned. What no remedy brings back is the distance: the best of them is at "
        f"{nearest:.2g}, scale 1 at {quality(unguided, 'frechet').value:.2g}.",
        numbers,
    )


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

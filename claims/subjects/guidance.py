"""Guidance in closed form: its two ends, where it pushes, and what it samples (C11, C14)."""

from functools import partial

import torch

from claims.distances import COSINE
from claims.guided import SCALE, STEPS, classes, guided_samples
from claims.images import COUNTED, log_ratios
from claims.numbers import Number, less, over_seeds
from claims.register import claim, measures, on
from claims.verdicts import (
    above,
    all_of,
    between,
    by_case,
    equals,
)
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.toys.mixtures import ConditionalMixture
from diffusion_lessons.toys.tilted import guided_density, guided_ode_std

SEEDS = 12


claim("C11", "1 and 2, guidance", "Scale 1 is plain conditional sampling, and scale 0 is unconditional.")


@measures(
    "C11",
    "Bit equality of x0_hat and of eps_hat at three times: scale 1 with the conditional estimate, scale 0 with the "
    "unconditional one.",
    equals("estimates that are equal, of 12", 12),
    on("an exact mixture"),
)
def scales_zero_and_one() -> list[Number]:
    """The pass that has no weight is not made."""
    both = classes((-1.0, 0.5), (1.0, 0.3)).denoiser(COSINE)
    x = COSINE.prior((64, 1), torch.Generator().manual_seed(0))
    equal = 0
    for t in (900.0, 500.0, 20.0):
        for scale, plain in ((1.0, condition_on(both, 0)(x, t)), (0.0, both(x, t))):
            guided = classifier_free(both, 0, scale)(x, t)
            equal += torch.equal(guided.x0, plain.x0) + torch.equal(guided.eps, plain.eps)
    return [Number("estimates that are equal, of 12", equal)]


claim("C14", "2, guidance", "Guidance pushes samples toward regions where p(x given c) is much larger than p(x).")
claim("C14b", "2, guidance", "Guided samples follow the density p(x)^(1-s) p(x given c)^s.")
PAIR = classes((1.0, 0.5), (0.0, 1.0))  # the condition, and everything
EQUAL = classes((1.0, 0.5), (0.0, 0.5))


@measures(
    "C14",
    f"Mean of log p(x given c) / p(x) over guided samples of exact Gaussians, DDIM in {STEPS} steps, {SEEDS} seeds, or"
    " over the inks of pictures of *a seven*, whose exact probabilities are known: it rises from scale 1 to 2 and from"
    " 2 to 4. Of the pictures those are counted that show a seven in an ink that sevens have: at scale 1 one in 65 is"
    " orange, which no seven is, and has no logarithm. Their means are compared as if they were shares (Newcombe"
    " 1998), since all may be red, and as if independent: the pictures share their noise, which makes the interval of"
    " the difference too wide, if anything.",
    all_of(above("log ratio: s = 2 minus s = 1", 0.0), above("log ratio: s = 4 minus s = 2", 0.0)),
    on("exact Gaussians", explains=True, of={"seeds": SEEDS}),
    on("captions", needs=["captions-diffusion"], command=COUNTED, sentences=True),
)
def where_samples_go(sentences: bool = False) -> list[Number]:
    """The ratio of the two densities at the samples."""
    if sentences:
        return _where_pictures_go()
    condition, everything = EQUAL.classes

    def log_ratio(seed: int, scale: float) -> float:
        x = guided_samples(EQUAL, scale, seed)
        return float((condition.log_prob(x) - everything.log_prob(x)).mean())

    def rise(seed: int, to: float, start: float) -> float:
        return log_ratio(seed, to) - log_ratio(seed, start)

    pairs = ((2.0, 1.0), (4.0, 2.0))
    return [
        *(
            over_seeds(f"log ratio: s = {to:g} minus s = {start:g}", partial(rise, to=to, start=start), SEEDS)
            for to, start in pairs
        ),
        *(over_seeds(f"log ratio: s = {s:g}", partial(log_ratio, scale=s), SEEDS) for s in (1.0, 2.0, 4.0)),
    ]


def _where_pictures_go() -> list[Number]:
    """Of pictures of "a seven", by their ink: p(red given seven) is about three and a half times p(red)."""
    found = log_ratios("a seven", (1.0, 2.0, 4.0))
    differences = [
        less(f"log ratio: s = {to:g} minus s = {start:g}", found[to], found[start])
        for to, start in ((2.0, 1.0), (4.0, 2.0))
    ]
    return [*differences, *found.values()]


@measures(
    "C14b",
    f"Standard deviation of guided samples at scale {SCALE:g} over that of the density: within 3 % for DDIM and for "
    f"DDPM, {SEEDS} seeds.",
    by_case(
        {
            "equal covariances": all_of(
                *(
                    between(f"equal covariances, {name}: std over the density's", 0.97, 1.03)
                    for name in ("DDIM", "DDPM")
                )
            ),
            "unequal covariances": all_of(
                *(
                    between(f"unequal covariances, {name}: std over the density's", 0.97, 1.03)
                    for name in ("DDIM", "DDPM")
                )
            ),
        }
    ),
    on("exact Gaussians"),
    of={"seeds": SEEDS},
)
def what_they_follow() -> list[Number]:
    """Where covariances differ, the ODE ends at S_u^(1-s) S_c^s, and the stochastic sampler elsewhere."""
    numbers = []
    for name, both in (("equal covariances", EQUAL), ("unequal covariances", PAIR)):
        density = guided_density(both.classes[1], both.classes[0], SCALE)
        width = float(density.covariance.sqrt())

        def std(seed: int, sampler: str, both: ConditionalMixture = both, width: float = width) -> float:
            return float(guided_samples(both, SCALE, seed, sampler).std()) / width

        numbers += [
            over_seeds(f"{name}, {words}: std over the density's", partial(std, sampler=sampler), SEEDS)
            for words, sampler in (("DDIM", "ddim"), ("DDPM", "ddpm"))
        ]
        wide = {"equal covariances": 0.5, "unequal covariances": 1.0}[name]
        numbers.append(Number(f"{name}: S_u^(1-s) S_c^s over it", guided_ode_std(wide, 0.5, SCALE, COSINE) / width))
    return numbers

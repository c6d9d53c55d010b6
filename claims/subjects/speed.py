"""What a sample costs, in evaluations and in seconds (C1b, C8b, C13, C20, C26, C37, C45)."""

from functools import cache
from typing import Any

import torch

from claims.distances import COSINE
from claims.guided import classes
from claims.images import DDPM, IMAGES, excess, floor, limit, rows, value
from claims.numbers import Number, Numbers, mean, ratio
from claims.register import Case, claim, measures, on
from claims.timing import PASSES, Timed, beside_passes, interleaved, sampling
from claims.verdicts import (
    FAILS,
    HOLDS,
    NOT_MEASURABLE,
    UNDECIDED,
    WHERE,
    Rule,
    Verdict,
    above,
    all_of,
    always,
    between,
    equals,
    side,
)
from diffusion_lessons import samplers
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.sampling import Settings

ROUNDS, BATCH = 12, 4
HOW = f"Seconds of one CPU thread, float32, batch {BATCH},"
TIMED = f"{HOW} {ROUNDS} rounds in turn; their ratios are paired by rounds."
BESIDE = (
    f"{TIMED} Beside each its evaluations times their cost: that of the network alone, "
    f"timed {PASSES} times in each of these rounds on the batch that one step gives it; with guidance both estimates "
    "are one pass of twice as many images."
)
OF, TWICE = {"rounds": ROUNDS}, {"rounds": 2 * ROUNDS}
SLOW = "DDPM in 1000"
TOGETHER = {  # what is timed in the same rounds
    SLOW: DDPM,
    "DDIM in 50": Settings("ddim", 50),
    "DPM in 20": Settings("dpm_solver_pp_2m", 20),
    "DPM in 10": Settings("dpm_solver_pp_2m", 10),
    "guided DDIM in 50": Settings("ddim", 50, scale=3.0),
}


def timed(*names: str, **more: Any) -> list[Case]:
    """Cases on networks that are timed here."""
    words = {"digits-diffusion": "digits", "cifar10-diffusion": "CIFAR-10"}
    return [on(words.get(name, "MNIST"), needs=[name], network=name, **more) for name in names]


BOTH = timed("mnist-diffusion", "digits-diffusion")
THREE = [*BOTH, *timed("cifar10-diffusion")]


@cache
def _timed(network: str) -> dict[str, Timed]:
    """Seconds of a batch in each round, measured once in a process."""
    return beside_passes(network, TOGETHER, BATCH, ROUNDS)


def _times_faster(network: str, *fast: str) -> list[Number]:
    """Evaluations and seconds of DDPM's thousand steps over those of each of these, and the seconds themselves."""
    found, numbers = _timed(network), []
    evaluations = {name: one.steps * (1 if one.scale in (0, 1) else 2) for name, one in TOGETHER.items()}
    for name in fast:
        numbers.append(Number(f"{name}: evaluations saved, times", evaluations[SLOW] / evaluations[name]))
        numbers += found[name].faster(name, found[SLOW])
    return numbers + [number for name in (SLOW, *fast) for number in found[name].numbers(name, BATCH)]


claim("C1b", "1, why large steps; remember", "DDIM in 50 steps is twenty times as fast as DDPM in 1000.")


@measures(
    "C1b",
    f"Evaluations, counted, and latency. {BESIDE} Twenty times within a fifth.",
    all_of(equals("DDIM in 50: evaluations saved, times", 20), between("DDIM in 50: times faster", 16, 24)),
    *THREE,
    of=OF,
)
def twenty_times(network: str) -> list[Number]:
    """A thousand over fifty."""
    return _times_faster(network, "DDIM in 50")


claim("C8b", "2, DPM-Solver", "DPM-Solver in 10 to 20 steps is 50 to 100 times as fast as DDPM.")


@measures(
    "C8b",
    f"Evaluations and latency of 10 and of 20 steps. {BESIDE} From 50 to 100 times, within a fifth.",
    all_of(
        equals("DPM in 20: evaluations saved, times", 50),
        equals("DPM in 10: evaluations saved, times", 100),
        between("DPM in 20: times faster", 40, 60),
        between("DPM in 10: times faster", 80, 120),
    ),
    *THREE,
    of=OF,
)
def fifty_to_a_hundred_times(network: str) -> list[Number]:
    """Arithmetic; at which step count the quality is equal is C8a."""
    return _times_faster(network, "DPM in 20", "DPM in 10")


claim("C13a", "1, guidance", "Guidance takes two evaluations a step.")


@measures(
    "C13a",
    "Evaluations of a step at scale 3, counted. Beside it: other scales, and guidance within noise levels 0.2 to 3 "
    "only.",
    equals("evaluations a step at scale 3", 2),
    on("counted evaluations"),
)
def two_evaluations() -> list[Number]:
    """An interval of noise levels pays for the second pass inside it only."""
    both = classes((-1.0, 0.5), (1.0, 0.3)).denoiser(COSINE)
    x, times = COSINE.prior((8, 1), torch.Generator().manual_seed(0)), COSINE.grid(20)

    def per_step(**guidance: Any) -> float:
        counted = count_calls(classifier_free(both, 0, **guidance))
        samplers.sample(samplers.ddim, counted, x, COSINE, times)
        return counted.nfe / 20

    return [
        Number("evaluations a step at scale 3", per_step(scale=3.0)),
        Number("at scale 1", per_step(scale=1.0)),
        Number("at scale 0", per_step(scale=0.0)),
        Number("at scale 3 within noise levels 0.2 to 3", per_step(scale=3.0, interval=(0.2, 3.0))),
    ]


claim("C13b", "1, guidance", "Guided DDIM in 50 steps is still an order of magnitude below DDPM's thousand.")


@measures(
    "C13b",
    f"Evaluations, 100 against 1000, and latency against DDPM without guidance. {BESIDE} An order of magnitude: at "
    "least 8 times.",
    all_of(equals("guided DDIM in 50: evaluations saved, times", 10), above("guided DDIM in 50: times faster", 8)),
    *BOTH,
    of=OF,
)
def an_order_of_magnitude(network: str) -> list[Number]:
    """Guided DDPM would cost 2000 evaluations."""
    return _times_faster(network, "guided DDIM in 50")


claim("C20", "2, summary", "In sum: DDPM 1x, DDIM 10 to 20x, DPM-Solver 50 to 100x.")
GRIDS = {"ddim": (5, 10, 20, 50), "dpm_solver_pp_2m": (5, 10, 15, 20)}
CLAIMED = {"ddim": (10, 20), "dpm_solver_pp_2m": (50, 100)}


def _excess(sampler: str, steps: int) -> str:
    return f"{sampler} in {steps}: excess over DDPM"


def savings() -> Rule:
    """Evaluations saved by the smallest equivalent step count of each sampler, against the claimed range."""
    names = [_excess(sampler, steps) for sampler, grid in GRIDS.items() for steps in grid]

    def judge(numbers: Numbers, level: float) -> Verdict:
        least, most = {}, {}  # factors that are sure, and that are not excluded; 0 where there is none
        for sampler, grid in GRIDS.items():
            sides = {steps: side(numbers[_excess(sampler, steps)], 0.25, level / len(names)) for steps in grid}
            least[sampler] = max((1000 / steps for steps in grid if sides[steps] == -1), default=0)
            most[sampler] = max((1000 / steps for steps in grid if sides[steps] != 1), default=0)
        if any(most[sampler] < low for sampler, (low, _) in CLAIMED.items()):
            return Verdict(FAILS)
        if all(low <= least[sampler] and most[sampler] <= high for sampler, (low, high) in CLAIMED.items()):
            return Verdict(HOLDS)
        enough = all(least[sampler] >= low for sampler, (low, _) in CLAIMED.items())
        if enough and any(least[sampler] > high for sampler, (_, high) in CLAIMED.items()):
            surely = {key: "" if least[key] == most[key] else "at least " for key in NAMES}
            return Verdict(WHERE, "; ".join(f"{name} {surely[key]}{least[key]:.0f}x" for key, name in NAMES.items()))
        return Verdict(UNDECIDED)

    words = (
        "the smallest equivalent step count of each gives its factor; holds if both factors lie in the claimed "
        "ranges; with the factors as condition if none lies below its range and one lies above; not if one lies below"
    )
    margins = dict.fromkeys(names, (0.25,))
    return Rule(words, margins, (HOLDS, WHERE, FAILS, UNDECIDED), judge, parts=len(names))


NAMES = {"ddim": "DDIM", "dpm_solver_pp_2m": "DPM"}


@measures(
    "C20",
    "The smallest number of steps at which each is equivalent to DDPM in 1000, margin 25 %, from grids that go below "
    "the claimed ones: 5, 10, 20 and 50 steps of DDIM, 5, 10, 15 and 20 of DPM-Solver++, and none in between.",
    savings(),
    *IMAGES,
)
def evaluations_saved(network: str) -> list[Number]:
    """1000 over the step count; the seconds follow it (C37)."""
    settings = [Settings(sampler, steps) for sampler, grid in GRIDS.items() for steps in grid]
    *fast, slow = rows(network, *settings, DDPM)
    numbers = [excess(_excess(row.settings.sampler, row.settings.steps), row, slow) for row in fast]
    return [*numbers, *(value(str(row.settings), row) for row in fast), value("DDPM", slow), floor(slow), *limit(slow)]


claim("C26a", "1, why slow", "A thousand steps take about a second on a modern GPU for a moderately sized network.")
claim("C26b", "2, inference", "A thousand steps take 10 to 30 seconds on consumer hardware.")
claim("C26c", "2, flow matching", "Few steps take 1 to 2 seconds instead of 30 for a thousand.")
WHY = "its network, batch and device are not named"


@measures("C26a", f"Ours, everything named, beside it. {TIMED}", always(NOT_MEASURABLE, WHY), *BOTH, of=OF)
@measures("C26b", f"Ours, everything named, beside it. {TIMED}", always(NOT_MEASURABLE, WHY), *BOTH, of=OF)
@measures("C26c", f"Ours, everything named, beside it. {TIMED}", always(NOT_MEASURABLE, WHY), *BOTH, of=OF)
def a_thousand_steps(network: str) -> list[Number]:
    """A latency belongs to its network, batch and device. This one is extrapolated from no step: all are taken."""
    numbers = [number for name in (SLOW, "DPM in 10") for number in _timed(network)[name].numbers(name, BATCH)]
    return [*numbers, Number("parameters of the network", cards.read_card(network)["parameters"])]


claim("C37", "1, why slow; frontier", "The latency of a sampler is its number of steps times the cost of one pass.")


@measures(
    "C37",
    f"DDIM in 5, 10, 20 and 40 steps: seconds a step, each over that of 40. {HOW} {2 * ROUNDS} rounds in turn; the "
    "ratios are paired by rounds. Proportional within a tenth. Beside it the seconds over "
    f"the number of steps times the cost of one pass of the network alone, timed {PASSES} times in each of these "
    "rounds.",
    all_of(*(between(f"{steps} steps: seconds a step over 40's", 0.9, 1.1) for steps in (5, 10, 20))),
    *BOTH,
    of=TWICE,
)
def steps_times_a_pass(network: str) -> list[Number]:
    """Everything outside the network is small."""
    counts = (5, 10, 20, 40)
    samplers_of = {f"{steps} steps": Settings("ddim", steps) for steps in counts}
    found = beside_passes(network, samplers_of, BATCH, 2 * ROUNDS)
    each = {steps: [one / steps for one in found[f"{steps} steps"].seconds] for steps in counts}
    return [
        *(ratio(f"{steps} steps: seconds a step over 40's", each[steps], each[40]) for steps in counts[:-1]),
        *(found[f"{steps} steps"].numbers(f"{steps} steps", BATCH)[-1] for steps in counts),
        mean("seconds a step and image, 40 steps", [one / BATCH for one in each[40]], "rounds"),
    ]


claim("C45", "2, flow matching", "Flow matching enables real-time generation on consumer hardware.")


@measures(
    "C45",
    "Four Euler steps, the steps of C10a, of a small network. Whether a product's network is fast enough on a "
    f"product's hardware is not known here. Seconds of one CPU thread, float32, batch 1, {ROUNDS} rounds.",
    always(NOT_MEASURABLE, "ours is no network of a product's size"),
    *timed("mnist-flow"),
    of=OF,
)
def real_time(network: str) -> list[Number]:
    """28 x 28 pixels, one thread: not what the sentence means, and what there is."""
    seconds = interleaved({"flow": sampling(network, Settings("euler", 4), 1)}, ROUNDS)["flow"]
    return [
        mean("4 steps, batch 1: seconds an image", seconds, "rounds"),
        Number("parameters of the network", cards.read_card(network)["parameters"]),
    ]

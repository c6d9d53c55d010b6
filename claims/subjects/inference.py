"""Cheaper inference: half precision and whole numbers, what can be cached, what can be pruned (C16, C18, C19)."""

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from claims.images import GUIDED, difference, excess, floor, rows, value
from claims.numbers import Number, mean, ratio
from claims.register import Case, claim, measures, on
from claims.techniques import speed, technique_case, technique_row
from claims.timing import beside_passes
from claims.verdicts import above, all_of, below, equals
from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.captions.part_times import PROMPT, PartTimes, times_of_parts
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.techniques.candidates import TOLD
from diffusion_lessons.benchmark.techniques.trained import AS_LONG, FROM_THE_START, TRAINED
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.machine.devices import why_no_bfloat16
from diffusion_lessons.sampling import Settings

SOLVER = "dpm_solver_pp_2m"
ROUNDS, MANY_ROUNDS, BATCH = 9, 30, 25
COST = "Beside it evaluations times the cost of one: a median of the same rounds, which was kept without its error."
LATENCY = f"Latency at batch {BATCH} in float32: seconds of one CPU thread, rounds in turn. {COST}"
TRAINED_ON = f"trained on for {TRAINED:,} images"
HALF, WHOLE = Settings(SOLVER, 10, precision="bfloat16"), Settings(SOLVER, 10)


def waiting(words: str, *needs: str, waits: str) -> Case:
    """A case that something has to be built for."""
    return on(words, needs=needs, waits=waits)


claim("C16a", "2, inference", "FP16 is twice as fast as float32.")


@measures(
    "C16a",
    f"Ten steps of DPM-Solver++ in float32 and in half precision, {MANY_ROUNDS} rounds in turn, batch {BATCH}, seconds "
    "of one CPU thread: how many times faster. Twice within a tenth: at least 1.8. Half precision is bfloat16 "
    "here, on a processor that computes in it. Beside it, where it was timed since, the cost of ten evaluations of the "
    "network alone, in the same rounds.",
    above("half precision: times faster", 1.8),
    on("MNIST, bfloat16", needs=["mnist-small-diffusion"], network="mnist-small-diffusion"),
    on("digits, bfloat16", needs=["digits-diffusion"], network="digits-diffusion"),
    waiting("float16 on a GPU", waits="a GPU"),
    of={"rounds": MANY_ROUNDS},
)
def twice_as_fast(network: str = "", waits: str = "") -> list[Number]:
    """A processor's half precision is not a GPU's, and an imitated one is not a processor's."""
    _check(waits or why_no_bfloat16(torch.device("cpu")))
    found = beside_passes(network, {"half precision": HALF, "float32": WHOLE}, BATCH, MANY_ROUNDS)
    timed = [number for name, one in found.items() for number in one.numbers(name, BATCH)]
    return [*found["half precision"].faster("half precision", found["float32"]), *timed]


claim("C16b", "2, inference", "FP16 loses little quality.")


@measures(
    "C16b",
    "Equivalence of half precision (bfloat16 in the network, x in float32) and float32: Fréchet distance, paired, "
    "margin 25 %.",
    below("half precision: excess", 0.25),
    *GUIDED,
)
def little_loss(network: str) -> list[Number]:
    """The same samples in both precisions."""
    half, whole = rows(network, HALF, WHOLE)
    return [
        excess("half precision: excess", half, whole),
        value("half precision", half),
        value("float32", whole),
        floor(whole),
    ]


RUNTIMES = "PyTorch's INT8 needs a processor that has an instruction for it (VNNI); ONNX Runtime's does without."
WHOLE_NUMBERS = [
    technique_case("MNIST, INT8", "mnist-small-diffusion"),
    technique_case("CIFAR-10, INT8", "cifar10-diffusion"),
    technique_case("CIFAR-10, INT8 by ONNX Runtime", "cifar10-diffusion", technique="int8 by ONNX Runtime"),
]
claim("C16c", "2, inference", "INT8 is four times as fast as float32.")
claim("C16d", "2, inference", "INT8 loses some quality.")


@measures(
    "C16c",
    f"Static INT8, convolutions too, against PyTorch's float32, rounds in turn, batch {BATCH}, seconds of one CPU "
    f"thread. {RUNTIMES} Four times within a tenth: at least 3.6. {COST}",
    above("INT8: times faster", 3.6),
    *WHOLE_NUMBERS,
)
@measures(
    "C16d",
    "INT8 against float32: Fréchet distance, paired. 'Some loss': farther from the data, an excess above 0. "
    f"{RUNTIMES} Latency as in C16c.",
    above("INT8: excess", 0.0),
    *WHOLE_NUMBERS,
)
def whole_numbers(network: str, technique: str = "int8") -> list[Number]:
    """Ten steps of DPM-Solver++; all layers but the first and the last multiply whole numbers."""
    alone, single = (technique_row(network, WHOLE, technique, batch=batch) for batch in (BATCH, 1))
    whole, one = (technique_row(network, WHOLE, batch=batch) for batch in (BATCH, 1))
    return [
        *speed("INT8: times faster", alone, whole),
        *speed("INT8 at batch 1: times faster", single, one),
        excess("INT8: excess", alone, whole),
        value("INT8", alone),
        value("float32", whole),
    ]


claim("C18a", "2, inference", "The denoiser is the bottleneck of a text-to-image system.")
claim("C18b", "2, inference", "Text embeddings can be cached.")
claim("C18c", "2, inference", "Decoding is fast.")
SYSTEM = on("captions", needs=["captions-diffusion"], of={"rounds": MANY_ROUNDS})


@measures(
    "C18a",
    "Share of the time that the denoiser takes in 20 steps: the bottleneck if above one half.",
    above("share of the denoiser in 20 steps", 0.5),
    SYSTEM,
)
@measures(
    "C18b",
    "With embeddings cached: pictures equal bit for bit (no pixel changes), and less time of the processor. "
    "Beside it, how many times faster it would be if what the text encoder takes without the cache were all that is "
    "saved.",
    all_of(equals("change of a pixel with the cache", 0), above("with the cache: times faster", 1.0)),
    SYSTEM,
)
@measures(
    "C18c",
    "Share of the time that the decoder takes in 20 steps: fast if below a tenth.",
    below("share of the decoder in 20 steps", 0.1),
    SYSTEM,
)
@cache
def parts_of_a_system() -> list[Number]:
    """Guided, a batch of 16 in 20 steps, with the cache and without it in turn; each prompt is new in each round.

    Seconds are those in which this process computed, so that what else the machine did does not count. Measured once
    in a process, for the three claims.
    """
    denoise = checkpoints.load("captions-diffusion")
    assert isinstance(denoise, CaptionDenoiser)
    settings = TEN_STEPS.changed(steps=20)
    cached: list[PartTimes] = []
    uncached: list[PartTimes] = []
    for _ in range(MANY_ROUNDS):
        for made, keep in ((cached, True), (uncached, False)):
            made.append(times_of_parts(denoise, settings, rounds=1, cache=keep, clock="processor"))
    pictures = [_pictures(denoise, settings, keep) for keep in (True, False)]
    numbers = [
        mean(f"share of the {part} in 20 steps", [times.share(part) for times in cached], "rounds")
        for part in ("denoiser", "decoder")
    ]
    return [
        *numbers,
        Number("change of a pixel with the cache", float((pictures[0] - pictures[1]).abs().max())),
        ratio("with the cache: times faster", [times.whole for times in uncached], [times.whole for times in cached]),
        ratio(
            "without the cache, the whole over what is not the text encoder's",
            [times.whole for times in uncached],
            [times.whole - times.text for times in uncached],
        ),
        mean("share of the text encoder without the cache", [times.share("text") for times in uncached], "rounds"),
    ]


def _pictures(denoise: CaptionDenoiser, settings: Settings, keep: bool) -> Tensor:
    """Sixteen pictures of one prompt, with the cache or without it."""
    with denoise.text.keeping(keep):
        return draw(denoise, PROMPT, 16, settings).pictures


claim("C19a", "2, inference", "Redundant attention heads can be pruned.")
claim("C19b", "2, inference", "Less important layers can be pruned.")
FEWER = "that saw the fine-tuning's images alone"


@measures(
    "C19a",
    "A quarter of the 40 attention heads removed, least loss first, against all, ten steps of DPM-Solver++, paired: "
    "equivalent in distance without guidance (excess below 25 %), and at scale 4 all that was said is shown by at most "
    "5 of 100 pictures less. Beside it: the same without guidance, after a short fine-tuning, and beside a small "
    "network trained from the start for as many minutes. "
    f"{LATENCY}",
    all_of(
        below("a quarter of the heads removed: excess", 0.25),
        above("a quarter of the heads removed: all said at scale 4, minus all heads", -0.05),
    ),
    technique_case("captions", "captions-diffusion", trained=True),
)
def heads(network: str) -> list[Number]:
    """Of the networks here only that which is told in words has heads, and each of its attentions keeps one."""
    guided, words = replace(WHOLE, scale=TOLD), "a quarter of the heads removed"
    (whole, plain), (fewer, told), (tuned, tuned_told) = (
        [technique_row(network, settings, *techniques) for settings in (WHOLE, guided)]
        for techniques in ((), ("10 heads less",), ("10 heads less", TRAINED_ON))
    )
    small = technique_row(network, WHOLE, FROM_THE_START, AS_LONG)
    return [
        excess(f"{words}: excess", fewer, whole),
        difference(f"{words}: all said at scale 4, minus all heads", told, plain, "adherence"),
        difference(f"{words}: all said without guidance, minus all heads", fewer, whole, "adherence"),
        excess("after the fine-tuning: excess", tuned, whole),
        difference("after the fine-tuning: all said at scale 4, minus all heads", tuned_told, plain, "adherence"),
        difference("after the fine-tuning: minus a small network of as many minutes", tuned, small),
        *speed(f"{words}: times faster", fewer, whole),
    ]


@measures(
    "C19b",
    f"A quarter of the residual blocks removed, least loss first, after a fine-tuning on {TRAINED:,} images: "
    "equivalent in distance (excess below 25 %), and no farther from the data than a small network that is trained "
    "from the start for as many minutes, and so on more images. Even that one sees a small part of the images from "
    "which the whole network had learned what the pruned one keeps: it is a low bar, and to pass it does not show that "
    "pruning beats a small network with the whole training's budget. A verdict of *holds* would rest on the first "
    f"half. Beside it: a small network {FEWER}, {TRAINED:,} of them. (At first the rule asked for this one instead. "
    f"Equal minutes are stricter, and the verdicts did not change.) {LATENCY}",
    all_of(
        below("a quarter of the blocks removed: excess", 0.25), below("minus a small network of as many minutes", 0.0)
    ),
    technique_case("MNIST", "mnist-small-diffusion", trained=True),
    technique_case("CIFAR-10", "cifar10-diffusion", trained=True),
)
def pruned(network: str) -> list[Number]:
    """Two of seven blocks, ten steps of DPM-Solver++; the small network has three quarters of the channels."""
    whole, small, as_long = (
        technique_row(network, WHOLE, *done) for done in ((), (FROM_THE_START,), (FROM_THE_START, AS_LONG))
    )
    tuned, raw = (technique_row(network, WHOLE, "2 blocks less", *more) for more in ((TRAINED_ON,), ()))
    return [
        excess("a quarter of the blocks removed: excess", tuned, whole),
        difference(f"minus a small network {FEWER}", tuned, small),
        difference("minus a small network of as many minutes", tuned, as_long),
        excess("before it was trained on: excess", raw, whole),
        *speed("a quarter of the blocks removed: times faster", tuned, whole),
    ]


def _check(waits: str) -> None:
    if waits:
        raise NotMeasured(waits)

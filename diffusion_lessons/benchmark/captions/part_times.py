"""Who spends the time of a text-to-image system: text encoder, denoiser, decoder, and what is left."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import nn

from diffusion_lessons.benchmark.measure import Clock, clock_of
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.machine.devices import synchronise
from diffusion_lessons.sampling import Settings, device_of, generate

PROMPT = "a thick red seven"


class PartTimes(NamedTuple):
    """Seconds of one batch by part, the whole, and how many sentences the text encoder read.

    denoiser   the U-Net alone, without the text encoder that it calls
    rest       the sampler's and guidance's arithmetic, and bookkeeping
    """

    text: float
    denoiser: float
    decoder: float
    rest: float
    whole: float
    sentences: int

    def share(self, part: str) -> float:
        """The share of a part, "denoiser" or another, in the sum of all: medians need not add up to the whole's."""
        return getattr(self, part) / (self.text + self.denoiser + self.decoder + self.rest)


class _Clock:
    """Adds up the seconds of the calls of modules and functions."""

    def __init__(self, denoise: CaptionDenoiser, clock: Clock) -> None:
        self.device, self.seconds = device_of(denoise), {"text": 0.0, "denoiser": 0.0}
        self.read = clock_of(clock, self.device)

    def now(self) -> float:
        synchronise(self.device)
        return self.read()

    @contextmanager
    def around(self, name: str, module: nn.Module) -> Iterator[None]:
        """Inside, the module's calls are timed under this name."""
        begun: list[float] = []
        before = module.register_forward_pre_hook(lambda *_: begun.append(self.now()))
        after = module.register_forward_hook(lambda *_: self._add(name, begun.pop()))
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def _add(self, name: str, begun: float) -> None:
        self.seconds[name] += self.now() - begun


def times_of_parts(
    denoise: CaptionDenoiser,
    settings: Settings = TEN_STEPS,
    *,
    count: int = 16,
    cache: bool = True,
    rounds: int = 5,
    prompt: str = PROMPT,
    clock: Clock = "wall",
) -> PartTimes:
    """One batch of `count` pictures of a prompt, the median of each part over `rounds` after one that does not count.

    cache: whether sentences are read once; if not, both of a guided pass are read for every picture at every step.
    Each round begins with an empty cache, as a prompt that nobody has given before.
    clock: "processor" counts the time in which this process computed, as `benchmark.measure` does: what one thread of
    an idle CPU would take, measured on a busy one.
    """
    rows = [_round(denoise, settings, count, cache, prompt, clock) for _ in range(rounds + 1)]
    return _medians(rows[1:])


def _medians(rows: list[PartTimes]) -> PartTimes:
    columns = list(zip(*rows, strict=True))
    text, denoiser, decoder, rest, whole = (statistics.median(column) for column in columns[:-1])
    return PartTimes(text, denoiser, decoder, rest, whole, rows[0].sentences)


def _round(
    denoise: CaptionDenoiser, settings: Settings, count: int, cache: bool, prompt: str, clock_name: Clock
) -> PartTimes:
    clock = _Clock(denoise, clock_name)
    with denoise.text.keeping(cache):
        with clock.around("text", denoise.text.encoder), clock.around("denoiser", denoise.unet):
            begun = clock.now()
            latents = generate(denoise, count, settings, labels=prompt)[-1].x
            sampled = clock.now()
        denoise.decode(latents)
        ended, misses = clock.now(), denoise.text.misses
    text, denoiser = clock.seconds["text"], clock.seconds["denoiser"]
    rest = sampled - begun - text - denoiser
    return PartTimes(text, denoiser, ended - sampled, rest, ended - begun, misses)


def time_table(
    denoise: CaptionDenoiser,
    steps: tuple[int, ...] = (1, 4, 10, 20, 50),
    *,
    count: int = 16,
    rounds: int = 5,
    prompt: str = PROMPT,
    clock: Clock = "wall",
) -> dict[str, dict[str, float]]:
    """Shares of each part and seconds of the whole at several numbers of steps, with and without the cache.

    {"20 steps, cached": {"text": 0.01, "denoiser": 0.95, "decoder": 0.03, "rest": 0.01, "seconds": 1.2, ...}, ...}

    With and without are timed in turn, round by round, so that a machine that becomes slower slows both. "seconds low"
    and "seconds high" are the fastest and the slowest round.
    """
    table: dict[str, dict[str, float]] = {}
    for number in steps:
        settings, made = TEN_STEPS.changed(steps=number), {True: list[PartTimes](), False: list[PartTimes]()}
        for turn in range(rounds + 1):
            for cache in (True, False) if turn % 2 else (False, True):
                made[cache].append(_round(denoise, settings, count, cache, prompt, clock))
        for cache, words in ((True, "cached"), (False, "read at every step")):
            rows = made[cache][1:]
            times, wholes = _medians(rows), [row.whole for row in rows]
            shares = {part: round(times.share(part), 4) for part in ("text", "denoiser", "decoder", "rest")}
            seconds = {"seconds": times.whole, "seconds low": min(wholes), "seconds high": max(wholes)}
            name = f"{number} {'step' if number == 1 else 'steps'}, {words}"
            table[name] = {**shares, **{key: round(value, 5) for key, value in seconds.items()}}
            table[name]["sentences"] = times.sentences
    return table

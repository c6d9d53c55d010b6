"""Who spends the time of a text-to-image system: text encoder, denoiser, decoder, and what is left."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

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
    with denoise.text.keeping(cache):
        rows = [_round(denoise, settings, count, prompt, clock) for _ in range(rounds + 1)][1:]
    columns = list(zip(*rows, strict=True))
    text, denoiser, decoder, rest, whole = (statistics.median(column) for column in columns[:-1])
    return PartTimes(text, denoiser, decoder, rest, whole, rows[0].sentences)


def _round(denoise: CaptionDenoiser, settings: Settings, count: int, prompt: str, clock_name: Clock) -> PartTimes:
    denoise.text.clear()
    clock = _Clock(denoise, clock_name)
    with clock.around("text", denoise.text.encoder), clock.around("denoiser", denoise.unet):
        begun = clock.now()
        latents = generate(denoise, count, settings, labels=prompt)[-1].x
        sampled = clock.now()
    denoise.decode(latents)
    ended = clock.now()
    text, denoiser = clock.seconds["text"], clock.seconds["denoiser"]
    rest = sampled - begun - text - denoiser
    return PartTimes(text, denoiser, ended - sampled, rest, ended - begun, denoise.text.misses)


def time_table(
    denoise: CaptionDenoiser, steps: tuple[int, ...] = (1, 4, 10, 20, 50), **options: Any
) -> dict[str, dict[str, float]]:
    """Shares of each part and seconds of the whole at several numbers of steps, with and without the cache.

    {"20 steps, cached": {"text": 0.01, "denoiser": 0.95, "decoder": 0.03, "rest": 0.01, "seconds": 1.2, ...}, ...}
    """
    table: dict[str, dict[str, float]] = {}
    for number in steps:
        for cache, words in ((True, "cached"), (False, "read at every step")):
            times = times_of_parts(denoise, TEN_STEPS.changed(steps=number), cache=cache, **options)
            shares = {part: round(times.share(part), 4) for part in ("text", "denoiser", "decoder", "rest")}
            name = f"{number} {'step' if number == 1 else 'steps'}, {words}"
            table[name] = {**shares, "seconds": round(times.whole, 5), "sentences": times.sentences}
    return table

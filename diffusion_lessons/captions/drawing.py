"""From a sentence to pictures: guidance, a sampler and the decoder in one call.

drawn = draw(load("captions-diffusion"), "a thick red seven", negative="smudged", scale=4.0)
"""

import warnings
from dataclasses import replace
from typing import Any, NamedTuple

from torch import Tensor

from diffusion_lessons.captions.denoiser import CaptionDenoiser, Sentences, as_tokens
from diffusion_lessons.sampling import Settings, generate

TEN_STEPS = Settings("dpm_solver_pp_2m", 10, scale=4.0)


class Drawn(NamedTuple):
    """Pictures [B, 3, 32, 32] in [-1, 1], and the latents [B, 4, 8, 8] that they were decoded from."""

    pictures: Tensor
    latents: Tensor


def draw(
    denoise: CaptionDenoiser,
    prompt: Sentences,
    count: int = 16,
    settings: Settings = TEN_STEPS,
    *,
    seed: int = 0,
    progress: bool = False,
    **changes: Any,
) -> Drawn:
    """`count` pictures of one sentence, or one of each of `count` sentences; same prompt and seed, same pictures.

    settings: how to sample; `changes` are its fields by name, as in `sampling.generate` (scale=3.0, negative="smudged",
    interval=(0.1, 5.0), sampler="ddim", steps=20).

    An empty prompt asks for nothing: samples without a condition are drawn, with a warning.
    Raises ValueError for unknown or too many words, for a negative that says nothing or equals the prompt, and for a
    number of sentences that is neither 1 nor `count`.
    """
    settings, tokens = settings.changed(**changes), as_tokens(prompt)
    if len(tokens) not in (1, count):
        raise ValueError(f"{len(tokens)} sentences for {count} pictures: give one sentence for each, or one for all")
    check_negative(settings.negative, tokens)
    if not tokens.any() and settings.negative is None:
        warnings.warn("an empty prompt asks for nothing: these are samples without a condition", stacklevel=2)
        settings = replace(settings, scale=1.0)
    latents = generate(denoise, count, settings, labels=tokens, seed=seed, progress=progress)[-1].x
    return Drawn(denoise.decode(latents), latents)


def check_negative(negative: Any, tokens: Tensor) -> None:
    """Raise a ValueError for a negative without a word, or one that equals a prompt, of word numbers [B, 14]."""
    if negative is None:
        return
    away = as_tokens(negative)
    if not away.any(dim=1).all():
        raise ValueError("a negative without a word names nothing to move away from: leave the negative out")
    if (tokens == away).all(dim=1).any():
        raise ValueError(
            "the negative equals the prompt, so there is no direction from one to the other and no scale would change "
            "anything: leave the negative out, or name something else in it"
        )

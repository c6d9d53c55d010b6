"""The panel of lesson 13: a sentence in, sixteen pictures out, and what is in them."""

from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import torch
from torch import Tensor

from diffusion_lessons.captions.denoiser import CaptionDenoiser, as_tokens
from diffusion_lessons.captions.drawing import check_negative
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.captions.word_attention import attention_of_word
from diffusion_lessons.data.captions.scenes import ATTRIBUTES, DIGITS, INKS, Scenes
from diffusion_lessons.data.captions.sentences import Mention, read, write
from diffusion_lessons.data.captions.vocabulary import detokenize
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.figures import style
from diffusion_lessons.figures.pictures.captioned import captioned_grid
from diffusion_lessons.metrics.captions.adherence import agreement
from diffusion_lessons.networks.contrastive import Contrastive
from diffusion_lessons.panels.controls import LAYOUT, decimal_slider, menu, quietly, sampler_menu, slider
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.sampling import Settings, states

WINDOWS = {
    "at all noise levels": None,
    "early, above 1": (1.0, float("inf")),
    "late, up to 1": (0.0, 1.0),
    "in the middle, 0.3 to 3": (0.3, 3.0),
}
ANY = "not said"


def prompt_panel(
    denoise: CaptionDenoiser,
    judge: Judge | Callable[[Tensor], Scenes],
    contrastive: Contrastive,
    *,
    digit: int | None = 7,
    ink: int | None = 2,
    negative: str = "",
    scale: float = 4.0,
    sampler: str = "dpm_solver_pp_2m",
    steps: int = 10,
    count: int = 16,
) -> Panel:
    """`count` pictures of a sentence from menus, or typed, and what the judge reads in each.

    Beneath each picture stand the digit, its ink and the object that the judge sees, marked where the sentence says
    otherwise; the words count how many follow it and give the mean CLIP score. With a word chosen by its place in the
    sentence, a second grid shows where the network looks at it while noise and picture are about equal.
    """

    def draw(
        digit: int | None,
        ink: int | None,
        stroke: int | None,
        paper: int | None,
        shape: int | None,
        shape_ink: int | None,
        typed: str,
        negative: str,
        scale: float,
        rescale: float,
        window: tuple[float, float] | None,
        sampler: str,
        steps: int,
        start: int,
        word: int,
    ) -> Iterator[Drawing | None]:
        chosen = {"digit": digit, "ink": ink, "stroke": stroke, "paper": paper, "shape": shape}
        chosen["shape_ink"] = None if shape is None else shape_ink
        mention: Mention = {name: value for name, value in chosen.items() if value is not None}
        sentence = typed.strip() or write(mention)
        tokens = as_tokens(sentence)
        mention, away = read(sentence), negative.strip() or None
        check_negative(away, tokens)
        settings = Settings(sampler, steps, scale=scale, rescale=rescale, negative=away, interval=window)
        generator = torch.Generator().manual_seed(start)
        x = denoise.path.prior((count, *(denoise.shape or ())), generator, device=denoise.device)
        noisy, t = x, denoise.path.T
        counted = count_calls(denoise)
        with quietly():
            run = states(counted, x, settings, tokens.expand(count, -1), generator)
        for state in run:
            x = state.x
            if abs(denoise.path.lam(state.t)) < abs(denoise.path.lam(t)):  # nearest to the noise level 1
                noisy, t = x, state.t
            yield None
        pictures = denoise.decode(x)
        shown = judge(pictures)
        right = agreement([mention] * count, shown)
        looked, of_word = None, ""
        if word:
            looked = attention_of_word(denoise, noisy, t, tokens.expand(count, -1), word)
            of_word = f"; below, where it looks at \u201c{detokenize(tokens)[0].split()[word - 1]}\u201d"
        figure = captioned_grid(
            pictures, [_short(shown, i) for i in range(count)], (~right.all(dim=1)).tolist(), looked=looked
        )
        score = float(contrastive.score(pictures, tokens.to(pictures.device)).mean())
        yield Drawing(
            figure,
            f"\u201c{sentence}\u201d{'' if away is None else f', away from {away}'}, scale {scale:g}"
            f"{f', rescaled by {rescale:g}' if rescale else ''}, by "
            f"{style.label(sampler)} in {style.count(steps, 'step')}, {style.count(counted.nfe, 'evaluation')} each: "
            f"{_counts(mention, right)}; mean CLIP score {score:.3f}{of_word}",
        )

    controls: dict[str, Any] = {
        "digit": _values("digit", DIGITS, digit),
        "ink": _values("ink", INKS, ink),
        "stroke": _values("stroke", ATTRIBUTES["stroke"]),
        "paper": _values("paper", ATTRIBUTES["paper"]),
        "shape": menu("object", [(ANY, None), *((name, k) for k, name in enumerate(ATTRIBUTES["shape"]) if k)]),
        "shape_ink": _values("its ink", INKS),
        "typed": _text("or typed", "", "a thick red seven and a blue square"),
        "negative": _text("negative", negative, "smudged"),
        "scale": decimal_slider("scale", scale, 12.0, 0.5),
        "rescale": decimal_slider("rescale", 0.0, 1.0, 0.1),
        "window": menu("guided", list(WINDOWS.items())),
        "sampler": sampler_menu(sampler),
        "steps": slider("steps", steps, 1, 30, live=False),
        "start": slider("start", 0, 0, 20, live=False),
        "word": slider("look at word", 0, 0, 14, live=False),
    }
    return Panel(draw, controls)


def _values(name: str, values: tuple[str, ...], value: int | None = None) -> ipywidgets.Dropdown:
    """A menu of an attribute's values, and of leaving it unsaid."""
    control = menu(name, [(ANY, None), *((words, k) for k, words in enumerate(values))])
    control.value = value
    return control


def _text(name: str, value: str, example: str) -> ipywidgets.Text:
    return ipywidgets.Text(value, description=name, placeholder=example, continuous_update=False, **LAYOUT)


def _short(shown: Scenes, i: int) -> str:
    """ "red 7" or "red 7, blue disc": what the judge sees in picture i."""
    words = shown.describe(i)
    thing = f",\n{words['shape_ink']} {words['shape']}" if "shape_ink" in words else ""
    return f"{words['ink']} {int(shown.digit[i])}{thing}"


def _counts(mention: Mention, right: Tensor) -> str:
    """ "of 16, digit 15, ink 16, all said 15": how many show what was said."""
    said = [
        f"{name.replace('_', ' ')} {int(right[:, k].sum())}" for k, name in enumerate(ATTRIBUTES) if name in mention
    ]
    return f"the judge finds, of {len(right)}, " + ", ".join([*said, f"all said {int(right.all(dim=1).sum())}"])

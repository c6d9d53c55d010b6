"""Samples of a network as a picture, and their trajectories as an animation."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from diffusion_lessons.captions.denoiser import CaptionDenoiser, as_tokens
from diffusion_lessons.captions.drawing import check_negative
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.figures.pictures.animations import save_animation, trajectory_frames
from diffusion_lessons.figures.pictures.images import check_picture, image_grid, save_picture
from diffusion_lessons.sampling import Settings, generate, in_precision, pictures


def write_samples(
    denoise: Denoiser,
    rows: int,
    columns: int,
    settings: Settings,
    out: Path,
    trajectory: bool = False,
    *,
    labels: Sequence[int | str] | None = None,
    seed: int = 0,
) -> None:
    """Write rows x columns samples to `out` and, with `trajectory`, an animation beside it; print what was written."""
    check_guidance(settings, labels)
    check_picture(out)
    counter = count_calls(in_precision(denoise, settings.precision))
    states = generate(counter, rows * columns, settings, labels=labels, seed=seed, progress=True)
    if broken := int((~states[-1].x.flatten(1).isfinite()).any(dim=1).sum()):
        raise FloatingPointError(
            f"{broken} of {len(states[-1].x)} samples are NaN or infinite, and no picture was written: take a smaller "
            "--scale, more --steps or --precision float32"
        )
    made = pictures(denoise, states[-1].x)
    save_picture(image_grid(made, columns, outlined=made.shape[1] == 3), out)
    print(f"{out}: {rows * columns} samples, {counter.nfe:g} network evaluations each")
    if trajectory:
        animation = out.with_name(f"{out.stem}-trajectory.png")
        frames = trajectory_frames(states, denoise.path, columns, partial(pictures, denoise))
        save_animation(frames, animation)
        print(f"{animation}: x_t on the left, the estimate x0_hat on the right, {len(states)} frames")


def check_guidance(settings: Settings, labels: Sequence[int | str] | None) -> None:
    """Raise a ValueError for a setting of guidance that would have no effect, which nobody types on purpose."""
    unused = {"scale": 1, "interval": None, "rescale": 0}
    chosen = [name for name, value in unused.items() if getattr(settings, name) != value]
    if chosen and labels is None:
        raise ValueError(f"--{chosen[0]} guides towards a condition: give --label or --prompt as well")
    if chosen and settings.scale == 1:
        raise ValueError(f"--{chosen[0]} changes nothing at --scale 1, where nothing is guided: give --scale as well")


def planned_settings(denoise: Denoiser) -> Settings:
    """How a plan says that its denoiser is sampled. Raises ValueError where there is no plan, or it does not say."""
    settings = (denoise.card or {}).get("settings")
    if settings is None:
        raise ValueError("--as-planned is for plans (.json) that say how to sample: give --sampler and --steps instead")
    return Settings(**settings)


def check_told(denoise: Denoiser, label: str | None, prompts: Sequence[str] | None, negative: str | None) -> None:
    """Raise a ValueError for words given to a network of classes, classes to one that is told in words, a prompt
    without a word, and a negative that equals a prompt.
    """
    if isinstance(denoise, CaptionDenoiser):
        if label is not None:
            raise ValueError(f"this checkpoint is told in words: give --prompt {shlex.quote(label)}")
        if prompts:
            tokens = as_tokens(prompts)
            if not tokens.any(dim=1).all():
                raise ValueError("a prompt without a word asks for nothing: leave --prompt out for samples of any kind")
            check_negative(negative, tokens)
    elif prompts:
        raise ValueError("this checkpoint has classes and reads no sentences: give --label")

"""A run's folder: one process at a time writes it, and nothing of another run is continued or replaced."""

from contextlib import suppress
from pathlib import Path

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine.files import Lock, unfinished
from diffusion_lessons.training.base import BaseRecipe

STATE = "state.pt"  # the file from which training goes on


def claim(folder: Path, recipe: BaseRecipe, *, resume: bool = False, overwrite: bool = False) -> Lock:
    """Lock the folder for this process, make it if need be, and find nothing in it that would be lost.

    With `overwrite` an older state is deleted now; networks stay until new ones replace them.

    Raises what `check` raises; BlockingIOError while another process trains there; OSError, before any training, for a
    folder that cannot be written.
    """
    held = Lock(folder / STATE)
    try:
        check(folder, recipe, resume=resume, overwrite=overwrite)
        for left in unfinished(folder / STATE):  # of a process that was killed while saving
            left.unlink(missing_ok=True)
        if overwrite:
            (folder / STATE).unlink(missing_ok=True)
    except BaseException:
        held.release()
        raise
    return held


def check(folder: Path, recipe: BaseRecipe, *, resume: bool = False, overwrite: bool = False) -> None:
    """Raise a FileExistsError for a run of which this would lose something, or which has nothing left to resume."""
    if resume and overwrite:
        raise ValueError("resume goes on with a run and overwrite replaces it: give one of them")
    if overwrite or (resume and (folder / STATE).exists()):
        return
    if (folder / STATE).exists():
        raise FileExistsError(
            f"{folder / STATE} is an unfinished run: go on with resume=True (--resume), replace it with overwrite=True "
            "(--overwrite), or use another folder (--out)"
        )
    if finished := networks_in(folder, recipe):
        images = ""
        with suppress(OSError, ValueError, KeyError, TypeError):  # a card of another kind, or none
            images = f", trained on {cards.read_card(finished[0])['images_seen']:,} images"
        left = "; nothing is left to resume" if resume else ""
        raise FileExistsError(
            f"{finished[0]} is a finished network{images}{left}. Use another folder (--out), or replace it with "
            "overwrite=True (--overwrite)"
        )


def networks_in(folder: Path, recipe: BaseRecipe) -> list[Path]:
    """The networks in the folder that this recipe would write."""
    files = [folder / f"{name}.safetensors" for name in recipe.checkpoints.values()]
    return [file for file in files if file.exists()]

"""The panel of a preference study: two pictures side by side, blind, in an order of one's own, by the keyboard."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import ipywidgets
import torch
from torch import Tensor

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.figures.pictures.display import Picture, beside
from diffusion_lessons.figures.pictures.images import image_grid
from diffusion_lessons.metrics.preference.pairs import WAYS, Pair, order_for, pictures_of, study_pairs
from diffusion_lessons.metrics.preference.votes import Vote, file_of, keep, read_votes
from diffusion_lessons.panels.panel import Drawing, Panel, on_page
from diffusion_lessons.sampling import Settings

ENLARGED = 6
CHOICES = [("left \u2190", "left"), ("cannot decide \u2193", "neither"), ("right \u2192", "right")]
# ipywidgets hands no keys on: the page presses the buttons.
KEYS = """
    const buttons = () => panel.querySelectorAll('.widget-toggle-button');
    const places = {ArrowLeft: 0, ArrowDown: 1, ArrowRight: 2};
    panel.tabIndex = 0;
    panel.addEventListener('keydown', event => {
        if (!(event.key in places)) return;
        event.preventDefault();
        buttons()[places[event.key]].click();
        panel.focus();
    });
    panel.focus();
"""


class PreferencePanel(Panel):
    """A panel whose one control is the choice; `session` holds what is left to show."""

    def __init__(self, session: "Session") -> None:
        self.session = session
        buttons = ipywidgets.ToggleButtons(options=CHOICES, value=None, description="better")
        session.buttons = buttons
        super().__init__(session.draw, {"choice": buttons})
        self.box.children = (*self.box.children, on_page(KEYS))


class Session:
    """What one person still has to see; each choice is kept at once, so that whoever stops goes on later."""

    def __init__(
        self,
        person: str,
        pairs: Sequence[Pair],
        folder: str | Path,
        pictures: Callable[[Pair], Mapping[str, Tensor]],
    ) -> None:
        self.person, self.folder, self.count = person, Path(folder), len(pairs)
        self.pictures = lru_cache(maxsize=1)(pictures)  # a button that goes up again asks once more for the same pair
        file = file_of(folder, person)
        done = {vote.pair for vote in read_votes(file)} if file.is_file() else set()
        self.left = [row for row in order_for(person, pairs) if row[0].name not in done]
        self.buttons: ipywidgets.ToggleButtons | None = None
        self.shown = time.monotonic()

    def draw(self, choice: str | None) -> Drawing:
        """The next pair; a choice is about the one that was shown."""
        if choice is not None and self.left:
            (pair, left, right), seconds = self.left.pop(0), time.monotonic() - self.shown
            keep(self.folder, Vote(self.person, pair.name, left, right, choice, round(seconds, 2)))
        if choice is not None and self.buttons is not None:
            self.buttons.value = None  # up again, for the next choice
        return self._next()

    def _next(self) -> Drawing:
        if not self.left:
            done = _side_by_side(*torch.ones(2, 3, 32, 32))
            words = f"Done: {self.count} choices of {self.person} are in {file_of(self.folder, self.person).name}."
            return Drawing(done, f"{words} Thank you!")
        pair, left, right = self.left[0]
        pictures = self.pictures(pair)
        self.shown = time.monotonic()
        return Drawing(
            _side_by_side(pictures[left], pictures[right]),
            f"Pair {self.count - len(self.left) + 1} of {self.count}. Which picture would you rather have for "
            f"\u201c{pair.sentence}\u201d? Choose by the arrow keys or the buttons.",
        )


def _side_by_side(left: Tensor, right: Tensor) -> Picture:
    """Two pictures of one size, each within a thin line: white paper would end nowhere on a white page."""
    return beside(*(image_grid(one[None], enlarge=ENLARGED, outlined=True) for one in (left, right)), gap=40)


def preference_panel(
    denoise: CaptionDenoiser,
    person: str,
    folder: str | Path = "votes",
    *,
    pairs: Sequence[Pair] | None = None,
    ways: Mapping[str, Settings] = WAYS,
) -> PreferencePanel:
    """Pairs of pictures of one sentence from one noise, sampled in two ways, and what a person prefers.

    Neither the words nor the order say which way is which. Each choice is added to `folder/person.jsonl` at once; who
    comes back under the same name goes on with the next pair. `metrics.preference` reads the files.

    Raises ValueError for a name that cannot name a file, and what `read_votes` raises.
    """
    chosen = study_pairs(ways=tuple(ways)) if pairs is None else pairs
    return PreferencePanel(Session(person, chosen, folder, lambda pair: pictures_of(denoise, pair, ways)))

"""Pictures with what was read in each beneath it, and where a network looked."""

from collections.abc import Sequence

import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from torch import Tensor

from diffusion_lessons.data import to_pixels
from diffusion_lessons.figures import style

SIDE, GAP, LINE = 0.95, 0.06, 0.13  # inches of a picture, of what parts rows, and of a line of a caption
RIGHT, WRONG = style.BLACK, style.VERMILION


def captioned_grid(
    pictures: Tensor,
    captions: Sequence[str] | None = None,
    wrong: Sequence[bool] | None = None,
    *,
    looked: Tensor | None = None,
    title: str = "",
    columns: int = 8,
) -> Figure:
    """Pictures [N, 3, H, W] in [-1, 1] in rows of `columns`, a short caption beneath each, if there are some.

    wrong: which captions to mark, by colour and by a cross. looked [N, h, w]: weights of attention, laid over the
    pictures in a grid of its own beneath the first; the brightest place of each picture is white.

    Raises ValueError for captions, marks or weights that are not as many as the pictures.
    """
    captions = [""] * len(pictures) if captions is None else captions
    marks = [False] * len(pictures) if wrong is None else list(wrong)
    counts = {len(pictures), len(captions), len(marks), *([] if looked is None else [len(looked)])}
    if len(counts) > 1:
        raise ValueError(f"{len(pictures)} pictures: give a caption, a mark and weights for each, not {sorted(counts)}")
    rows = -(-len(pictures) // columns)
    lines = max((1 + words.count("\n") for words in captions if words), default=int(any(marks)))
    heights = [SIDE + GAP + lines * LINE] * rows
    heights += [] if looked is None else [SIDE + GAP] * rows
    inches = columns * (SIDE + GAP), sum(heights) + (0.3 if title else GAP)
    close = ConstrainedLayoutEngine(w_pad=GAP / 2, h_pad=GAP / 2, wspace=0, hspace=0)
    figure = Figure(figsize=inches, layout=close)
    places = figure.subplots(len(heights), columns, squeeze=False)
    for place in places.flat:
        place.set(xticks=[], yticks=[])
        place.spines[:].set_visible(False)
    images = to_pixels(pictures.detach().cpu()).permute(0, 2, 3, 1).numpy()  # [N, H, W, 3]
    for i, image in enumerate(images):
        place = places[i // columns, i % columns]
        place.imshow(image, interpolation="nearest")
        place.spines[:].set(visible=True, color="0.7")  # where white paper ends, on a white page
        words = f"\u2717 {captions[i]}" if marks[i] else captions[i]
        place.set_xlabel(words, fontsize=7, color=WRONG if marks[i] else RIGHT, labelpad=2)
    if looked is not None:
        size = pictures.shape[-2:]
        fine = F.interpolate(looked.detach().cpu().float()[:, None], size, mode="bilinear")[:, 0]  # [N, H, W]
        for i, (image, weights) in enumerate(zip(images, fine, strict=True)):
            place = places[rows + i // columns, i % columns]
            place.imshow(image, interpolation="nearest", alpha=0.35)
            place.imshow(weights.numpy(), cmap="gray", alpha=0.65, vmin=0)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure

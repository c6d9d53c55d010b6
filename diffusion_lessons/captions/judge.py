"""The judge: reads a scene's attributes back from its picture, so that whether a sentence was followed can be counted.

A small network reads digit, stroke, slant, smudge, shape and corner; paper and inks are measured without any network.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion_lessons.data.captions.render import SIDE, inks
from diffusion_lessons.data.captions.scenes import ATTRIBUTES, Scenes
from diffusion_lessons.networks.classifier import Classifier, ClassifierConfig

# What the network reads, in the order of its outputs.
READ = ("digit", "stroke", "slant", "smudged", "shape", "corner")
SIZES = tuple(len(ATTRIBUTES[name]) for name in READ)
CORNER = 11  # side of the square that an object and its jitter stay within
JUDGE = ClassifierConfig(channels=3, classes=sum(SIZES), widths=(32, 64, 64), stride=2)


def judge_loss(logits: Tensor, scenes: Scenes) -> Tensor:
    """The sum of the attributes' cross-entropies; the corner counts where there is an object."""
    losses = []
    for name, part in zip(READ, logits.float().split(SIZES, dim=1), strict=True):
        error = F.cross_entropy(part, getattr(scenes, name), reduction="none")  # [B]
        counted = (scenes.shape > 0).float() if name == "corner" else torch.ones_like(error)
        losses.append((error * counted).mean())
    return torch.stack(losses).sum()


class Judge:
    """judge(pictures) -> Scenes: the attributes seen in pictures [B, 3, 32, 32] in [-1, 1]."""

    def __init__(self, network: Classifier) -> None:
        self.network = network.eval()

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Scenes:
        parts = [self._read(batch) for batch in pictures.split(512)]
        return Scenes(*(torch.cat(columns) for columns in zip(*parts, strict=True)))

    def probabilities(self, pictures: Tensor) -> dict[str, Tensor]:
        """How sure the network is of each value: {"digit": [B, 10], ...} for the attributes in `READ`."""
        parts = self.network(pictures).float().split(SIZES, dim=1)
        return {name: part.softmax(dim=1) for name, part in zip(READ, parts, strict=True)}

    def _read(self, pictures: Tensor) -> Scenes:
        best = {name: p.argmax(dim=1) for name, p in self.probabilities(pictures).items()}
        paper, some = paper_of(pictures), best["shape"] > 0
        inside = corner_mask(best["corner"]) & some[:, None, None]  # [B, 32, 32]
        return Scenes(
            digit=best["digit"],
            ink=nearest_ink(pictures, paper, ~inside),
            stroke=best["stroke"],
            slant=best["slant"],
            paper=paper,
            smudged=best["smudged"],
            shape=best["shape"],
            shape_ink=torch.where(some, nearest_ink(pictures, paper, inside), 0),
            corner=torch.where(some, best["corner"], 0),
        )


def paper_of(pictures: Tensor) -> Tensor:
    """0 for black and 1 for white paper, [B]: is the median of the border above grey?"""
    grey = pictures.mean(dim=1)
    border = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], dim=1)  # [B, 128]
    return (border.median(dim=1).values > 0).long()


def nearest_ink(pictures: Tensor, paper: Tensor, where: Tensor) -> Tensor:
    """The ink that explains the pixels best, [B], among those of the mask `where` [B, 32, 32].

    A pixel that ink c covers by a share a has the colour paper + a (c - paper), so each ink is a line from the paper,
    and the nearest line is the one with the least squared rest, summed over the pixels. Exact for what `render` draws.
    """
    white = (2.0 * paper - 1)[:, None]
    lines = inks().to(pictures.device) - white[:, :, None]  # [B, 6, 3]
    offset = (pictures - white[:, :, None, None]).flatten(2) * where.flatten(1)[:, None]  # [B, 3, 1024]
    share = torch.einsum("bkc,bcp->bkp", lines, offset) / lines.square().sum(dim=2, keepdim=True)
    rest = offset[:, None] - share.clamp(0, 1)[:, :, None] * lines[..., None]  # [B, 6, 3, 1024]
    return rest.square().sum(dim=(2, 3)).argmin(dim=1)


def corner_mask(corner: Tensor) -> Tensor:
    """True in the square of side `CORNER` of each corner: [B] -> bool [B, 32, 32]."""
    near = torch.arange(SIDE, device=corner.device) < CORNER
    rows = torch.where((corner < 2)[:, None], near, near.flip(0))  # [B, 32]
    columns = torch.where((corner % 2 == 0)[:, None], near, near.flip(0))
    return rows[:, :, None] & columns[:, None, :]

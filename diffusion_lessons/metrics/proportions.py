"""Labels in the exact proportions of real images.

Most of what tells two sets of digits apart is how many of each class they hold, so samples whose labels are drawn at
random differ from real images by the luck of the draw: at 500 samples of MNIST the Fréchet distance of real images
varies eight times as much with random labels as with exact proportions.
"""

import torch
from torch import Tensor


def quotas(counts: Tensor, n: int) -> Tensor:
    """How many of n samples each class is given, int64 [classes]: as its share, rounded so that they sum to n.

    Whole parts first, then one more for the largest remainders. Raises ValueError for counts that are all 0.
    """
    total = int(counts.sum())
    if total < 1:
        raise ValueError("classes without a single image have no proportions")
    exact = counts.long() * n  # times total: whole numbers, so that no rounding decides
    whole = exact // total
    order = (exact % total).argsort(descending=True, stable=True)
    whole[order[: n - int(whole.sum())]] += 1
    return whole


def labels_like(counts: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """n labels [n] in the proportions of `counts` [classes], in random order."""
    labels = torch.arange(len(counts)).repeat_interleave(quotas(counts, n))
    return labels[torch.randperm(n, generator=generator)]


def draws_like(
    labels: Tensor, counts: Tensor, n: int, generator: torch.Generator, most: int | None = None
) -> list[Tensor]:
    """Disjoint sets of row numbers, n each, in the proportions of `counts`: as many as there are rows for, or `most`.

    labels: of the images to draw from. Where a class falls short of its part of even one draw, there is only that one,
    filled up with others: weights have to restore the proportions. Raises ValueError for fewer rows than n, and where a
    class has less than half of its part.
    """
    quota = quotas(counts, n).tolist()
    rows = [torch.nonzero(labels == label).flatten() for label in range(len(counts))]
    rows = [own[torch.randperm(len(own), generator=generator)] for own in rows]
    scarce = [label for label, own in enumerate(rows) if len(own) < quota[label] / 2]
    if len(labels) < n or scarce:
        which = f"; of class {scarce[0]} there are {len(rows[scarce[0]])}" if scarce else ""
        raise ValueError(f"{n} images in the proportions of the training images asked of {len(labels)}{which}")
    times = min(len(own) // part for own, part in zip(rows, quota, strict=True) if part)
    if times == 0:
        first = torch.cat([own[:part] for own, part in zip(rows, quota, strict=True)])
        spare = torch.cat([own[part:] for own, part in zip(rows, quota, strict=True)])
        return [torch.cat([first, spare[torch.randperm(len(spare), generator=generator)][: n - len(first)]])]
    return [
        torch.cat([own[k * part : (k + 1) * part] for own, part in zip(rows, quota, strict=True)])
        for k in range(times if most is None else min(times, most))
    ]

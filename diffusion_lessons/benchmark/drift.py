"""How far samples drift from those that the same network would have drawn with many more steps.

A technique that makes sampling faster may leave a population as good as before and still draw other pictures. Samples
that share starting noise and labels can be compared one by one, and this figure has far less luck in it than a distance
between populations.
"""

from torch import Tensor

from diffusion_lessons.metrics.jackknife import weights_without_groups
from diffusion_lessons.metrics.scores import Score, score_of


def drift(x: Tensor, fine: Tensor, labels: Tensor | None = None) -> Score:
    """sqrt(mean |x - fine|^2) over pixels and samples [n, ...], with its standard error; 0 for the fine run itself.

    Its replicates pair it with the drift of other samples from the same noise. Raises ValueError for shapes that
    differ.
    """
    if x.shape != fine.shape:
        raise ValueError(f"samples are compared one by one; got {list(x.shape)} and {list(fine.shape)}")
    squares = (x.detach().cpu().double() - fine.detach().cpu().double()).flatten(1).square().mean(dim=1)  # [n]
    weights = weights_without_groups(labels, len(squares))  # [n, 1 + G]
    return score_of((weights.T @ squares / weights.sum(dim=0)).sqrt(), (0.0, 0.0), len(squares))

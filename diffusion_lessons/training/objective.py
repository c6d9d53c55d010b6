"""What a training step minimises: noise seen at random times for a teacher, a teacher's steps for a student."""

from collections.abc import Callable

from torch import Tensor, nn

from diffusion_lessons.training.batches import Batch
from diffusion_lessons.training.losses import loss, sample_times
from diffusion_lessons.training.run import Run

# (run, network, batch) -> the mean loss. The network is `run.network`, perhaps compiled or spread over processes: it is
# the one to call, since its gradients are taken.
Objective = Callable[[Run, nn.Module, Batch], Tensor]


def denoising(run: Run, network: nn.Module, batch: Batch) -> Tensor:
    """The objective of every teacher: see what was noised, at random times (`losses.loss`)."""
    recipe = run.recipe
    t = sample_times(batch.u, run.path, recipe.times)
    return loss(network, batch.x0, batch.eps, t, run.path, recipe.predicts, batch.condition, recipe.weighting)

"""A network of `diffusers` as a denoiser of this course, for every sampler and wrapper.

    denoise = denoiser_of(pipe.unet, pipe.scheduler.config, null=empty)  # embeddings [1, L, C] of the empty prompt
    guided = classifier_free(denoise, embeddings, 7.5)
    x = sample(samplers.dpm_solver_pp_2s, guided, denoise.path.prior((1, 4, 64, 64)), denoise.path, times)

Needs the extra "pipelines" only for the network itself, which comes from there.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.path import Path
from diffusion_lessons.pipelines.configs import index_of, path_of, predicts_of, without_variances

Call = Callable[[nn.Module, Tensor, Tensor, Tensor | None], Any]


class Theirs(nn.Module):
    """network(x, t, condition) around a network of `diffusers`, which is shown its own count of times."""

    def __init__(self, network: nn.Module, path: Path, call: Call) -> None:
        super().__init__()
        self.network, self.path, self.call = network, path, call

    def forward(self, x: Tensor, t: Tensor, condition: Tensor | None = None) -> Tensor:
        made = self.call(self.network, x, index_of(t, self.path).clamp(min=0), condition)  # type: ignore[attr-defined, arg-type]
        return without_variances(made if isinstance(made, Tensor) else made.sample, x)


def denoiser_of(
    network: nn.Module,
    config: Mapping[str, Any],
    *,
    null: Tensor | None = None,
    call: Call | None = None,
) -> Denoiser:
    """A U-Net or a transformer of `diffusers` as a Denoiser on the path of its scheduler's config.

    Networks of classes (`DiTTransformer2DModel`, or `UNet2DModel` with a class embedding) are told labels. Networks of
    text are told embeddings [B, L, C], and `null` is [1, L, C], those of the empty prompt. `call(network, x, index,
    condition)` is for networks that are called otherwise; it returns their output.

    Raises ValueError for a network of text without `null`, and for a config of no known path.
    """
    path, shown = path_of(config), getattr(network, "config", {})
    channels, side = shown.get("in_channels"), shown.get("sample_size")
    sides = (side, side) if isinstance(side, int) else tuple(side or ())
    classes = _classes(shown)
    if null is None and classes is None and shown.get("cross_attention_dim") and call is None:
        raise ValueError("this network is told in embeddings: give null, those [1, L, C] of the empty prompt")
    if null is not None:
        classes = None
    return Denoiser(
        Theirs(
            network.eval().requires_grad_(False), path, call or (_told_words if null is not None else _told_classes)
        ),
        path,
        predicts_of(config),
        classes=classes,
        null=null,
        shape=(channels, *sides) if channels and sides else None,
    )


def _classes(shown: Mapping[str, Any]) -> int | None:
    """How many classes there are beside the null, which has the last embedding: DiT's, or those of a U-Net."""
    if shown.get("num_embeds_ada_norm"):
        return int(shown["num_embeds_ada_norm"])
    return int(shown["num_class_embeds"]) - 1 if shown.get("num_class_embeds") else None


def _told_classes(network: nn.Module, x: Tensor, index: Tensor, labels: Tensor | None) -> Any:
    return network(x, index) if labels is None else network(x, index, class_labels=labels)


def _told_words(network: nn.Module, x: Tensor, index: Tensor, embeddings: Tensor | None) -> Any:
    return network(x, index, encoder_hidden_states=embeddings)

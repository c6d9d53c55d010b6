"""The trained parts of the text-to-image system as parts that `StableDiffusionPipeline` can hold, save and load.

Each wraps a network of this course, says in its config what it is, and answers as the part of Stable Diffusion does
whose place it takes: text encoder, U-Net and decoder. The mask of words, which that pipeline does not hand on, travels
in the states: those of no word are zeros. Needs the extra "pipelines".
"""

from typing import Any

from torch import Tensor, nn

from diffusion_lessons.data.captions.vocabulary import LENGTH, VOCABULARY
from diffusion_lessons.networks import build
from diffusion_lessons.networks.text import TextConfig, TextEncoder, TextStates
from diffusion_lessons.pipelines.configs import quiet_import, why_no_pipelines

try:
    with quiet_import():
        from diffusers import ConfigMixin, ModelMixin
        from diffusers.configuration_utils import register_to_config
except ImportError as error:  # pragma: no cover - the message is tested in a process without the package
    raise ImportError(why_no_pipelines() or str(error)) from error


class MiniatureUNet(ModelMixin, ConfigMixin):
    """unet(x, timestep, encoder_hidden_states=states) -> (prediction,): the latent U-Net, its times counted from 0."""

    @register_to_config
    def __init__(
        self,
        architecture: dict[str, Any],
        in_channels: int = 4,
        sample_size: int = 8,
        time_cond_proj_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.network = build(architecture)

    def forward(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor, **_: Any) -> tuple[Tensor]:
        t = (timestep.to(sample.device).float() + 1).reshape(-1).expand(len(sample))
        states = encoder_hidden_states  # [B, 1 + length, width]
        mask = (states != 0).any(dim=2)
        return (self.network(sample, t, TextStates(states, mask, states[:, 0])),)


class MiniatureText(ModelMixin, ConfigMixin):
    """text_encoder(word numbers [B, 14]) -> (states [B, 15, width],): the summary of the sentence, then its words."""

    @register_to_config
    def __init__(self, words: int, length: int, width: int, layers: int, heads: int, out: int) -> None:
        super().__init__()
        self.network = TextEncoder(TextConfig(words, length, width, layers, heads, out))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> tuple[Tensor]:
        # the pipeline pads the negative to as many words as there are states, one more than the encoder reads
        known = self.network(input_ids[:, : self.config["length"]])
        return (known.states * known.mask[:, :, None],)


class MiniatureDecoder(ModelMixin, ConfigMixin):
    """vae.decode(latents [B, 4, 8, 8]) -> (pictures [B, 3, 32, 32],): the autoencoder; latents are standardised."""

    @register_to_config
    def __init__(
        self,
        architecture: dict[str, Any],
        block_out_channels: tuple[int, ...] = (16, 48, 96),
        scaling_factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.network: nn.Module = build(architecture)

    def decode(self, latents: Tensor, return_dict: bool = True, generator: Any = None) -> tuple[Tensor]:
        return (self.network.pictures(latents),)  # type: ignore[operator]


def tokenizer() -> Any:
    """The vocabulary of the captions as a tokenizer of `transformers`: lower case, a number a word, 14 at most.

    An unknown word is an error, as everywhere in this course; production tokenizers put something in its place.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer(models.WordLevel({word: number for number, word in enumerate(VOCABULARY)}, unk_token="?"))
    plain.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex("[,-]"), " "),
            normalizers.Replace(Regex("[. ]+$"), ""),
        ]
    )
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=plain, model_max_length=LENGTH, pad_token=VOCABULARY[0], padding_side="right"
    )

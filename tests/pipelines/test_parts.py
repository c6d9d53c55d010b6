"""Each part answers as the network that it wraps, also where the pipeline leaves out what ours are told."""

import pytest
import torch

from diffusion_lessons import networks
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.networks.text import TextStates
from diffusion_lessons.pipelines.configs import why_no_pipelines
from tests.captions.small import PROMPTS, small_parts

if reason := why_no_pipelines():
    pytest.skip(reason, allow_module_level=True)

from dataclasses import asdict

from diffusion_lessons.pipelines.parts import MiniatureDecoder, MiniatureText, MiniatureUNet, tokenizer


def same(part, network):
    part.network.load_state_dict(network.state_dict())
    return part.eval()


def test_the_tokenizer_counts_words_as_ours_does():
    read = tokenizer()
    for sentence in (*PROMPTS, "", "A Thick, red seven.", "a seven leaning left on white"):
        ids = read(sentence, padding="max_length", max_length=14, truncation=True, return_tensors="pt").input_ids
        assert torch.equal(ids, tokenize(sentence)), sentence
    with pytest.raises(Exception, match="UNK"):
        read("a crimson seven")


def test_the_mask_travels_in_the_states():
    network, contrastive, _ = small_parts()
    text = same(MiniatureText(**asdict(contrastive.text.config)), contrastive.text)
    unet = same(MiniatureUNet(networks.card(network)), network)
    tokens, x = tokenize(PROMPTS), torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    known = contrastive.text(tokens)
    (states,) = text(tokens)
    assert torch.equal((states != 0).any(dim=2), known.mask)
    wanted = network(x, torch.tensor([500.0, 500.0]), TextStates(*known))
    torch.testing.assert_close(unet(x, torch.tensor(499), states)[0], wanted)
    padded = torch.cat([tokens, torch.zeros(2, 1, dtype=torch.long)], dim=1)  # as the pipeline pads a negative
    assert torch.equal(text(padded)[0], states)


def test_the_decoder_takes_standardised_latents():
    _, _, autoencoder = small_parts()
    autoencoder.scale.fill_(2.0)
    decoder = same(MiniatureDecoder(networks.card(autoencoder)), autoencoder)
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(decoder.decode(latents, return_dict=False)[0], autoencoder.pictures(latents))

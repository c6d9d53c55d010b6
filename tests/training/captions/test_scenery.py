"""What the parts are trained on: fresh scenes, the same for the same seed, and their latents."""

import torch

from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.data.captions.vocabulary import detokenize
from diffusion_lessons.metrics.captions.adherence import agreement
from diffusion_lessons.training.captions.scenery import draw_tokens, encode_scenes


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_scenes_follow_from_the_seed(scenery):
    (one, scenes), (same, _), (other, _) = (scenery.draw(8, seeded(seed)) for seed in (0, 0, 1))
    assert one.shape == (8, *scenery.shape) and scenes.size == 8
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert len(scenery) == len(load_sample().strokes.distance)


def test_sentences_are_true_of_their_scenes(scenery):
    _, scenes = scenery.draw(200, seeded())
    sentences = detokenize(draw_tokens(scenes, seeded(1)))
    assert agreement([read(sentence) for sentence in sentences], scenes).all()


def test_the_same_seed_gives_the_same_latents(latents):
    strokes = load_sample().strokes
    whole, scenes = encode_scenes(latents.autoencoder, strokes, 6, seeded(), batch=6)
    parts, same = encode_scenes(latents.autoencoder, strokes, 6, seeded(), batch=6)
    assert whole.dtype == torch.float16 and whole.shape == (6, 4, 8, 8) and scenes.size == 6
    assert torch.equal(whole, parts) and torch.equal(scenes.stacked(), same.stacked())


def test_what_is_moved_computes_there(latents, scenery):
    assert latents.to("cpu").device == torch.device("cpu") and latents.shape == (4, 8, 8) and len(latents) == 100
    assert scenery.to("meta").device == torch.device("meta")
    assert latents.tensors[0] is latents.latents and scenery.tensors[0] is scenery.strokes.distance

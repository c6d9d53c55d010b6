"""The text-to-image system behind the contract of a denoiser."""

import pytest
import torch

from diffusion_lessons import samplers
from diffusion_lessons.captions.denoiser import as_tokens
from diffusion_lessons.captions.word_attention import attention_of_words
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.denoisers import condition_on, count_calls
from diffusion_lessons.guidance import classifier_free, compose
from diffusion_lessons.samplers import sample
from diffusion_lessons.sampling import generate, in_precision
from tests.captions.small import PROMPTS, small_denoiser


def test_sentences_and_their_word_numbers_are_the_same_condition(denoise, x):
    by_words, by_numbers = denoise(x, 500.0, PROMPTS), denoise(x, 500.0, tokenize(PROMPTS))
    assert torch.equal(by_words.x0, by_numbers.x0)
    alpha, sigma = denoise.path.alpha(500.0), denoise.path.sigma(500.0)
    torch.testing.assert_close(alpha * by_words.x0 + sigma * by_words.eps, x, atol=1e-5, rtol=1e-5)


def test_no_condition_is_the_empty_sentence(denoise, x):
    assert torch.equal(denoise(x, 500.0).x0, denoise(x, 500.0, "").x0)
    assert torch.equal(denoise.null, tokenize(""))
    assert not torch.equal(denoise(x, 500.0).x0, denoise(x, 500.0, PROMPTS).x0)


def test_guidance_is_its_formula_and_its_identities(denoise, x):
    cond, null, away = (denoise(x, 500.0, words) for words in (PROMPTS, "", "smudged"))
    guided = classifier_free(denoise, PROMPTS, 3.0)(x, 500.0)
    torch.testing.assert_close(guided.x0, null.x0 + 3 * (cond.x0 - null.x0), atol=1e-5, rtol=1e-4)
    negative = classifier_free(denoise, PROMPTS, 3.0, "smudged")(x, 500.0)
    torch.testing.assert_close(negative.eps, away.eps + 3 * (cond.eps - away.eps), atol=1e-5, rtol=1e-4)
    assert torch.equal(classifier_free(denoise, PROMPTS, 1.0)(x, 500.0).x0, cond.x0)
    torch.testing.assert_close(classifier_free(denoise, PROMPTS, 0.0)(x, 500.0).x0, null.x0)
    torch.testing.assert_close(condition_on(denoise, PROMPTS)(x, 500.0).x0, cond.x0)


def test_composition_counting_and_every_kind_of_sampler(denoise, x):
    counted = count_calls(compose(denoise, ["a seven", "red"], [2.0, 2.0]))
    result = sample(samplers.ddim, counted, x, denoise.path, denoise.path.grid(3))
    assert result.isfinite().all() and counted.nfe == 9


def test_decoding_is_the_same_in_batches_of_any_size(denoise):
    latents = torch.randn(5, 4, 8, 8)
    pictures = denoise.decode(latents)
    assert pictures.shape == (5, 3, 32, 32) and pictures.abs().max() <= 1
    torch.testing.assert_close(denoise.decode(latents, batch=2), pictures, atol=1e-5, rtol=1e-4)
    assert denoise.encode(pictures, batch=2).shape == latents.shape


def test_it_is_generated_like_any_other_and_its_latents_are_not_clipped(denoise):
    settings = {"scale": 3.0, "negative": "smudged", "steps": 3, "sampler": "dpm_solver_pp_2m"}
    latents = generate(denoise, 3, labels=["a red seven"], **settings)[-1].x
    x = denoise.path.prior((3, 4, 8, 8), torch.Generator().manual_seed(0))
    guided = classifier_free(denoise, "a red seven", 3.0, "smudged")
    expected = sample(samplers.dpm_solver_pp_2m, guided, x, denoise.path, denoise.path.grid(3))
    torch.testing.assert_close(latents, expected)
    assert latents.abs().max() > 1


@pytest.mark.parametrize("precision", ["bfloat16", "float16", "float64"])
def test_the_network_computes_in_other_precisions_with_one_cache(denoise, x, precision):
    exact = denoise(x, 500.0, PROMPTS)
    other = in_precision(denoise, precision)(x, 500.0, PROMPTS)
    torch.testing.assert_close(other.x0, exact.x0, atol=0.1, rtol=0.1)
    assert denoise.dtype == torch.float32 and denoise.text.misses == 2 == denoise.text.hits


def test_all_of_it_moves_together(x):
    """The device "meta" computes shapes only, and refuses what stands elsewhere."""
    denoise = small_denoiser()
    guided = classifier_free(denoise, "a seven", 3.0)
    assert guided.to("meta") is guided and denoise.to("meta") is denoise
    parts = [denoise.network, denoise.unet, denoise.text.encoder, denoise.autoencoder]
    assert {tensor.device.type for part in parts for tensor in (*part.parameters(), *part.buffers())} == {"meta"}
    assert denoise.device.type == "meta"
    assert denoise.decode(x.to("meta")).device.type == "meta"
    assert denoise.encode(torch.zeros(2, 3, 32, 32, device="meta")).shape == x.shape


@pytest.mark.parametrize("precision", ["bfloat16", "float64"])
def test_attention_and_the_ends_of_the_system_in_other_precisions(denoise, x, precision):
    other = in_precision(denoise, precision)
    assert other.unet is not denoise.unet
    for name, maps in attention_of_words(denoise, x, 500.0, PROMPTS).items():
        found = attention_of_words(other, x, 500.0, PROMPTS)[name]
        torch.testing.assert_close(found.float(), maps, atol=0.02, rtol=0.02)
    pictures = other.decode(x.double())
    torch.testing.assert_close(other.encode(pictures.double()), denoise.encode(pictures))


def test_a_negative_in_words_within_an_interval_is_counted(denoise):
    """Guided at the middle of three steps only: 1 + 2 + 1 evaluations, of which the cache reads three sentences."""
    times = denoise.path.grid(3)
    levels = [denoise.path.sigma(t) / denoise.path.alpha(t) if denoise.path.alpha(t) else float("inf") for t in times]
    interval = ((levels[1] * levels[2]) ** 0.5, 2 * levels[1])
    counted = count_calls(denoise)
    generate(counted, 2, labels="a red seven", scale=3.0, steps=3, negative="smudged", interval=interval)
    assert counted.nfe == 4
    assert denoise.text.misses == 2 and denoise.text.hits == 8 - 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: d(torch.zeros(3, 4, 8, 8), 5.0, PROMPTS), "2 conditions for a batch of 3"),
        (lambda d: as_tokens(torch.zeros(2, 5, dtype=torch.long)), "shape \\[B, 14\\]"),
        (lambda d: as_tokens(torch.full((1, 14), 99)), "0..47"),
        (lambda d: as_tokens([]), "a condition is a sentence"),
        (lambda d: classifier_free(d, 7, 2.0), "a condition is a sentence"),
        (lambda d: as_tokens("a red blue seven"), "two things of one ink: red and blue"),
        (lambda d: classifier_free(d, "a seven and a three", 2.0), "two things of one digit"),
        (lambda d: generate(d, 1, labels=["a seven", "a disc and a square"]), "two objects"),
        (lambda d: d(torch.zeros(1, 4, 8, 8), 5.0, "leaning"), "says nothing by itself"),
        (lambda d: d.encode(torch.zeros(3, 32, 32)), "height, width\\].*got \\[3, 32, 32\\]"),
        (lambda d: d.encode(torch.zeros(2, 1, 32, 32)), "pictures have shape"),
        (lambda d: d.encode(torch.zeros(0, 3, 32, 32)), "B at least 1"),
        (lambda d: d.encode(torch.zeros(2, 3, 30, 32)), "multiples of 4"),
        (lambda d: d.encode([1, 2]), "pictures have shape"),
        (lambda d: d.encode(torch.zeros(2, 3, 32, 32), batch=0), "a batch has 1 row at least; got 0"),
        (lambda d: d.decode(torch.zeros(2, 3, 8, 8)), "latents have shape \\[B, 4, height, width\\]"),
        (lambda d: d.decode(torch.zeros(2, 4, 8, 8), batch=0), "a batch has 1 row at least; got 0"),
        (lambda d: d.decode(torch.zeros(2, 4, 8, 8), tile=0), "1 latent a side at least; got 0"),
        (lambda d: d.decode(torch.zeros(2, 4, 16, 16), tile=4), "more than 4 latents; got 4"),
    ],
)
def test_what_cannot_be_meant_is_said(denoise, call, message):
    with pytest.raises(ValueError, match=message):
        call(denoise)


def test_what_contradicts_itself_may_be_asked_for_by_its_word_numbers(denoise):
    contradictory = tokenize("a red blue seven")
    assert torch.equal(as_tokens(contradictory), contradictory)

"""Answers to exercises to investigate in lessons 10 to 16, measured as the lesson does: each beats its target."""

import math
from itertools import pairwise

import pytest
import torch

from diffusion_lessons import (
    benchmark,
    captions,
    checkpoints,
    load,
    metrics,
    pipelines,
    sample,
    samplers,
    schedules,
    toys,
)
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.checks import investigations, model_answers
from diffusion_lessons.data.captions import sentences
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.optimise import reuse_negative
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys import (
    Blurred,
    ConsistencyFunction,
    Flawed,
    gaussian_quantiles,
    wasserstein_1,
)

CLUSTERS = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", [5, 6])
def test_three_evaluations_beat_the_target_of_lesson_11_with_other_noise(seed):
    path, starts = schedules.flow(), gaussian_quantiles(10_000)
    blurred = Blurred(ConsistencyFunction(CLUSTERS, path), path, 0.1)

    def distance(times):
        generator = seeded(seed)
        noises = [torch.randn(starts.shape, generator=generator, dtype=starts.dtype) for _ in times]
        with torch.no_grad():
            x = model_answers.consistency_sample(lambda x, t: blurred(x, t).x0, starts, times, noises)
        return wasserstein_1(x, CLUSTERS)

    target = 0.75 * distance([1.0, 0.2])
    assert distance(investigations.three_evaluation_times()) < target < distance([1.0, 0.5, 0.2])


def test_sixteen_evaluations_are_as_near_as_the_twenty_of_lesson_14():
    """On the table's 2,000 samples, in pairs: they cannot be told apart, and a fifth of the distance could be."""
    rows, plain = shipped.rows("cifar10-diffusion"), Settings("dpm_solver_pp_2m", 10, limit=None)
    twenty = benchmark.find(rows, plain.changed(scale=2.0))
    sixteen = benchmark.find(rows, plain.changed(**investigations.sixteen_evaluations()))
    assert (twenty.nfe, sixteen.nfe) == (20, 16)
    apart = metrics.interval(benchmark.difference(sixteen, twenty))
    assert apart.low < 0 < apart.high < 0.2 * twenty.quality["frechet"].value


@pytest.mark.parametrize("seed", [5, 6])
def test_ten_evaluations_of_a_wrong_denoiser_meet_the_target_of_lesson_10(seed):
    clusters = toys.GaussianMixture([-1.2, 0.3, 1.5], stds=[0.25, 0.35, 0.15], weights=[0.3, 0.3, 0.4])
    path = schedules.cosine()
    starts = path.prior((5000,), seeded(0), dtype=torch.float64)
    sampler, found = investigations.ten_evaluations()

    def off_by(sampler, steps, **options):
        denoise, times = count_calls(Flawed(clusters.denoiser(path), path, 0.2)), path.grid(steps)
        x = sample(samplers.get(sampler), denoise, starts, path, times, generator=seeded(seed), **options)
        assert denoise.nfe == steps
        return wasserstein_1(x, clusters)

    target = off_by("ddim", 50, eta=1.0)
    assert off_by(sampler, 10, **found) < target < off_by("dpm_solver_pp_2m", 10)


def test_twelve_guided_evaluations_beat_the_target_of_lesson_12_with_other_noise():
    path = schedules.cosine()
    spots = [toys.GaussianMixture([mean], stds=0.3) for mean in ([1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8])]
    denoise, labels = toys.ConditionalMixture(spots).denoiser(path), torch.arange(256) % 3
    x = path.prior((256, 2), seeded(7), dtype=torch.float64)
    meant = sample(samplers.dpm_solver_pp_2m, classifier_free(denoise, labels, 3.0), x, path, path.grid(300, "logsnr"))

    def error(sampler, steps, every):
        counted = count_calls(reuse_negative(classifier_free(denoise, labels, 3.0), every))
        ends = sample(samplers.get(sampler), counted, x, path, path.grid(steps))
        return float((ends - meant).square().mean().sqrt()), counted.nfe

    (plain, cost), (better, price) = error("ddim", 6, 1), error(**investigations.twelve_guided_evaluations())
    assert cost == price == 12 and better < plain / 3


def test_a_pair_that_was_never_drawn_fails_and_one_word_mends_it_in_lesson_13():
    denoise, judge = load("captions-diffusion"), checkpoints.captions.load_judge()
    right = {
        sentence: (
            judge(captions.draw(denoise, sentence, 32).pictures).digit == sentences.read(sentence)["digit"]
        ).sum()
        for sentence in investigations.sentences_that_fail()[:3]
    }
    assert right["a red eight"] < 10 and min(right["a blue eight"], right["a red three"]) > 26, right


def test_sevens_keep_their_inks_with_guidance_at_middle_levels_in_lesson_13():
    denoise, judge = load("captions-diffusion"), checkpoints.captions.load_judge()
    shown = judge(captions.draw(denoise, "a seven", 64, **investigations.varied_sevens()).pictures)
    entropy, _ = metrics.captions.unsaid_entropy(sentences.read("a seven"), shown)["ink"]
    assert (shown.digit == 7).double().mean() >= 0.95 and entropy >= 0.9


def test_only_solvers_in_t_change_the_brightness_of_a_flat_picture_in_lesson_15():
    path = schedules.cosine()
    for name in samplers.ALL:
        try:
            table = pipelines.linear_steps(samplers.get(name), path, path.grid(8))
        except ValueError:
            continue  # adds noise, or chooses its own times
        off = max(abs(sum(a.clean) - (b.alpha - a.keep * a.alpha)) for a, b in pairwise(table))
        assert (off < 1e-9) == investigations.keeps_alpha(name), name


def test_forty_knobs_halve_the_distance_of_lesson_16():
    path = schedules.cosine()
    clusters = toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4], weights=[0.3, 0.7])
    flawed = Flawed(clusters.denoiser(path), path, 0.2)

    def distance(knobs, times, seed=7):
        x, generator = gaussian_quantiles(4000)[torch.randperm(4000, generator=seeded(seed))], seeded(seed)
        for k, (t, s) in zip(knobs, pairwise(times), strict=True):
            (x0, eps), z = flawed(x, t), torch.randn(x.shape, generator=generator, dtype=x.dtype)
            h = path.lam(s) - path.lam(t)
            kept = math.exp(-(k**2) * h) if s > 0 else 0.0
            noise = kept * eps + math.sqrt(1 - kept**2) * z
            x = path.alpha(s) * x0 + path.sigma(s) * noise
        return wasserstein_1(x, clusters)

    assert distance(*investigations.forty_knobs()) < 0.6 * distance([0.75] * 40, path.grid(40, "logsnr"))

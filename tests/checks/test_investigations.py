"""Answers to exercises to investigate, measured as the lesson does: each beats its target."""

import pytest
import torch

from diffusion_lessons import benchmark, metrics, sample, samplers, schedules, toys
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.checks import investigations, model_answers
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.optimise import reuse_negative
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys import (
    Blurred,
    ConsistencyFunction,
    Flawed,
    convergence,
    exact_flow,
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
    """On the table's 500 samples, in pairs."""
    rows, plain = shipped.rows("cifar10-diffusion"), Settings("dpm_solver_pp_2m", 10, limit=None)
    twenty = benchmark.find(rows, plain.changed(scale=2.0))
    sixteen = benchmark.find(rows, plain.changed(**investigations.sixteen_evaluations()))
    assert (twenty.nfe, sixteen.nfe) == (20, 16)
    assert metrics.interval(benchmark.difference(sixteen, twenty)).high < 0.1 * twenty.quality["frechet"].value


def test_ten_ddim_times_beat_the_target_of_lesson_04():
    path, starts = schedules.ddpm_linear(), gaussian_quantiles(2000)
    equal, better, quadratic = (
        wasserstein_1(sample(samplers.ddim, CLUSTERS.denoiser(path), starts, path, times), CLUSTERS)
        for times in (path.grid(10), investigations.ten_ddim_times(), path.grid(10, "quadratic"))
    )
    assert better < equal * 2 / 3 < quadratic


@pytest.mark.parametrize("seed", [5, 6])
def test_ten_ddpm_times_beat_the_target_of_lesson_03_by_more_than_its_spread(seed):
    path, starts = schedules.ddpm_linear(), gaussian_quantiles(5000)
    equal, better = (
        wasserstein_1(
            sample(
                samplers.ddpm,
                CLUSTERS.denoiser(path),
                starts,
                path,
                times,
                variance="large",
                generator=seeded(seed),
            ),
            CLUSTERS,
        )
        for times in (path.grid(10), investigations.ten_ddpm_times())
    )
    assert better < equal - 0.01


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


@pytest.mark.parametrize("seed", [5, 6])
def test_ten_evaluations_on_the_straight_path_beat_the_target_of_lesson_06(seed):
    mixture, straight, cosine = convergence.MIXTURE, schedules.flow(), schedules.cosine()
    starts = straight.prior((100, 2), seeded(seed), dtype=torch.float64)

    def error(path, sampler, times):
        ends = exact_flow(mixture.denoiser(path), starts, path, (path.T, 0.0), tolerance=1e-8)[-1].x
        x = sample(samplers.get(sampler), mixture.denoiser(path), starts, path, times)
        return (x - ends).square().mean().sqrt()

    sampler, times = investigations.ten_straight_times()
    target = error(cosine, "euler", cosine.grid(10))
    assert error(straight, sampler, times) < target < error(straight, "euler", straight.grid(10))

"""Answers to exercises to investigate in lessons 00 to 09, measured as the lesson does: each beats its target."""

import math
from itertools import pairwise

import pytest
import torch

from diffusion_lessons import (
    benchmark,
    load,
    load_data,
    metrics,
    sample,
    samplers,
    schedules,
    toys,
)
from diffusion_lessons.checks import investigations
from diffusion_lessons.denoisers import condition_on, count_calls
from diffusion_lessons.figures.quality.metrics import without_class
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys import (
    convergence,
    exact_flow,
    gaussian_quantiles,
    wasserstein_1,
)

CLUSTERS = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


def seeded(seed):
    return torch.Generator().manual_seed(seed)


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


@pytest.mark.parametrize("seed", [5, 6])
def test_six_evaluations_copy_in_lesson_00(seed):
    images, path = load_data("digits").images.double(), schedules.ddpm_linear()
    noise = path.prior((16, 1, 8, 8), seeded(seed), dtype=torch.float64)

    def copies(times):
        x = sample(samplers.ddim, toys.point_masses(images).denoiser(path), noise, path, times)
        return int((torch.cdist(x.flatten(1), images.flatten(1)).min(dim=1).values < 1e-3).sum())

    assert len(investigations.six_copying_times()) == 7
    assert copies(investigations.six_copying_times()) == 16 > copies(path.grid(10))


def test_an_even_schedule_loses_fewer_digits_in_a_tenth_than_the_first_try_of_lesson_01():
    train = load_data("digits")
    clean, names = train.images[:100].double(), train.labels[:100]
    classes = [toys.point_masses(train.images[train.labels == digit].double()) for digit in range(10)]
    eps = torch.randn((3, *clean.shape), generator=seeded(5), dtype=torch.float64)

    def named(path, noise, t):
        x = path.add_noise(clean, noise, t)
        guess = torch.stack([digit.log_prob(x, path, t) for digit in classes]).argmax(dim=0)
        return int((guess == names).sum())

    def most(values):
        """The mean over three draws of the noise, since a hundred digits are few."""
        path = schedules.from_alpha_bar(values)
        seen = [[100, *(named(path, noise, k * 100.0) for k in range(1, 11))] for noise in eps]
        return sum(max(a - b for a, b in pairwise(counts)) for counts in seen) / len(seen)

    assert most(investigations.evenly_lost()) < most([(1 - t / 1001) ** 2 for t in range(1, 1001)]) - 1


def test_times_where_the_error_scatters_lower_the_spread_of_lesson_02_by_a_quarter():
    path, rows, size, generator = schedules.ddpm_linear(), 3000, 64, seeded(5)

    def loss_of_batches(draw):
        t, weight = draw((torch.rand(rows, 1, generator=generator, dtype=torch.float64) + torch.arange(size)) / size)
        x0 = CLUSTERS.sample(rows * size, generator, torch.float64)
        eps = torch.randn(rows * size, generator=generator, dtype=torch.float64)
        seen = CLUSTERS.denoiser(path)(path.add_noise(x0, eps, t.flatten()), t.flatten()).eps
        return (weight * (seen - eps).square().view(rows, size)).mean(dim=1)

    even = loss_of_batches(lambda u: (path.T * u, torch.ones_like(u)))
    better = loss_of_batches(investigations.where_the_error_scatters)
    assert better.std() < 0.75 * even.std()
    assert abs(better.mean() - even.mean()) < 4 * even.std() / math.sqrt(rows)  # still the mean over all times


@pytest.fixture(scope="module")
def digits_of_lesson_05():
    """The median distance of ten digits to the network's own solution, of samples from the noise of seed 0."""
    network = load("mnist-diffusion")
    digit, path = condition_on(network, torch.arange(10)), network.path
    noise = path.prior((10, *network.shape), seeded(0))
    solved = sample(samplers.dpm_solver_pp_2m, digit, noise, path, path.grid(60))

    def off(sampler, times):
        x = sampler(digit, noise, path, times) if sampler is loop else sample(sampler, digit, noise, path, times)
        return (x - solved).square().flatten(1).mean(dim=1).sqrt().quantile(0.5).item()

    def loop(denoise, x, path, times):
        line, before = investigations.farther_at_first(), None
        for t, s in pairwise(times):
            with torch.no_grad():
                x0 = denoise(x, t).x0
            h = path.lam(s) - path.lam(t)
            D = x0 if before is None or math.isinf(h) else line(x0, before[0], h, before[1])
            x, before = path.sigma(s) / path.sigma(t) * x - path.alpha(s) * math.expm1(-h) * D, (x0, h)
        return x

    return off, loop, path


def test_ten_steps_come_nearer_to_the_digits_of_lessons_05_and_05b(digits_of_lesson_05):
    off, loop, path = digits_of_lesson_05
    plain = off(samplers.dpm_solver_pp_2m, path.grid(10))
    assert off(loop, path.grid(10)) < 0.9 * plain
    assert off(samplers.dpm_solver_pp_2m, investigations.ten_digit_times()) < 0.9 * plain


def test_guidance_in_two_steps_keeps_more_diversity_than_the_line_to_beat_in_lesson_07():
    small, eye = load("digits-diffusion"), metrics.evaluator.of_images("digits")

    def row(**changes):
        settings = Settings("dpm_solver_pp_2m", 10, limit=None).changed(**changes)
        return benchmark.measure.measure(
            small, settings, evaluator=eye, metrics=("adherence", "diversity"), samples=200, repeats=0
        )

    target, found = row(scale=2.0, interval=(0.2, 3.0)), row(**investigations.guided_in_the_middle())
    assert found.quality["adherence"].value >= 0.99 and found.nfe == 12
    assert found.quality["diversity"].value > target.quality["diversity"].value + 0.03


@pytest.mark.parametrize("seed", [5, 6])
def test_twelve_evaluations_hold_class_0_together_as_twenty_do_in_lesson_08(seed):
    path = schedules.cosine()
    means = ([0.0, 0.0], [1.4, 0.4], [-1.3, -0.7])
    plane = toys.ConditionalMixture([toys.GaussianMixture([mean], stds=0.6) for mean in means])
    exact, noise = plane.denoiser(path), path.prior((2000, 2), seeded(seed), dtype=torch.float64)

    def of_class_0(scale, **more):
        """Share that looks like class 0, width, evaluations."""
        counted = count_calls(classifier_free(exact, 0, scale, **more))
        x = sample(samplers.dpm_solver_pp_2m, counted, noise, path, path.grid(10))
        own = torch.stack([one.log_prob(x) for one in plane.classes]).argmax(dim=0) == 0
        return own.double().mean().item(), x.std(dim=0).square().mean().sqrt().item(), counted.nfe

    share, width, nfe = of_class_0(2.0)
    better, as_wide, fewer = of_class_0(**investigations.twelve_pushed_evaluations())
    assert better > 0.99 and share > 0.99 and as_wide > width and (nfe, fewer) == (20, 12)
    for interval in (None, (0.2, 0.6), (0.0, 1.0)):  # equal widths: a negative only moves the cloud
        share, width, _ = of_class_0(5.0, negative=1, interval=interval)
        assert share < 0.8 and width > 0.55


def test_the_share_of_sevens_tells_five_hundred_digits_apart_in_lesson_09():
    unseen = metrics.features.reference("mnist", "test")

    def told_apart(measure, digit):
        scored = []
        for cloud in (unseen.features, without_class(unseen, digit, 0.5, seeded(0))):
            rows = [torch.randperm(len(cloud), generator=seeded(draw))[:500] for draw in range(20)]
            scored.append(metrics.over_draws([measure(cloud[chosen]) for chosen in rows]))
        real, faulty = scored
        return abs(real.n - faulty.n) / math.hypot(real.s, faulty.s)

    assert told_apart(investigations.share_of_sevens, 7) > 2 > 1 > told_apart(investigations.share_of_sevens, 4)

"""Steps placed by dynamic programming: the cheapest of all choices, and nearer to the exact solution than even ones."""

import json
from dataclasses import asdict
from itertools import combinations, pairwise

import pytest
import torch

from diffusion_lessons import generate, grids, samplers, schedules
from diffusion_lessons.denoisers import clip, condition_on
from diffusion_lessons.optimise.placement import cheapest, local_errors, place_steps
from diffusion_lessons.sampling import Settings
from diffusion_lessons.toys import ExactDenoiser, GaussianMixture, point_masses
from diffusion_lessons.toys.exact_ode import exact_flow
from tests.optimise.small import small

MIXTURE = GaussianMixture([[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]], stds=0.15)


def noise(count, seed, path, start):
    generator = torch.Generator().manual_seed(seed)
    return path.sigma(start) * torch.randn(count, 2, generator=generator, dtype=torch.float64)


def test_the_cheapest_choice_is_that_of_trying_all():
    generator = torch.Generator().manual_seed(0)
    errors = torch.rand(8, 8, generator=generator, dtype=torch.float64).triu(1)
    errors[errors == 0] = float("inf")
    for steps in range(1, 8):
        every = [(0, *chosen, 7) for chosen in combinations(range(1, 7), steps - 1)]
        cost = {one: sum(float(errors[i, j]) for i, j in pairwise(one)) for one in every}
        assert tuple(cheapest(errors, steps)) == min(cost, key=cost.get)


def test_the_table_is_what_its_definition_says():
    """One entry by hand, without growth: data at one point, where every run ends at that point and g is 0 or 1."""
    path = schedules.cosine()
    denoise = ExactDenoiser(MIXTURE, path)
    times = path.grid(6, spacing="logsnr")
    x = noise(16, 1, path, times[0])
    errors = local_errors(denoise, x, path, times, generator=torch.Generator().manual_seed(2))
    assert torch.isinf(errors.tril()[torch.ones_like(errors).tril() > 0]).all()
    assert errors.diagonal(1).abs().max() < 1e-15  # the fine run's own steps
    runs = [x, *(state.x for state in samplers.ddim(denoise, x, path, times))]
    straight = list(samplers.ddim(denoise, runs[2], path, (times[2], times[6])))[-1].x
    missed = (straight - runs[6]).square().mean().sqrt()
    assert errors[2, 6] == pytest.approx(float(missed))  # at the end nothing grows any more: g = 1


def test_an_error_at_high_noise_is_forgotten_as_the_exact_solution_says():
    """Normal data: x_t / sqrt(alpha^2 s^2 + sigma^2) stays as it is along the flow, and so does a small difference."""
    path, spread = schedules.cosine(), 0.5
    denoise = ExactDenoiser(GaussianMixture([[0.0, 0.0]], stds=spread), path)
    times = path.grid(400, spacing="logsnr")
    chosen = [0, 100, 200, 300, 400]
    x = noise(8, 3, path, times[0])
    errors = local_errors(denoise, x, path, times)
    runs = [x, *(state.x for state in samplers.ddim(denoise, x, path, times))]
    for j in chosen[1:-1]:
        one_step = list(samplers.ddim(denoise, runs[0], path, (times[0], times[j])))[-1].x
        missed = float((one_step - runs[j]).square().mean().sqrt())
        scale = (path.alpha(times[j]) ** 2 * spread**2 + path.sigma(times[j]) ** 2) ** 0.5
        assert float(errors[0, j]) == pytest.approx(missed * spread / scale, rel=0.02)


@pytest.mark.parametrize(
    ("path", "of_the_best"), [(schedules.cosine(), 1.0), (schedules.ddpm_linear(), 0.85)], ids=["cosine", "linear"]
)
@pytest.mark.parametrize("steps", [8, 12])
def test_placed_steps_are_nearer_to_the_exact_solution_than_every_even_grid(path, of_the_best, steps):
    """On other noise than the one that placed them."""
    denoise = ExactDenoiser(MIXTURE, path)
    fine = path.grid(100, spacing="logsnr")
    x = noise(256, 5, path, fine[0])
    exact = exact_flow(denoise, x, path, (fine[0], 0.0), 1e-7)[-1].x

    def error(times):
        return float((list(samplers.ddim(denoise, x, path, times))[-1].x - exact).square().mean().sqrt())

    generator = torch.Generator().manual_seed(4)
    placed = place_steps(denoise, noise(256, 4, path, fine[0]), path, steps, generator=generator)
    assert len(placed) == steps + 1 and placed[0] == fine[0] and placed[-1] == 0
    even = {
        spacing: (fine[0], *path.grid(steps, spacing=spacing)[1:]) for spacing in grids.SPACINGS if spacing != "leading"
    }
    assert error(placed) < of_the_best * min(map(error, even.values()))


def test_single_numbers_are_placed_as_points_are():
    """Samples without an axis of their own, x [B]: the same table as with one, x [B, 1]."""
    path = schedules.cosine()
    numbers, points = (GaussianMixture(means, stds=0.2).denoiser(path) for means in ([-1.0, 1.0], [[-1.0], [1.0]]))
    x, times = path.prior((16,), torch.Generator().manual_seed(0), dtype=torch.float64), path.grid(5)
    generators = [torch.Generator().manual_seed(1) for _ in range(2)]
    one = local_errors(numbers, x, path, times, generator=generators[0])
    other = local_errors(points, x[:, None], path, times, generator=generators[1])
    torch.testing.assert_close(one, other)


def test_what_is_no_table_or_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="square"):
        cheapest(torch.zeros(3, 4), 2)
    for steps in (0, 4):
        with pytest.raises(ValueError, match="between 1 and 3 steps"):
            cheapest(torch.zeros(4, 4), steps)


def test_settings_keep_placed_times_and_sample_at_them():
    denoise, times = small(), (1000.0, 700.0, 100.0, 0.0)
    settings = Settings("ddim", 3, placed=list(times))
    assert settings.times(denoise.path) == times and Settings(**json.loads(json.dumps(asdict(settings)))) == settings
    x = denoise.path.prior((2, *denoise.shape), torch.Generator().manual_seed(0))
    placed = samplers.sample(samplers.ddim, clip(condition_on(denoise, 1)), x, denoise.path, times)
    assert torch.equal(generate(denoise, x, settings, labels=[1])[-1].x, placed)
    assert settings != Settings("ddim", 3) and "placed from 1000 to 0" in str(settings)
    with pytest.raises(ValueError, match="3 steps are placed at 4 times; got 3"):
        Settings("ddim", 3, placed=times[1:])
    with pytest.raises(ValueError, match="fall strictly"):
        Settings("ddim", 3, placed=(1000.0, 700.0, 700.0, 0.0)).check(denoise)


def test_runs_that_meet_place_steps_on_a_grid():
    """From a data set of two points everything ends at one of them: what differs at the start is gone."""
    path = schedules.flow()
    denoise = point_masses(torch.tensor([[0.0, 0.0], [1.0, 1.0]])).denoiser(path)
    x = path.prior((4, 2), torch.Generator().manual_seed(0))
    times = place_steps(denoise, x, path, 4)
    assert len(times) == 5 and all(t > s for t, s in pairwise(times)) and times[-1] == 0

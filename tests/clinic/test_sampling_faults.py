"""Each sampler is wrong in one place: its right twin differs from it by that place alone."""

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.clinic import sampling_faults
from diffusion_lessons.denoisers import clip

PATH = schedules.cosine()
DENOISE = toys.GaussianMixture([[0.4, 0.4], [-0.4, -0.4]], stds=0.1).denoiser(PATH)
X = PATH.prior((500, 2), torch.Generator().manual_seed(0), dtype=torch.float64)


def run(draw, **options):
    return list(draw(DENOISE, X, None, torch.Generator().manual_seed(1), **options))


def test_without_the_root_the_second_state_lacks_signal():
    wrong, right = run(sampling_faults.ddim_without_the_root), samplers.ddim(clip(DENOISE), X, PATH, PATH.grid(20))
    first = next(right)
    missing = (PATH.alpha(first.t) - PATH.alpha(first.t) ** 2) * first.x0
    assert torch.allclose(first.x - wrong[0].x, missing, atol=1e-9)


def test_noise_to_the_end_is_ddpm_with_one_draw_more():
    wrong = run(sampling_faults.ddpm_with_noise_to_the_end)
    right = list(
        samplers.ddpm(
            clip(DENOISE), X, PATH, PATH.grid(10), variance="large", generator=torch.Generator().manual_seed(1)
        )
    )
    for a, b in zip(wrong[:-1], right[:-1], strict=True):
        assert torch.allclose(a.x, b.x, atol=1e-9)
    more = (wrong[-1].x - right[-1].x).std().item()
    assert more == pytest.approx(PATH.step_variance(100.0, 0.0) ** 0.5, rel=0.1)


def test_the_late_start_is_ddim_on_the_leading_grid():
    wrong = run(sampling_faults.ddim_from_below_the_top)
    with pytest.warns(UserWarning, match="this grid starts at t = 901"):
        right = samplers.sample(samplers.ddim, clip(DENOISE), X, PATH, PATH.grid(10, "leading"))
    assert torch.allclose(wrong[-1].x, right, atol=1e-9)


def test_clipping_inside_cuts_what_guidance_would_add():
    classes = toys.ConditionalMixture([toys.GaussianMixture([[m, m]], stds=0.05) for m in (-2.0, 2.0)])
    labels = torch.ones(500, dtype=torch.long)
    *_, last = sampling_faults.guided_after_clipping(classes.denoiser(PATH), X, labels, torch.Generator(), steps=5)
    inside = sampling_faults.ClippedInside(classes.denoiser(PATH), labels, 3.0)(X, 900.0)
    null = classes.denoiser(PATH)(X, 900.0, torch.full((500,), 2)).x0.clamp(-1, 1)
    assert torch.allclose(inside.x0, null + 3 * (1 - null)) and torch.isfinite(last.x).all()

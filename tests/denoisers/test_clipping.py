"""Clipping: what stays, what is derived again, and the dynamic limit."""

import pytest
import torch

from diffusion_lessons import schedules
from diffusion_lessons.denoisers import Denoiser, Estimate, clip
from tests.denoisers.heads import head


def test_clipping_alone_leaves_eps_and_rederiving_keeps_the_balance():
    path = schedules.cosine()
    x, t = 3 * torch.randn(4, 2, dtype=torch.float64), 700.0
    plain = head(path, "eps")(x, t)
    alone = clip(head(path, "eps"), 0.4, rederive=False)(x, t)
    both = clip(head(path, "eps"), 0.4)(x, t)
    assert plain.x0.abs().max() > 0.4
    assert torch.equal(alone.x0, plain.x0.clamp(-0.4, 0.4)) and torch.equal(alone.eps, plain.eps)
    assert torch.equal(both.x0, alone.x0)
    torch.testing.assert_close(path.alpha(t) * both.x0 + path.sigma(t) * both.eps, x)


def test_dynamic_threshold_is_per_sample_and_never_enlarges():
    path = schedules.cosine()
    x0 = torch.tensor([[0.1, -0.5], [4.0, 2.0]])
    denoise = Denoiser(lambda x, t: x0, path, "x0")
    clipped = clip(denoise, 1.0, percentile=1.0)(torch.zeros(2, 2), 500.0).x0
    torch.testing.assert_close(clipped, torch.tensor([[0.1, -0.5], [1.0, 0.5]]))


@pytest.mark.parametrize(
    "options", [{"limit": 0}, {"limit": "x"}, {"percentile": 0}, {"percentile": 99.5}, {"percentile": "x"}]
)
def test_bad_clipping_is_refused(options):
    with pytest.raises(ValueError, match="limit must be a number above 0|percentile is a share"):
        clip(head(schedules.cosine(), "eps"), **options)


@pytest.mark.parametrize("share", [0.3, 0.95, 0.995, 1.0])
def test_the_dynamic_limit_is_pytorchs_quantile(share):
    values = torch.randn(3, 1, 7, 5, generator=torch.Generator().manual_seed(0)) * 4

    def denoise(x, t, condition=None):
        return Estimate(values, x)

    limit = torch.quantile(values.abs().flatten(1), share, dim=1).clamp(min=1.0).view(-1, 1, 1, 1)
    clipped = clip(denoise, percentile=share, rederive=False)(values, 0.5).x0
    torch.testing.assert_close(clipped, values.maximum(-limit).minimum(limit) / limit)


def test_numbers_are_clipped_at_a_percentile():
    path = schedules.flow()
    x = torch.tensor([3.0, -0.5], dtype=torch.float64)

    def denoise(x, t, condition=None):
        return Estimate.from_x0(x, x, path, t)

    denoise.path = path
    assert clip(denoise, percentile=0.9)(x, 0.5).x0.tolist() == [1.0, -0.5]

"""Evaluations are counted at the network, in rows of x."""

import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import Estimate, clip, count_calls, stacked
from tests.denoisers.heads import head


def test_counting_sees_doubled_batches_wherever_it_is_put():
    path = schedules.cosine()

    def doubled(denoise):
        def both(x, t):
            with stacked(x):
                estimate = denoise(torch.cat([x, x]), t)
            return Estimate(*(half.chunk(2)[0] for half in estimate))

        return both

    inner = count_calls(head(path, "v"))
    x = torch.randn(3, 2, dtype=torch.float64)
    samplers.sample(samplers.ddim, doubled(inner), x, path, path.grid(5))
    assert inner.nfe == 10
    outer = count_calls(clip(head(path, "v")))
    samplers.sample(samplers.ddim, outer, x, path, path.grid(5))
    assert outer.nfe == 5

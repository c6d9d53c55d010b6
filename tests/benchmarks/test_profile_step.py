"""Operations are found by kind and direction, and nothing stays patched."""

import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from benchmarks.profile_step import REST, part, scopes
from diffusion_lessons.training import recipes


def test_operations_are_found_by_kind_and_direction():
    convolution, x = torch.nn.Conv2d(8, 8, 3), torch.randn(2, 8, 8, 8, requires_grad=True)
    optimizer = torch.optim.AdamW(convolution.parameters())
    with profile(activities=[ProfilerActivity.CPU]) as recorded, scopes():
        h = F.group_norm(convolution(x), 2)
        F.silu(h).bfloat16().sum().backward()
        optimizer.step()
    found = {part(event) for event in recorded.events()}
    both = {(kind, way) for kind in ("convolutions", "group normalisation", "SiLU") for way in ("forward", "backward")}
    assert both | {("casts between precisions", "forward"), ("optimiser", ""), (REST, "backward")} <= found
    assert not {kind for kind, _ in found} & {"attention", "linear layers"}
    update = torch.optim.AdamW.step
    with scopes():
        assert torch.optim.AdamW.step is not update
    assert torch.optim.AdamW.step is update and recipes.draw_batch.__name__ == "draw_batch"

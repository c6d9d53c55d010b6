"""Attention agrees with torch's own, in both of its forms."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from diffusion_lessons.networks.attention import MultiHeadAttention, attend


def filled(*args) -> MultiHeadAttention:
    torch.manual_seed(0)
    return MultiHeadAttention(*args)


MASK = torch.tensor([[True] * 7, [True] * 3 + [False] * 4])


def test_it_is_torchs_multihead_attention():
    ours, x, context = filled(24, 4, 10), torch.randn(2, 5, 24), torch.randn(2, 7, 10)
    theirs = nn.MultiheadAttention(24, 4, kdim=10, vdim=10, batch_first=True)
    key, value = ours.key_value.weight.chunk(2)
    with torch.no_grad():
        theirs.q_proj_weight.copy_(ours.query.weight)
        theirs.k_proj_weight.copy_(key)
        theirs.v_proj_weight.copy_(value)
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, *ours.key_value.bias.chunk(2)]))
        theirs.out_proj.weight.copy_(ours.project.weight)
        theirs.out_proj.bias.copy_(ours.project.bias)
    expected, weights = theirs(x, context, context, key_padding_mask=~MASK, average_attn_weights=False)
    torch.testing.assert_close(ours(x, context, MASK), expected)
    torch.testing.assert_close(ours.weights(x, context, MASK), weights)


@pytest.mark.parametrize("mask", [None, MASK])
def test_it_is_torchs_scaled_dot_product(mask):
    ours, x, context = filled(24, 3, 10), torch.randn(2, 5, 24), torch.randn(2, 7, 10)
    q, k, v = ours._split(x, context)
    mixed = F.scaled_dot_product_attention(q, k, v, None if mask is None else mask[:, None, None])
    torch.testing.assert_close(ours(x, context, mask), ours.project(mixed.transpose(1, 2).flatten(2)))


def test_weights_add_up_to_one_and_hidden_positions_have_none():
    weights = filled(24, 4).weights(torch.randn(2, 7, 24), mask=MASK)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 4, 7))
    assert not weights[1, :, :, 3:].any()


def test_a_closed_gate_silences_its_head():
    attention, x = filled(24, 4), torch.randn(2, 5, 24)
    heads = attention.weights(x) @ attention._split(x, None)[2]  # [2, heads, 5, 6]
    attention.gate[1] = 0
    heads[:, 1] = 0
    torch.testing.assert_close(attention(x), attention.project(heads.transpose(1, 2).flatten(2)))


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="5 heads cannot share 24 features"):
        MultiHeadAttention(24, 5)


@pytest.mark.parametrize("mask", [None, MASK[:, None, None]], ids=["all", "masked"])
@pytest.mark.parametrize(("positions", "features"), [(16, 8), (1, 4)])
def test_attend_is_pytorchs_own_and_so_are_its_gradients(positions, features, mask):
    q = torch.randn(2, 3, positions, features, dtype=torch.float64, requires_grad=True)
    k, v = (torch.randn(2, 3, 7, features, dtype=torch.float64, requires_grad=True) for _ in range(2))
    out = torch.randn(q.shape, dtype=torch.float64)
    ours, theirs = attend(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(
        torch.autograd.grad(ours, (q, k, v), out), torch.autograd.grad(theirs, (q, k, v), out), strict=True
    ):
        torch.testing.assert_close(mine, other)


def test_training_and_evaluation_take_different_ways_to_the_same_numbers():
    attention, x = filled(24, 4), torch.randn(2, 7, 24)
    with torch.no_grad():
        evaluated = attention(x, mask=MASK)
    torch.testing.assert_close(attention(x, mask=MASK), evaluated)


def test_half_precision_autocast():
    attention, x = filled(24, 4), torch.randn(2, 7, 24)
    with torch.autocast("cpu", torch.bfloat16):
        half = attention(x, mask=MASK).float()
    torch.testing.assert_close(half, attention(x, mask=MASK), atol=0.05, rtol=0.1)

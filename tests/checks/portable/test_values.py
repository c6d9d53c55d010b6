"""Values as learners return them, made plain and compared."""

import numpy as np
import pytest
import torch

from diffusion_lessons.checks.portable.values import plain, same


@pytest.mark.parametrize(
    "yours, expected, agree",
    [
        (1.0, 1.0 + 1e-6, True),
        (1.0, 1.01, False),
        ([[1.0], [2.0]], [1.0, 2.0], True),
        ([1.0, 2.0], [[1.0, 2.0], [1.0, 2.0]], False),
        (float("inf"), float("inf"), True),
        (float("nan"), 1.0, False),
        (None, None, True),
        (None, 0.0, False),
        ("ddim", "ddim", True),
        ("0.5", 0.5, False),
        ([["a", 1.0]], [["a", 1.00001]], True),
        ([["a", 1.0]], [["b", 1.0]], False),
        ([], [], True),
        ({"a": 1.0}, {"a": 1.0}, True),
        ({"a": 1.0}, {"b": 1.0}, False),
        ([1.0, [2.0, 3.0]], [1.0, 2.0], False),
    ],
)
def test_same(yours, expected, agree):
    assert same(yours, expected) is agree


def test_plain_takes_what_learners_return():
    assert plain(torch.tensor([1, 2])) == [1.0, 2.0]
    assert plain(np.float32(0.5)) == 0.5
    assert plain((1, np.array([2.0]), "x", None, True)) == [1.0, [2.0], "x", None, True]
    assert plain(torch.tensor(3.0, requires_grad=True)) == 3.0
    assert plain({"device", "batch"}) == ["batch", "device"]
    with pytest.raises(TypeError, match="a slice; expected numbers"):
        plain(slice(3))
    with pytest.raises(TypeError, match="complex numbers: take their real part"):
        plain(np.array([1 + 0j]))
    with pytest.raises(TypeError, match="too large for a float"):
        plain([1, 10**400])
    with pytest.raises(TypeError, match="a tensor on the device 'meta', which holds no numbers"):
        plain(torch.ones(2, device="meta"))
    with pytest.raises(TypeError, match="more than any answer"):
        plain(np.zeros(200_000))

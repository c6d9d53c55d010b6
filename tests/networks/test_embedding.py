"""The clock of the networks: relative to the path's end, or the noise level itself."""

import pytest
import torch

from tests.networks.small import awake, tiny


def test_clock_is_relative_to_the_paths_end():
    """A diffusion network at t = 250 of 1000 and a flow network at 0.25 of 1 see the same clock."""
    diffusion, flow = awake(tiny(T=1000.0)), tiny(T=1.0)
    flow.load_state_dict(diffusion.state_dict())
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(diffusion(x, torch.tensor([250.0, 1000.0])), flow(x, torch.tensor([0.25, 1.0])))


def test_variance_exploding_clock_scales_the_input():
    """On alpha = 1, sigma = t the network sees x / sqrt(1 + t^2), so huge inputs stay of unit variance."""
    network = awake(tiny(clock="lambda", T=80.0)).eval()
    out = network(80 * torch.randn(2, 1, 8, 8), torch.tensor([80.0, 0.002]))
    assert torch.isfinite(out).all()
    near, far = (
        network(torch.ones(1, 1, 8, 8), torch.tensor([0.1])),
        network(torch.ones(1, 1, 8, 8), torch.tensor([40.0])),
    )
    assert not torch.allclose(near, far, atol=1e-3)


def test_bad_clock():
    with pytest.raises(ValueError, match="clock must be"):
        tiny(clock="noon")

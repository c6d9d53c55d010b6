"""The autoencoder: shapes, its closed forms, and that it can learn a picture by heart."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from diffusion_lessons.networks.autoencoder import Autoencoder, AutoencoderConfig, Posterior, reconstruction_loss

TINY = AutoencoderConfig(fine=16, coarse=16)


def test_shapes_at_any_multiple_of_four():
    network = Autoencoder(TINY)
    for side in (32, 64):
        mean, log_variance = network.encode(torch.randn(2, 3, side, side))
        assert mean.shape == log_variance.shape == (2, 4, side // 4, side // 4)
        assert network.decode(mean).shape == (2, 3, side, side)


def test_kl_is_that_of_torch():
    mean, log_variance = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0, 1)).sum(dim=(1, 2, 3))
    torch.testing.assert_close(Posterior(mean, log_variance).kl(), expected)


def test_samples_have_the_posteriors_mean_and_deviation():
    posterior = Posterior(torch.full((1, 1), 2.0), torch.full((1, 1), -1.0))
    drawn = posterior.sample(torch.randn(100_000, 1, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(drawn.mean(), torch.tensor(2.0), atol=0.01, rtol=0)
    torch.testing.assert_close(drawn.std(), torch.tensor(-0.5).exp(), atol=0.01, rtol=0)


def test_standardised_latents_are_undone_by_pictures():
    torch.manual_seed(0)
    network = Autoencoder(TINY).eval()
    network.shift.copy_(torch.randn(4))
    network.scale.copy_(torch.rand(4) + 0.5)
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(network.pictures(network.latents(x)), network.decode(network.encode(x).mean))


def test_loss_counts_edges_by_hand():
    """One pixel of 2x2 is wrong by 1: 1/4 on average; of two differences across and two down one each is wrong."""
    made, picture = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)
    made[0, 0, 0, 0] = 1
    assert reconstruction_loss(made, picture, edges=0.5).item() == 0.25 + 0.5 * (0.5 + 0.5)


def test_it_learns_a_picture_by_heart():
    torch.manual_seed(0)
    network, picture = Autoencoder(TINY), torch.zeros(1, 3, 32, 32)
    picture[:, :, 8:20, 10:14] = 1
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(60):
        loss = reconstruction_loss(network.decode(network.encode(picture).mean), picture)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"latent": True}, {"fine": 1e9}, {"coarse": None}])
def test_a_configuration_checks_its_fields(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be "):
        AutoencoderConfig(**wrong)

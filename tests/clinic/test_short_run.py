"""The short training trains, leaves what it was given as it is, and averages."""

import pytest
import torch
from torch import nn

from diffusion_lessons import networks, schedules, toys
from diffusion_lessons.clinic.short_run import averaging_gain, dropped, fresh, trained_on
from diffusion_lessons.denoisers import Denoiser

PATH = schedules.flow()
CLUSTERS = toys.GaussianMixture([[-1.0, 0.0], [1.0, 0.0]], stds=0.2)
POINTS = CLUSTERS.sample(500, torch.Generator().manual_seed(0))


def fresh_mlp(classes=None):
    torch.manual_seed(0)
    network = networks.MLP(networks.MLPConfig(dims=2, classes=classes, width=32, depth=1, T=1.0))
    return Denoiser(network, PATH, "velocity", classes=classes)


def off(denoise):
    x = PATH.add_noise(POINTS, torch.randn(500, 2, generator=torch.Generator().manual_seed(1)), 0.5)
    with torch.no_grad():
        return (denoise(x, 0.5).x0 - POINTS).square().mean().item()


def test_it_learns_and_changes_nothing_that_it_was_given():
    denoise = fresh_mlp()
    before = [value.clone() for value in denoise.network.state_dict().values()]
    last, average = trained_on(denoise, POINTS, steps=60, batch=64, rate=3e-3)
    assert off(last) < 0.7 * off(denoise) and off(average) < 0.8 * off(denoise)
    assert all(torch.equal(a, b) for a, b in zip(before, denoise.network.state_dict().values(), strict=True))
    again = trained_on(denoise, POINTS, steps=60, batch=64, rate=3e-3)[0]
    assert off(again) == off(last)


def test_the_average_is_that_of_the_steps():
    denoise = fresh_mlp()
    weights = [trained_on(denoise, POINTS, steps=steps, average_from=0)[0].network for steps in (1, 2, 3)]
    average = trained_on(denoise, POINTS, steps=3, average_from=0)[1].network
    for mean, *steps in zip(average.parameters(), *(one.parameters() for one in weights), strict=True):
        assert torch.allclose(mean, torch.stack(steps).mean(dim=0), atol=1e-6)


def test_a_wild_network_gains_by_an_average_and_the_average_does_not():
    wild, calm = trained_on(fresh_mlp(), POINTS, steps=400, batch=8, rate=2e-2, average_from=200)
    options = {"steps": 60, "batch": 32, "rate": 2e-3}
    gain, none = (averaging_gain(one, POINTS, None, off, **options) for one in (wild, calm))
    assert gain > 0.05 and none < 0.5 * gain


def test_a_tenth_of_the_labels_is_dropped():
    labels = torch.zeros(5000, dtype=torch.long)
    told = dropped(fresh_mlp(classes=3), labels, torch.Generator().manual_seed(0))
    assert set(told.tolist()) == {0, 3} and abs((told == 3).float().mean() - 0.1) < 0.02


def test_fresh_weights_are_those_of_a_new_network():
    trained = trained_on(fresh_mlp(), POINTS, steps=2)[0]
    torch.manual_seed(3)
    new = networks.MLP(trained.network.config)
    made = fresh(trained, seed=3)
    assert all(torch.equal(a, b) for a, b in zip(made.network.parameters(), new.parameters(), strict=True))
    assert made.path is trained.path and not torch.equal(*(next(one.network.parameters()) for one in (made, trained)))

    class Own(nn.Module):
        """No network of this library: its layers start again, and what is outside of them stays."""

        def __init__(self):
            super().__init__()
            self.layer, self.scale = nn.Linear(2, 2), nn.Parameter(torch.tensor(7.0))

    before = Own()
    own = fresh(Denoiser(before, PATH, "velocity")).network
    assert own.scale == 7 and not torch.equal(own.layer.weight, before.layer.weight)


def test_without_a_network_there_is_nothing_to_train():
    with pytest.raises(ValueError, match="a network is changed inside"):
        trained_on(CLUSTERS.denoiser(PATH), POINTS)
    assert isinstance(fresh_mlp().network, nn.Module)

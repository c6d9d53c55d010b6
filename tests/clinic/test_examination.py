"""Every fault is named by its own cause and by no other, and no shipped network is accused."""

from dataclasses import replace

import pytest
import torch

from diffusion_lessons import checkpoints, schedules, toys
from diffusion_lessons.clinic import chains, limits, losses, network_faults
from diffusion_lessons.clinic.case import Case, case_of
from diffusion_lessons.clinic.examination import Network, examine, of_network_alone, of_weights
from diffusion_lessons.clinic.faults import FAULTS
from diffusion_lessons.clinic.patients import healthy, patient
from diffusion_lessons.data import load_data
from diffusion_lessons.denoisers import Denoiser, clip
from diffusion_lessons.machine import places
from diffusion_lessons.training import loop, recipes

QUICK = ("digits-diffusion", "digits-flow")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(name):
    lines = []
    finding = examine(patient(name), lines.append)
    assert finding is not None and finding.cause == name
    assert lines[-1] == str(finding) and FAULTS[name].remedy in finding.remedy
    assert all(line.startswith("   ok") for line in lines[:-1])


@pytest.mark.timeout(900)  # the larger networks take a minute alone, and several beside other work
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in checkpoints.names()]
)
def test_no_shipped_network_is_accused(name):
    try:
        case = photographs(name) if name == "cifar10-diffusion" else healthy(name)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert examine(case) is None


def photographs(name):
    """A case of CIFAR-10: of torchvision's files, or of a folder `cifar10` with pictures in train/ and test/."""
    folder = places.datasets() / "cifar10"
    if not folder.is_dir():
        return healthy(name)
    return case_of(checkpoints.load(name, "cpu"), load_data(folder, "test"))


def test_a_network_inside_a_wrapper_is_not_trained():
    case = healthy("digits-diffusion")
    assert list(of_weights(Network(replace(case, denoise=clip(case.denoise, 1.0))))) == []


def test_a_few_images_are_asked_about_in_turn():
    case = healthy()
    few = replace(case, images=case.images[:12], conditions=case.conditions[:12])
    assert all(finding.ok for finding in of_network_alone(few, Network(few)))


@pytest.mark.parametrize("name", ["v_as_eps", "time_units", "labels_shuffled", "null_untrained"])
def test_faults_of_a_flow_network_are_named_too(name):
    finding = examine(patient(name, "digits-flow"))
    assert finding is not None and finding.cause == name


@pytest.mark.parametrize("network", QUICK)
def test_the_limit_on_the_null_does_not_hang_on_one_seed(network):
    """An untrained embedding may by luck lie near the labels' mean at the highest level, but not at the others."""
    case = healthy(network)
    images, labels = (part[-200:] for part in (case.images, case.conditions))
    found = losses.errors_by_label(case.denoise, images, labels)
    assert losses.null_cost(found, limits.SHOWN, limits.SHARE).sure < 0
    assert losses.null_distance(case.denoise, images, labels) < 0.75 * limits.NULL
    null = torch.full_like(labels, case.denoise.classes)
    for seed in range(12):
        faulty = network_faults.null_never_trained(case.denoise, seed)
        untrained = {**found, "null": losses.errors_by_level(faulty, images, null)}
        assert losses.null_cost(untrained, limits.SHOWN, limits.SHARE).sure > limits.SURE, seed


@pytest.mark.slow
def test_a_network_that_never_dropped_a_label_is_found():
    """Trained from the start, and not made from a shipped network."""
    recipe = recipes.get("digits", "diffusion", images=12_000, condition_dropout=0.0, smudged=0.0)
    *_, record = loop.train(recipe, recipe.load_data(), device="cpu")
    finding = examine(replace(healthy(), denoise=record.denoiser()))
    assert finding is not None and finding.cause == "null_untrained"


def test_a_network_of_other_images_is_found_by_its_answers_too():
    """Its owner's images are right here, and the network learned from others."""
    case = healthy()
    finding = examine(replace(case, denoise=network_faults.learned_from_zero_to_one(case.denoise)))
    assert finding is not None and finding.cause in ("data_range", "")


def test_what_has_no_name_is_still_found():
    case = healthy()

    class Noise(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x, t, condition):
            return self.bias + torch.sin(40 * x) + t.view(-1, 1, 1, 1) / 1000

    finding = examine(replace(case, denoise=Denoiser(Noise(), case.denoise.path, "v", classes=11, shape=(1, 8, 8))))
    assert finding is not None and finding.cause == "" and "cannot learn even them" in finding.remedy


@pytest.mark.parametrize(
    ("halfway", "after", "words"),
    [
        (0.31, 0.21, "other images than it was trained on"),  # the digits network and MNIST, made 8x8
        (0.12, 0.05, "it can learn"),
        (0.31, 0.30, "cannot learn even them"),
    ],
)
def test_only_an_error_that_stays_is_called_inability(halfway, after, words, monkeypatch):
    """Of a network that fails on images which it never learned, by how the short training on eight of them goes."""
    monkeypatch.setattr(chains, "overfit", lambda *case, steps: (3.33, after if steps == 200 else halfway))
    case = healthy()
    noise = torch.rand(case.images.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    finding = examine(replace(case, images=noise))
    assert finding is not None and finding.name == "better than a linear denoiser"
    assert words in finding.remedy and f"from 3.33 to {after:.2f}" in finding.remedy
    assert ("cannot" in finding.remedy) == (after > 0.25)


def test_an_exact_denoiser_without_labels_and_network_is_well():
    clusters = toys.GaussianMixture([[0.4, -0.4], [-0.4, 0.4]], stds=0.1)
    images = clusters.sample(600, torch.Generator().manual_seed(0))
    assert examine(Case(clusters.denoiser(schedules.cosine()), images)) is None


def test_the_limits_are_not_at_the_edge_of_what_is_healthy():
    """What the reasons in `limits` say was measured, measured again on the digits."""
    from diffusion_lessons.clinic.examination import Network

    network = Network(healthy())
    assert (network.errors.mean / network.linear).max() < 0.6 * limits.LINEAR
    assert network.errors.overlap.abs().max() < 0.3 * limits.OVERLAP

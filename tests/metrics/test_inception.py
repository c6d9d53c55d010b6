"""The evaluator of true FID, with a small network in the place of Inception: the weights are not to be had offline."""

import hashlib
from types import SimpleNamespace
from urllib.error import URLError

import pytest
import torch

from diffusion_lessons.data import load_data
from diffusion_lessons.metrics import inception
from diffusion_lessons.metrics.frechet import frechet_distance
from diffusion_lessons.metrics.scores import evaluate

SIDE = 4


class Small:
    """What Inception is asked for: uint8 [B, 3, H, W] -> features; here means of patches, colours apart."""

    def __init__(self):
        self.seen = 0

    def __call__(self, pixels):
        assert pixels.dtype == torch.uint8 and pixels.shape[1] == 3
        self.seen += len(pixels)
        return torch.nn.functional.adaptive_avg_pool2d(pixels[:, :1].float() / 255, SIDE).flatten(1)


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / inception.WEIGHTS
    file.write_bytes(b"weights")
    network = Small()
    monkeypatch.setattr(inception, "SHA256_BEGINS", hashlib.sha256(b"weights").hexdigest()[:8])
    monkeypatch.setattr(inception, "_network", lambda file, device: network)
    return network, file


def test_a_set_against_the_training_images_in_the_networks_features(small):
    _, file = small
    evaluator = inception.evaluator("digits", weights_file=file)
    train, test = (load_data("digits", split) for split in ("train", "test"))
    own = Small()
    wanted = [own(each.pixels.expand(-1, 3, -1, -1)) for each in (test, train)]
    seen = evaluator.features_of(test.images, test.labels)
    assert torch.equal(seen.features, wanted[0])
    score = evaluate(["frechet"], seen, evaluator.train, evaluator.held_out)["frechet"]
    assert score.value == pytest.approx(frechet_distance(wanted[1], wanted[0]), rel=1e-2)  # kept as float16
    assert evaluator.name == "inception features" and evaluator.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_real_images_are_seen_once_and_again_with_other_weights(small, monkeypatch):
    network, file = small
    inception.evaluator("digits", weights_file=file)
    assert network.seen == 1500 + 297
    inception.evaluator("digits", weights_file=file)
    assert network.seen == 1500 + 297
    file.write_bytes(b"others")
    monkeypatch.setattr(inception, "SHA256_BEGINS", hashlib.sha256(b"others").hexdigest()[:8])
    inception.evaluator("digits", weights_file=file)
    assert network.seen == 2 * (1500 + 297)


def test_other_weights_are_refused_before_they_are_unpickled(small, tmp_path):
    other = tmp_path / "other.pth"
    other.write_bytes(b"anything")
    with pytest.raises(ValueError, match="no FID"):
        inception.evaluator("digits", weights_file=other)
    with pytest.raises(FileNotFoundError, match=inception.WEIGHTS):
        inception.evaluator("digits", weights_file=tmp_path / "missing.pth")


def test_offline_it_says_where_the_weights_belong(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    monkeypatch.setattr(inception, "_packages", lambda: (None, SimpleNamespace(URL_INCEPTION_V3="https://nowhere")))
    with pytest.raises(ConnectionError, match="--inception-weights") as told:
        inception.evaluator("digits")
    assert str(tmp_path / "checkpoints" / inception.WEIGHTS) in str(told.value)


def test_without_the_packages_it_names_them(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "torch_fidelity", None)
    with pytest.raises(ModuleNotFoundError, match="pip install torchmetrics torch-fidelity"):
        inception.evaluator("digits")

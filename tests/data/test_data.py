"""Data sets: what is loaded is what the card says, and every failure says what to do."""

import errno
import gzip
import hashlib
import json
import os
import struct
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch

from diffusion_lessons.data import CARDS, load_data, to_pixels, to_unit

ROOT = Path(__file__).resolve().parents[2]


# --- digits -----------------------------------------------------------------------------------------------


def test_digits_are_scikit_learns_digits_in_the_unit_range():
    from sklearn.datasets import load_digits

    data = load_data("digits", split="all")
    assert data.images.shape == (1797, 1, 8, 8) and data.images.dtype == torch.float32
    assert (data.images.min(), data.images.max()) == (-1.0, 1.0)
    assert data.classes == tuple("0123456789") and data.labels.dtype == torch.int64
    order = np.random.RandomState(0).permutation(1797)
    ink = torch.from_numpy(load_digits().images[order]).float()[:, None]
    assert (data.images - (ink / 8 - 1)).abs().max() < 1 / 255 + 1e-6  # ink has 17 levels, pixels 256
    assert torch.equal(data.labels, torch.from_numpy(load_digits().target[order]).long())


def test_the_split_of_the_digits_never_changes():
    train, test, whole = (load_data("digits", split) for split in ("train", "test", "all"))
    assert (len(train), len(test)) == (1500, 297)
    assert torch.equal(torch.cat([train.pixels, test.pixels]), whole.pixels)
    assert train.labels[:10].tolist() == [2, 8, 2, 6, 6, 7, 1, 9, 8, 5]


def test_pixels_and_unit_range_are_inverse():
    pixels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_pixels(to_unit(pixels)), pixels)
    assert to_pixels(torch.tensor([-7.0, 7.0])).tolist() == [0, 255]


def test_batch_and_device_agree_with_images():
    data = load_data("digits")
    chosen = torch.tensor([3, 1, 1])
    images, labels = data.batch(chosen)
    assert torch.equal(images, data.images[chosen]) and torch.equal(labels, data.labels[chosen])
    assert data.to("cpu").shape == (1, 8, 8)


def test_size_and_channels():
    data = load_data("digits", "test", size=16, channels=3)
    assert data.images.shape == (297, 3, 16, 16) and data.card["shape"] == [3, 16, 16]
    assert torch.equal(data.pixels[:, 0], data.pixels[:, 2])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "valid"}, "train, test, all"),
        ({"size": 0}, "size must be a whole number of at least 1, or None; got 0"),
        ({"channels": 4}, "neither 1"),
    ],
)
def test_bad_options_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        load_data("digits", **options)


def test_an_unknown_name_lists_the_names():
    with pytest.raises(FileNotFoundError, match="digits, mnist, fashion-mnist, cifar10"):
        load_data("minst")


# --- downloads --------------------------------------------------------------------------------------------


def write_tiny_mnist(folder: Path, images: int = 5) -> None:
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        pixels = np.arange(images * 784, dtype=np.uint32).astype(np.uint8).tobytes()
        header = struct.pack(">IIII", 0x803, images, 28, 28)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + pixels)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, images) + bytes(range(images)))


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    """A data folder of its own, and no network."""

    def unreachable(*args, **kwargs):
        raise URLError("no network in this test")

    monkeypatch.setenv("DIFFUSION_LESSONS_DATA", str(tmp_path))
    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", unreachable)
    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", unreachable)
    return tmp_path


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10"])
def test_without_a_network_the_error_says_what_to_do(store, name):
    with pytest.raises(ConnectionError, match=r"embedded; or copy .* into .*DIFFUSION_LESSONS_DATA"):
        load_data(name)
    with pytest.raises(FileNotFoundError, match="download=False"):
        load_data(name, download=False)
    assert not any(path.is_file() for path in store.rglob("*"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_full_disk_is_not_taken_for_a_missing_network(store, monkeypatch, number):
    def full(*args, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", full)
    with pytest.raises(OSError, match=f"{os.strerror(number)}.*make room or set DIFFUSION_LESSONS_DATA") as caught:
        load_data("cifar10")
    assert caught.value.errno == number and not isinstance(caught.value, ConnectionError)


def test_a_complete_folder_is_read_and_never_written(store, monkeypatch):
    write_tiny_mnist(store)
    monkeypatch.setattr(Path, "mkdir", lambda *args, **kwargs: pytest.fail("wrote to a complete folder"))
    monkeypatch.setattr(os, "makedirs", lambda *args, **kwargs: pytest.fail("wrote to a complete folder"))
    data = load_data("MNIST", "all")
    assert data.images.shape == (10, 1, 28, 28) and data.labels.tolist() == [0, 1, 2, 3, 4] * 2
    assert data.classes == tuple("0123456789")


def test_a_damaged_file_is_reported_with_the_cure(store):
    write_tiny_mnist(store)
    file = store / "MNIST" / "raw" / "train-images-idx3-ubyte"
    for length in (1000, 2, 0):
        file.write_bytes(file.read_bytes()[:length])
        with pytest.raises(ValueError, match=r"damaged .*: delete MNIST/raw"):
            load_data("mnist")


def test_a_download_with_a_wrong_checksum_is_refused(store, monkeypatch):
    from torchvision.datasets.utils import download_and_extract_archive

    def wrong(url, path):
        Path(path).write_bytes(gzip.compress(b"not MNIST"))

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", download_and_extract_archive)
    monkeypatch.setattr("torchvision.datasets.utils._get_redirect_url", lambda url, max_hops: url)
    monkeypatch.setattr("torchvision.datasets.utils._urlretrieve", wrong)
    with pytest.raises(ConnectionError, match="corrupted"):
        load_data("mnist")


# --- cards ------------------------------------------------------------------------------------


def test_written_cards_agree_with_the_code_and_with_torchvision():
    from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

    cards = {name: json.loads((ROOT / "datasets" / f"{name}.json").read_text()) for name in CARDS}
    readme = (ROOT / "datasets" / "README.md").read_text()
    for name, card in CARDS.items():
        assert card.items() <= cards[name].items()
        assert f"[{name}.json]({name}.json)" in readme
    for name, maker in (("mnist", MNIST), ("fashion-mnist", FashionMNIST)):
        assert cards[name]["checksums"] == {f"md5 {file}": md5 for file, md5 in maker.resources}
    assert CIFAR10.tgz_md5 in cards["cifar10"]["checksums"].values()


def test_the_embedded_digits_have_the_checksum_of_their_card():
    from sklearn.datasets import load_digits

    sha256 = hashlib.sha256(load_digits().images.astype(np.uint8).tobytes()).hexdigest()
    assert sha256 in json.loads((ROOT / "datasets" / "digits.json").read_text())["checksums"].values()


@pytest.mark.skipif(
    not Path(os.environ.get("DIFFUSION_LESSONS_DATA", "absent"), "MNIST").is_dir(),
    reason="MNIST is not at hand",
)
def test_mnist_itself():
    data = load_data("mnist", "test", download=False)
    assert data.shape == (1, 28, 28) and data.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.images.mean() == pytest.approx(2 * 0.1325 - 1, abs=1e-3)

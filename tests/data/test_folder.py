"""A folder of images of any sizes and modes becomes one tensor, and what cannot be read is named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffusion_lessons.data import load_data


def save(path: Path, array: np.ndarray, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def colour(value: tuple[int, int, int], height: int = 9, width: int = 13) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


def test_one_sub_folder_for_each_class(tmp_path):
    save(tmp_path / "red" / "1.png", colour((255, 0, 0)))
    save(tmp_path / "blue" / "1.png", colour((0, 0, 255), 40, 20))
    save(tmp_path / "blue" / "2.PNG", colour((0, 0, 255), 8, 8))
    save(tmp_path / ".hidden" / "3.png", colour((9, 9, 9)))
    data = load_data(tmp_path, size=8)
    assert data.images.shape == (3, 3, 8, 8)
    assert data.classes == ("blue", "red") and data.labels.tolist() == [0, 0, 1]
    assert torch.equal(data.images[2, :, 0, 0], torch.tensor([1.0, -1.0, -1.0]))
    assert data.card["count"] == 3 and data.card["skipped"] == []


def test_no_classes_and_grey_images_stay_grey(tmp_path):
    save(tmp_path / "a.png", np.full((5, 5), 255, dtype=np.uint8))
    save(tmp_path / "b.png", np.zeros((5, 7), dtype=np.uint8))
    data = load_data(str(tmp_path))
    assert data.images.shape == (2, 1, 32, 32)
    assert data.classes == ("image",) and data.labels.tolist() == [0, 0]
    assert data.images.amin((1, 2, 3)).tolist() == [1.0, -1.0]
    assert load_data(tmp_path, channels=3).shape == (3, 32, 32)
    save(tmp_path / "c.png", colour((0, 255, 0)))
    assert load_data(tmp_path).shape == (3, 32, 32)
    assert load_data(tmp_path, channels=1).shape == (1, 32, 32)


def test_the_crop_is_central(tmp_path):
    wide = np.zeros((8, 24), dtype=np.uint8)
    wide[:, 8:16] = 255
    save(tmp_path / "a.png", wide)
    assert load_data(tmp_path, size=8).images.min() == 1.0


def test_transparent_rotated_and_sixteen_bit_images(tmp_path):
    save(tmp_path / "clear.png", np.zeros((8, 8, 4), dtype=np.uint8))
    save(tmp_path / "deep.png", np.full((8, 8), 128 * 256, dtype=np.uint16))
    top_dark = np.full((8, 8), 255, dtype=np.uint8)
    top_dark[:4] = 0
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    save(tmp_path / "turned.png", top_dark, exif=exif)
    clear, deep, turned = load_data(tmp_path, size=8, channels=1).pixels
    assert clear.min() == 255
    assert deep.unique().tolist() == [128]
    assert turned[0, 0, 0] == 255 and turned[0, 7, 0] == 0


def test_a_broken_image_is_named_skipped_and_counted(tmp_path):
    for index in range(4):
        save(tmp_path / f"{index}.png", colour((index, 0, 0)))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match=r"skipped 2 of 5 images: .*1\.png.*broken\.jpg"):
        data = load_data(tmp_path, size=8)
    assert len(data) == data.card["count"] == 3
    assert [name.split()[0] for name in data.card["skipped"]] == ["1.png", "broken.jpg"]


def test_folders_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match=r"no images in .*expected files ending in \.png"):
        load_data(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"none of the 1 images .*a\.png"), pytest.warns(UserWarning):
        load_data(tmp_path)
    save(tmp_path / "class" / "b.png", colour((0, 0, 0)))
    with pytest.raises(ValueError, match="in sub-folders"):
        load_data(tmp_path)
    with pytest.raises(FileNotFoundError, match="nor a folder"):
        load_data(tmp_path / "absent")


def test_train_and_test_folders_share_their_classes(tmp_path):
    save(tmp_path / "train" / "a" / "1.png", colour((1, 1, 1)))
    save(tmp_path / "train" / "b" / "1.png", colour((2, 2, 2)))
    save(tmp_path / "test" / "b" / "1.png", colour((3, 3, 3)))
    assert load_data(tmp_path).labels.tolist() == [0, 1]
    test = load_data(tmp_path, "test")
    assert test.labels.tolist() == [1] and test.classes == ("a", "b")
    assert len(load_data(tmp_path, "all")) == 3
    with pytest.raises(ValueError, match="is not split"):
        load_data(tmp_path / "train", "test")

"""A folder of images of any sizes and modes becomes one tensor, and what cannot be read is named."""

import errno
import os
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffusion_lessons.data import load_data
from diffusion_lessons.denoisers.conditions import label_number


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
    with pytest.warns(UserWarning, match=r"skipped 2 of 5 files: .*1\.png.*broken\.jpg"):
        data = load_data(tmp_path, size=8)
    assert len(data) == data.card["count"] == 3
    assert [name.split()[0] for name in data.card["skipped"]] == ["1.png", "broken.jpg"]


def test_folders_that_cannot_be_read(tmp_path):
    for _ in range(2):  # an empty one, and one that holds an empty one
        with pytest.raises(ValueError, match=r"no images in .*there are no files in it; expected \.png"):
            load_data(tmp_path)
        (tmp_path / "empty").mkdir(exist_ok=True)
    (tmp_path / "list.csv").write_text("a,b")
    with pytest.raises(ValueError, match=r"no images in .*there is only list\.csv \(no picture\)"):
        load_data(tmp_path)
    (tmp_path / "list.csv").unlink()
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"none of the 1 images .*a\.png \(an empty file\)"):
        load_data(tmp_path)
    save(tmp_path / "class" / "b.png", colour((0, 0, 0)))
    with pytest.raises(ValueError, match="in sub-folders"):
        load_data(tmp_path)
    with pytest.raises(FileNotFoundError, match="is not a folder of images"):
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


def told(folder, **options):
    """The data of a folder, and what was said while it was read."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = load_data(folder, size=8, **options)
    return data, [str(warning.message) for warning in caught]


def test_a_phones_folder_is_read_or_named(tmp_path):
    """JPEG under any name, and HEIC, which needs a package; a list and a film are named as no pictures."""
    save(tmp_path / "a.jpg", colour((9, 9, 9)))
    for name in ("b.JFIF", "c", "d.heic"):  # the last is a JPEG that was called so
        (tmp_path / name).write_bytes((tmp_path / "a.jpg").read_bytes())
    (tmp_path / "e.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    (tmp_path / "film.mov").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(50))
    (tmp_path / "list.csv").write_text("a,b")
    data, (said,) = told(tmp_path)
    assert len(data) == 4
    assert said.startswith(
        "skipped 3 of 7 files: film.mov (no picture), list.csv (no picture), e.HEIC (HEIC is read with"
    )
    assert "pip install pillow-heif" in data.card["skipped"][2]


def test_class_folders_and_files_may_be_links_and_a_circle_ends(tmp_path):
    save(tmp_path / "elsewhere" / "dogs" / "a.png", colour((1, 1, 1)))
    save(tmp_path / "pets" / "cats" / "a.png", colour((2, 2, 2)))
    (tmp_path / "pets" / "dogs").symlink_to(tmp_path / "elsewhere" / "dogs")
    (tmp_path / "pets" / "cats" / "b.png").symlink_to(tmp_path / "elsewhere" / "dogs" / "a.png")
    (tmp_path / "pets" / "cats" / "up").symlink_to(tmp_path / "pets")
    (tmp_path / "pets" / "cats" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    data, (said,) = told(tmp_path / "pets")
    assert data.classes == ("cats", "dogs") and data.labels.tolist() == [0, 0, 1]
    assert (
        said == "skipped 2 of 5 files: cats/gone.png (a broken link), cats/up (a link to a folder that is read already)"
    )


def test_a_pipe_in_a_folder_does_not_stop_the_reading(tmp_path):
    save(tmp_path / "a.png", colour((1, 1, 1)))
    os.mkfifo(tmp_path / "b.png")
    data, (said,) = told(tmp_path)
    assert len(data) == 1 and "b.png (no ordinary file)" in said


def test_a_folder_that_may_not_be_opened_is_named(tmp_path, monkeypatch):
    save(tmp_path / "a" / "1.png", colour((1, 1, 1)))
    (tmp_path / "b").mkdir()
    scan = os.scandir

    def refusing(path):
        if Path(path).name == "b":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    data, (said,) = told(tmp_path)
    assert len(data) == 1 and said == "skipped 1 of 2 files: b (Permission denied)"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1"])
def test_grey_pictures_of_every_mode_make_a_grey_set(tmp_path, mode):
    for number in range(2):
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert(mode).save(tmp_path / f"{number}.png")
    assert told(tmp_path)[0].shape == (1, 8, 8)


def test_what_was_changed_in_reading_is_said(tmp_path):
    frames = [Image.fromarray(colour((50 * i, 0, 0))) for i in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    Image.fromarray(np.arange(64, dtype=np.float32).reshape(8, 8)).save(tmp_path / "b.tif")
    data, (said,) = told(tmp_path)
    changes = ["a.gif (the first of 3 frames)", "b.tif (scaled by its own range, 0 to 63)"]
    assert said == f"read 2 of 2 files with a change: {', '.join(changes)}" and data.card["adapted"] == changes


@pytest.mark.parametrize(("train", "test"), [("Train", "Test"), ("TRAIN", "test"), ("train", "TEST")])
def test_splits_in_any_case(tmp_path, train, test):
    save(tmp_path / train / "rose" / "1.png", colour((1, 1, 1)))
    save(tmp_path / test / "rose" / "1.png", colour((2, 2, 2)))
    assert len(load_data(tmp_path)) == len(load_data(tmp_path, "test")) == 1 and len(load_data(tmp_path, "all")) == 2
    assert load_data(tmp_path).classes == ("rose",)


def test_what_lies_beside_the_splits_is_named(tmp_path):
    for split in ("train", "test", "val"):
        save(tmp_path / split / "rose" / "1.png", colour((1, 1, 1)))
    (tmp_path / "readme.txt").touch()
    data, (said,) = told(tmp_path)
    assert len(data) == 1
    assert said == (
        "skipped 2 of 3 files: readme.txt (beside train/ and test/, which alone are read), "
        "val (beside train/ and test/, which alone are read)"
    )


def test_splits_that_are_taken_for_classes_are_said(tmp_path):
    for name in ("test", "validation", "rose"):
        save(tmp_path / name / "1.png", colour((1, 1, 1)))
    data, (said,) = told(tmp_path)
    assert data.classes == ("rose", "test", "validation")
    assert said.startswith("taken for classes, and not for splits") and said.endswith(": test, validation")


def test_what_systems_leave_is_no_class(tmp_path):
    save(tmp_path / "rose" / "a.png", colour((1, 1, 1)))
    for litter in ("rose/@eaDir/a.png", "@eaDir/a.png", "__MACOSX/a.png", "rose/._a.png", "rose/Thumbs.db"):
        save(tmp_path / litter, colour((2, 2, 2)), format="PNG")
    data, said = told(tmp_path)
    assert (len(data), data.classes, said) == (1, ("rose",), [])


def test_classes_that_are_numbers_stand_in_the_order_of_the_numbers(tmp_path):
    for number in (0, 1, 2, 9, 10, 11):
        save(tmp_path / "numbers" / str(number) / "a.png", colour((number, 0, 0)))
    assert load_data(tmp_path / "numbers", size=8).classes == ("0", "1", "2", "9", "10", "11")
    save(tmp_path / "numbers" / "rose" / "a.png", colour((1, 0, 0)))
    assert load_data(tmp_path / "numbers", size=8).classes == ("0", "1", "10", "11", "2", "9", "rose")


def test_a_class_that_is_a_number_is_found_by_its_number_and_by_its_name(tmp_path):
    """Of folders 1 and 2, number 1 is the second, and the name "1" the first."""
    for number in (1, 2):
        save(tmp_path / str(number) / "a.png", colour((100 * number, 0, 0)))
    data = load_data(tmp_path, size=8)
    denoise = types.SimpleNamespace(card={"classes": list(data.classes)})
    assert [data.classes[label_number(denoise, label)] for label in (0, 1, "1", "2")] == ["1", "2", "1", "2"]


def test_a_folder_is_called_by_its_own_name(tmp_path, monkeypatch):
    save(tmp_path / "photos" / "a.png", colour((1, 1, 1)))
    monkeypatch.chdir(tmp_path / "photos")
    assert load_data(".", size=8).card["name"] == load_data("../photos/", size=8).card["name"] == "photos"
    with pytest.raises(FileNotFoundError, match="'~nobody-of-this-name' is neither a data set"):
        load_data("~nobody-of-this-name")

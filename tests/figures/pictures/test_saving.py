"""A figure is written whole, in the format of its ending, and what would go wrong is told before the work."""

import errno

import pytest
from matplotlib.figure import Figure
from PIL import Image

from diffusion_lessons.figures.pictures.saving import check_figure, save_figure
from diffusion_lessons.machine import files


def test_the_ending_decides_the_format(tmp_path):
    for name, head in (("a.png", b"\x89PNG"), ("a.PDF", b"%PDF"), ("new/a.svg", b"<?xml")):
        save_figure(Figure(), tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(head)
    assert Image.open(tmp_path / "a.png").size == (960, 720)


@pytest.mark.parametrize("name", ["a", "a.nothing", "a.txt"])
def test_another_ending_is_refused_before_the_work(tmp_path, name):
    for call in (check_figure, lambda file: save_figure(Figure(), file)):
        with pytest.raises(ValueError, match=r"does not end as a figure does; use \.png, \.pdf or \.svg"):
            call(tmp_path / name)


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"could not write .*a\.png"):
        check_figure(tmp_path / "file" / "a.png")


def test_a_full_disk_leaves_the_old_figure(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match=r"could not write .*a\.png .*No space left"):
        save_figure(Figure(), tmp_path / "a.png")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.png", b"old")]

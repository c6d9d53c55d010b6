"""Data sets are listed and described."""

import torch

from diffusion_lessons.commands.data import first_of_each, show_data
from diffusion_lessons.data import Data, load_data


def test_the_list_names_every_data_set_with_its_licence(capsys):
    show_data()
    assert "digits " in (listed := capsys.readouterr().out) and "embedded" in listed and "cifar10 " in listed


def test_the_first_of_each_class_stand_in_its_row():
    data = load_data("digits")
    images = first_of_each(data, 3)
    assert images.shape == (30, 1, 8, 8)
    sevens = (data.labels == 7).nonzero()[:3, 0]
    assert torch.equal(images[21:24], data.batch(sevens)[0])


def test_a_class_is_a_row_also_where_it_has_few_images(tmp_path):
    labels = torch.tensor([0, 0, 0, 2, 2])
    pixels = (labels * 100).to(torch.uint8)[:, None, None, None].expand(5, 1, 8, 8)
    images = first_of_each(Data(pixels, labels, ("a", "none", "b"), {}))
    assert ((images[:, 0, 0, 0] + 1) * 127.5).round().tolist() == [0, 0, 0, 200, 200, 255]

"""Features of rows are kept in half precision beside their table, and read for the same networks only."""

import pytest
import torch

from diffusion_lessons.benchmark import kept
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.samples import Features
from diffusion_lessons.sampling import Settings


def test_what_is_kept_is_read_again(tmp_path):
    x = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    samples = Features(x, torch.arange(20), torch.arange(20), torch.rand(20, 3))
    file = kept.place(tmp_path / "net.jsonl", Settings("ddim", 5), 20, 0)
    assert file.parent == tmp_path / "net.features" and file.name.startswith("ddim-5-20-")
    kept.write(file, samples, "network", "classifier")
    again = kept.read(file, "network", "classifier")
    torch.testing.assert_close(again.features, x, rtol=1e-3, atol=1e-3)
    for name in ("labels", "predicted", "values"):
        assert torch.equal(getattr(again, name), getattr(samples, name))
    with pytest.raises(ValueError, match="holds features of features_sha256 classifier"):
        kept.read(file, "network", "another")
    file.write_bytes(b"x" + file.read_bytes()[1:])
    with pytest.raises(ValueError, match=file.name):
        kept.read(file, "network", "classifier")
    file.unlink()
    with pytest.raises(FileNotFoundError):
        kept.read(file, "network", "classifier")


def test_every_row_has_a_place_of_its_own_and_shipped_tables_keep_theirs_out_of_the_repository():
    places_of = [
        kept.place(places.measurements() / "net.jsonl", *key)
        for key in (
            (Settings("ddim", 5), 20, 0),
            (Settings("ddim", 5), 20, 1),
            (Settings("ddim", 5), 30, 0),
            (Settings("ddim", 5, scale=2.0), 20, 0),
            (Settings("ddim", 5, options={"eta": 1.0}), 20, 0),
        )
    ]
    assert len(set(places_of)) == 5 and {place.parent.parent for place in places_of} == {kept.OF_SHIPPED}


def test_settings_that_came_later_leave_the_places_of_earlier_rows_as_they_were(tmp_path):
    plain, *later = (
        kept.place(tmp_path / "net.jsonl", Settings("ddim", 2, **more), 20, 0)
        for more in ({}, {"reuse": 2}, {"placed": (1000.0, 10.0, 0.0)})
    )
    assert len({plain, *later}) == 3
    assert kept.place(tmp_path / "net.jsonl", Settings("ddim", 5), 20, 0).stem.endswith("5a1da8ce8ce1")

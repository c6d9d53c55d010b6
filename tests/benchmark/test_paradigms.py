"""The table of the four paradigms is kept and read back, and the one that ships holds four kinds of model."""

import pytest

from diffusion_lessons.benchmark import paradigms
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import read_json
from diffusion_lessons.metrics.scores import Score

ROW = paradigms.Row(10, 20, 1.5, 1, "bound", (2.0, 0.1), {"frechet": Score(1.0, 0.1, 0.5, 0.1, 297)}, [[0.5, -1.0]])


def test_it_is_read_as_it_was_written(tmp_path):
    file = tmp_path / "made.json"
    paradigms.write(file, {"made": ROW, "silent": ROW._replace(kind="none", bits=None)})
    found = paradigms.rows(file)
    assert found["made"]._replace(bits=tuple(found["made"].bits)) == ROW and found["silent"].bits is None
    file.write_text(file.read_text().replace('"passes"', '"other"'))
    with pytest.raises(ValueError, match="does not hold the table of the paradigms"):
        paradigms.rows(file)
    with pytest.raises(NotMeasured, match="benchmark.paradigms"):
        paradigms.rows(tmp_path / "none.json")


def test_what_ships_has_four_kinds_of_model():
    found = paradigms.rows()
    assert list(found) == ["autoregressive", "variational", "adversarial", "diffusion"]
    assert [row.kind for row in found.values()] == ["exact", "bound", "none", "bound"]
    assert [row.passes for row in found.values()] == [64, 1, 1, paradigms.EVALUATIONS]
    assert all(len(row.shown) == 10 and len(row.shown[0]) == 64 for row in found.values())
    assert all(row.scores["frechet"].n == paradigms.SAMPLES for row in found.values())
    stored = read_json(places.measurements() / paradigms.NAME)["checkpoint_sha256"]
    assert stored == cards.read_card(paradigms.DIFFUSION)["sha256"]

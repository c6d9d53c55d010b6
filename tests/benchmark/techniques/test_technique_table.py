"""The table: measured once, gone on with after an interruption, timed at each batch, and of one network only."""

from dataclasses import replace

import pytest

from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.techniques import technique_table
from diffusion_lessons.benchmark.techniques.candidates import Candidate
from diffusion_lessons.benchmark.techniques.technique_table import (
    at_batch,
    compared,
    measure_candidates,
    shipped_tables,
    shipped_techniques,
    time_candidates,
)
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.machine import places
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.sampling import Settings
from tests.benchmark.techniques.made_techniques import techniques

NAME = "digits-diffusion"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A table of two plain runs, a guided one and one with kept features."""
    folder, patch = tmp_path_factory.mktemp("techniques"), pytest.MonkeyPatch()
    patch.setattr(technique_table, "METRICS", ("adherence",))  # distances and their floors take seconds
    evaluator = evaluators.of_images("digits")
    plan = plans.write(folder / "kept.json", NAME, Techniques(features=2))
    settings = [Settings("ddim", steps, batch=50) for steps in (2, 4)]
    found = [Candidate(NAME, (*settings, replace(settings[1], scale=2.0))), Candidate(str(plan), (settings[1],))]
    file, said = folder / "table.jsonl", []
    assert measure_candidates(NAME, iter(found), file, evaluator, samples=40, say=said.append) == found
    time_candidates(NAME, found, file, batches=(1, 3), rounds=2)
    yield found, file, evaluator, said
    patch.undo()


def test_every_candidate_has_a_row_and_rows_of_other_networks_than_the_parent_name_it(made):
    _, file, _, said = made
    rows = [row for row in table.read(file) if row.quality]
    assert len(rows) == 4 and len(said) == 5
    assert [row.techniques for row in rows] == [(), (), (), ("features every 2",)]
    assert rows[3].parent_sha256 == rows[0].checkpoint_sha256 and rows[0].parent_sha256 is None
    assert {row.checkpoint for row in rows} == {NAME}


def test_the_drift_falls_with_the_steps_grows_with_a_technique_and_is_of_unguided_rows(made):
    two, four, guided, kept = (row.quality for row in table.read(made[1]) if row.quality)
    assert two["drift"].value > four["drift"].value > 0 and kept["drift"].value > four["drift"].value
    assert "drift" not in guided


def test_it_goes_on_where_it_was_stopped(made):
    found, file, evaluator, _ = made
    before, said = file.read_bytes(), []
    assert len(list(file.parent.glob("fine-*.safetensors"))) == 1  # the fine run is kept, too
    measure_candidates(NAME, found, file, evaluator, samples=40, say=said.append)
    time_candidates(NAME, found, file, batches=(1, 3), rounds=2)
    assert file.read_bytes() == before and said == []


def test_latency_of_a_batch_is_joined_to_the_quality_of_its_row(made):
    rows = table.read(made[1])
    one, three = at_batch(rows, 1), at_batch(rows, 3)
    assert len(one) == len(three) == 4 and {row.settings.batch for row in one} == {1}
    assert len({row.session for row in one}) == 1 and one[0].session != three[0].session
    assert all(row.seconds_per_image > 0 and row.quality for row in one)
    with pytest.raises(NotMeasured, match="there is latency at 1, 3"):
        at_batch(rows, 8)


def test_a_table_of_another_network_is_refused(made, tmp_path, monkeypatch):
    found, _, evaluator, _ = made
    file = tmp_path / "techniques" / f"{NAME}.jsonl"
    other = replace(table.read(made[1])[0], checkpoint_sha256="another")
    table.append(file, other)
    with pytest.raises(ValueError, match="rows of two networks"):
        measure_candidates(NAME, found, file, evaluator, samples=40)
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    with pytest.raises(ValueError, match="rows of two networks"):
        shipped_techniques(NAME)
    file.write_bytes(made[1].read_bytes())
    assert len(shipped_techniques(NAME)) == 4 + 8
    with pytest.raises(FileNotFoundError, match="diffusion-lessons techniques mnist-flow"):
        shipped_techniques("mnist-flow")
    assert technique_table.shipped_file(NAME) == file
    assert shipped_tables() == {}
    monkeypatch.setattr(technique_table, "MEASURED", ("mnist-flow", NAME))
    assert shipped_tables() == {NAME: shipped_techniques(NAME)}


def test_guided_rows_are_compared_with_guided_ones_only():
    rows = [row for row in techniques() if row.settings.steps != 10]
    guided = [type(row)(**{**vars(row), "settings": row.settings.changed(scale=2.0)}) for row in rows]
    assert {one.rival.run.settings.scale for one in compared([*rows, *guided], 1, "frechet") if one.rival} == {1.0, 2.0}
    assert all(
        one.rival.run.settings.scale == one.row.settings.scale for one in compared(guided, 1, "frechet") if one.rival
    )

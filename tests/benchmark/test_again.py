"""Rows measured again are the same rows, fewer samples keep what means the same, and only what pairs joins a table."""

from dataclasses import replace

import pytest

from diffusion_lessons.benchmark import again, shipped, table
from diffusion_lessons.benchmark.again import Joined, drawn_again, join, moved
from diffusion_lessons.sampling import Settings
from tests.made import row, score


@pytest.fixture(scope="module")
def kept():
    return shipped.find(shipped.rows("digits-flow"), Settings("ddim", 2))


def test_a_row_drawn_again_in_full_is_the_row(kept):
    """The shipped table was made from the same seed: what differs is the processor's rounding."""
    now = drawn_again(kept)
    assert now.key == kept.key and moved(kept, now) == {}
    for name, one in kept.quality.items():
        assert now.quality[name].value == pytest.approx(one.value, rel=0.02, abs=0.01), name


def test_with_fewer_samples_only_figures_are_taken_that_do_not_depend_on_the_count(kept):
    now = drawn_again(kept, samples=100)
    assert now.samples == 100 and set(now.quality) == {*again.AT_ANY_COUNT, "excess", "contrast"}
    for name, one in now.quality.items():
        assert abs(one.value - kept.quality[name].value) < 5 * max(one.spread, 0.002), name


def test_a_network_that_was_changed_or_is_another_is_not_drawn(kept):
    with pytest.raises(ValueError, match="was changed .int8"):
        drawn_again(replace(kept, techniques=("int8",)))
    with pytest.raises(ValueError, match="another checkpoint"):
        drawn_again(replace(kept, checkpoint_sha256="other"))


def test_what_moved_beyond_its_interval_is_named():
    before = row("net", "ddim", 10, 1.0, 0.1)
    assert moved(before, row("net", "ddim", 10, 1.1, 0.1)) == {}
    change = moved(before, row("net", "ddim", 10, 2.0, 0.1))["frechet"]
    assert (change.before.value, change.now.value) == (1.0, 2.0)


@pytest.fixture
def made(tmp_path):
    """A table with ten and fifty steps."""
    file = tmp_path / "net.jsonl"
    for steps in (10, 50):
        table.append(file, row("net", "ddim", steps, 1.0))
    return file


def test_rows_made_elsewhere_join_where_those_in_common_are_the_same_draw(made):
    rounding = replace(row("net", "ddim", 10, 1.0), device="cuda", quality={"frechet": score(1.0005, 0.01)})
    new = replace(row("net", "ddpm", 1000, 1.0), device="cuda")
    assert join(made, [rounding, new]) == Joined(taken=1, agreed=1)
    rows = table.read(made)
    assert [(one.settings.steps, one.device) for one in rows] == [(10, "cpu"), (50, "cpu"), (1000, "cuda")]
    assert join(made, [rounding, new]) == Joined(taken=0, agreed=2)


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ([row("net", "ddim", 10, 1.02), row("net", "ddpm", 1000, 1.0)], "other noise or other labels"),
        ([row("net", "ddpm", 1000, 1.0)], "none of these rows"),
        ([row("net", "ddim", 10, 1.0, samples=500)], "none of these rows"),
        ([replace(row("net", "ddim", 10, 1.0), checkpoint_sha256="other")], "checkpoint_sha256 is other"),
        ([replace(row("net", "ddim", 10, 1.0), reference_sha256="other")], "reference_sha256 is other"),
    ],
)
def test_rows_that_do_not_pair_are_refused_and_nothing_is_added(made, others, why):
    before = made.read_bytes()
    with pytest.raises(ValueError, match=why):
        join(made, others)
    assert made.read_bytes() == before

"""Teacher and students: ratios above the floor with their errors, and tables that do not compare."""

import json

import numpy as np
import pytest

from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.students import (
    above_floor,
    difference,
    family,
    method_of,
    of_tables,
    ratio,
    root_teacher,
)
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.errors import resolved
from tests.made import FLOOR_SPREAD, row, teacher

STUDENT = [row("student", "ddim", 1, 4.0), row("student", "ddim", 4, 1.5)]


def test_ratios_are_of_distances_beyond_the_floor():
    found = of_tables(teacher(), STUDENT)
    one, four = STUDENT
    assert ratio(found.first, one).n == pytest.approx(12 / 3)
    assert ratio(four, found.asymptote).n == pytest.approx(0.5 / 0.4)
    assert difference(four, found.asymptote, 1.5).n == pytest.approx(0.5 - 1.5 * 0.4)
    assert not resolved(difference(four, four)) and resolved(difference(one, found.first))


def test_their_errors_are_those_of_many_draws():
    """Both distances and the floor that they share drawn again and again."""
    a, b = row("a", "ddim", 1, 4.0, 0.05), row("b", "ddim", 1, 2.0, 0.02)
    random = np.random.default_rng(0)
    d, e, f = (random.normal(m, s, 200_000) for m, s in ((4.0, 0.05), (2.0, 0.02), (1.0, FLOOR_SPREAD)))
    assert above_floor(a).s == pytest.approx((d - f).std(), rel=0.02)
    assert ratio(a, b).s == pytest.approx(((d - f) / (e - f)).std(), rel=0.02)
    assert difference(a, b, 3.0).s == pytest.approx((d - f - 3 * (e - f)).std(), rel=0.02)
    assert difference(a, b).s == pytest.approx((d - e).std(), rel=0.02)


def test_a_ratio_to_something_at_the_floor_is_infinite_and_a_gap_is_not():
    at_floor = row("net", "ddim", 20, 1.0)
    infinite = ratio(STUDENT[0], at_floor)
    assert infinite.n == infinite.s == float("inf") and not resolved(infinite)
    assert difference(STUDENT[0], at_floor, 3.0).n == pytest.approx(3.0)


def test_the_best_within_so_many_evaluations():
    found = of_tables(teacher(), STUDENT, [row("other", "heun", 2, 1.2, nfe=3)])
    best = {k: found.best(k).checkpoint for k in (1, 2, 4, 8)}
    assert best == {1: "student", 2: "student", 4: "other", 8: "other"}
    assert found.best(2, taught=False).settings.sampler == "dpm_solver_pp_2m"
    with pytest.raises(NotMeasured, match="student with at most 1 evaluations"):
        of_tables(teacher(), STUDENT[1:]).best(1)


def test_missing_rows_and_different_counts_are_refused():
    with pytest.raises(NotMeasured, match="equally many samples.*net: 2000; student: 500"):
        of_tables(teacher(), [row("student", "ddim", 1, 4.0, samples=500)])
    with pytest.raises(NotMeasured, match="no row of ddim@1"):
        of_tables(teacher()[1:], STUDENT)
    with pytest.raises(NotMeasured, match="no row of dpm_solver_pp_2m@20"):
        of_tables(teacher()[:-1], STUDENT)
    with pytest.raises(NotMeasured, match="at least one student"):
        of_tables(teacher())


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A teacher, its chain of two students, measured, as the package and its tables would hold them."""
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    monkeypatch.setattr(places, "checkpoints", lambda: tmp_path)
    cards = {
        "net": {},
        "net-progressive-2": {"distillation": {"teacher": "net"}, "times": [1.0, 0.5]},
        "net-progressive-1": {"distillation": {"teacher": "runs/x/net-progressive-2.safetensors"}, "times": [1.0]},
        "net-reflow-2": {"distillation": {"teacher": "net-reflow"}},
    }
    for name, card in cards.items():
        (tmp_path / f"{name}.safetensors").write_bytes(b"")
        (tmp_path / f"{name}.json").write_text(json.dumps({"bytes": 0, "sha256": name, **card}))
    rows = [*teacher(), row("net-progressive-2", "ddim", 2, 1.5), row("net-progressive-1", "ddim", 1, 2.0)]
    for each in rows:
        table.append(tmp_path / f"{each.checkpoint}.jsonl", each)


def test_a_family_is_found_by_its_cards(shipped):
    assert (
        root_teacher("net-progressive-1") == "net"
        and root_teacher("net-reflow-2") == "net-reflow"
        and root_teacher("gone") == "gone"
    )
    assert method_of("net-progressive-1") == method_of("net-progressive-2") == "net-progressive"
    assert method_of("net-reflow-2") == "net-reflow-2" and method_of("gone") == "gone"
    found = family("net")
    assert found.students == ("net-progressive-1", "net-progressive-2")
    assert family("net", "net-progressive-1").students == ("net-progressive-1",)
    with pytest.raises(FileNotFoundError, match="net-reflow-2 has not been measured"):
        family("net", "net-reflow-2")

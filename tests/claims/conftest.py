"""A ledger and a register of a test's own, and tables that hold what their plans say."""

from dataclasses import replace
from functools import cache

import pytest
from tables import plans_of

from claims import images, register
from claims.numbers import Number
from claims.subjects import flow
from diffusion_lessons.benchmark import plans, shipped
from diffusion_lessons.benchmark.captions import system_table
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.data.captions.scenes import INKS
from diffusion_lessons.machine import places
from tests import made

FIGURES = {"frechet": 1.0, "adherence": 0.9, "diversity": 1.0, "recall": 0.5, "coverage": 0.5, "excess": 0.1}


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """No claim, no test, and a folder for the ledger of this test alone."""
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    claims, tests = dict(register.CLAIMS), list(register.TESTS)
    register.CLAIMS.clear()
    register.TESTS.clear()
    yield tmp_path
    register.CLAIMS.clear()
    register.CLAIMS.update(claims)
    register.TESTS[:] = tests


@pytest.fixture
def planned(monkeypatch):
    """Every table holds the rows of its plans, and that of the text-to-image system its figures, all of them alike."""
    students = {
        f"{data}-{name}": {"distillation": {"sampler": sampler}, "times": [1.0] * steps}
        for data in ("mnist", "cifar10")
        for name, sampler, steps in (("consistency", "consistency", 0), ("reflow", "ddim", 0))
    } | {
        f"{data}-progressive-{n}": {"distillation": {"sampler": "ddim"}, "times": [1.0] * n}
        for data in ("mnist", "cifar10")
        for n in (1, 2, 4, 8)
    }

    @cache
    def rows(name: str) -> list[Measurement]:
        groups = [group for plan in plans_of(name) for group in plans.groups(plan, students.get(name))]
        return [
            replace(
                made.row(name, "ddim", 1, 1.0, samples=group.samples),
                settings=settings,
                quality={figure: made.score(one, 0.1, group.samples) for figure, one in FIGURES.items()},
            )
            for group in groups
            for settings in group.settings
        ]

    def counted(name: str):
        assert name in system_table.plan()
        half = {key: [1, 2, 0.5] for key in ("smudged", "all said")}
        inks = {ink: [1 / 6, 1 / 6] for ink in INKS}
        paired = {f"{key} minus": [1, 0] for key in half}
        return {**paired, "with": half, "without": half, "followed": [2, 2], "ink": inks, "unwanted": [1, 2, 0.5]}

    monkeypatch.setattr(shipped, "rows", rows)
    monkeypatch.setattr(flow, "trajectory", lambda network: {"bend": Number("bend of " + network, 0.1)})
    monkeypatch.setattr(images, "counted", counted)

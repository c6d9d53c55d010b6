"""Measured tables that a test makes up."""

import pytest

from diffusion_lessons.benchmark import shipped


@pytest.fixture
def tables(monkeypatch):
    """A function that puts rows in the place of every shipped table, or of the table of each name."""

    def put(*rows, **named):
        monkeypatch.setattr(shipped, "rows", lambda name: list(named.get(name.replace("-", "_"), rows)))

    return put

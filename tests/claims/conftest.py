"""A ledger and a register of a test's own."""

import pytest

from claims import register
from diffusion_lessons.machine import places


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

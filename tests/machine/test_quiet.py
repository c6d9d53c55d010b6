"""Logging is quiet inside the block alone."""

import logging
import warnings

import pytest

from diffusion_lessons.machine.quiet import quiet_logging, quietly


def test_warnings_are_held_back_inside_and_errors_are_not(caplog):
    log = logging.getLogger("a library")
    with quiet_logging():
        log.warning("of its own internals")
        log.error("something is wrong")
    log.warning("afterwards")
    assert [record.message for record in caplog.records] == ["something is wrong", "afterwards"]


def test_an_error_inside_leaves_logging_as_it_was():
    before = logging.root.manager.disable
    with pytest.raises(ZeroDivisionError), quiet_logging():
        1 / 0  # noqa: B018
    assert logging.root.manager.disable == before


def test_pythons_own_warnings_are_held_back_as_well(caplog):
    with warnings.catch_warnings(record=True) as seen, quietly():
        warnings.warn("of its own internals", stacklevel=1)
        logging.getLogger("a library").warning("the same")
    assert not seen and not caplog.records
    with pytest.warns(UserWarning, match="afterwards"):
        warnings.warn("afterwards", stacklevel=1)

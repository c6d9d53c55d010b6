"""Libraries that warn of their own internals, kept quiet while they are used."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_logging() -> Iterator[None]:
    """Inside, no library logs a warning or less; afterwards logging is as it was."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def quietly() -> Iterator[None]:
    """Inside, no library logs a warning or less, and none warns by Python's `warnings` either."""
    with quiet_logging(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

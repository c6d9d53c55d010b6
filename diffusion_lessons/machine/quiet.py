"""Libraries that warn of their own internals, kept quiet while they are used."""

import logging
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

"""The claims ledger: what two texts say about diffusion, measured with the library, with a verdict each.

`python -m claims C9a` measures a claim anew; `gather(["C9a"])` does it from Python, and `markdown(read())` is the page.
A claim stands with its tests and their rules in the one file of its subject, in `claims/subjects/`.
"""

from claims import subjects  # noqa: F401 - enters every claim
from claims.evidence import Evidence, judged
from claims.ledger import gather, read, stale, tests_of
from claims.page import headline, markdown
from claims.register import CLAIMS, SOURCES, TESTS, Claim, in_order, measurements_of

__all__ = [
    "CLAIMS",
    "SOURCES",
    "TESTS",
    "Claim",
    "Evidence",
    "gather",
    "headline",
    "in_order",
    "judged",
    "markdown",
    "measurements_of",
    "read",
    "stale",
    "tests_of",
]

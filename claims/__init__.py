"""The claims ledger: what two texts say about diffusion, measured with the library, with a verdict each.

`python -m claims C9` measures a claim anew; `gather(["C9"])` does it from Python, and `markdown(read())` is the page.
All measurements of a claim are in the file of its subject.
"""

# importing a subject registers its measurements
from claims import ddim, ddpm, few_steps, flow, guidance, latency, memorization, solvers
from claims.evidence import Evidence, combined, named
from claims.ledger import MEASURERS, gather, markdown, read, stale
from claims.texts import CLAIMS, SOURCES, Claim

SUBJECTS = (ddim, ddpm, few_steps, flow, guidance, latency, memorization, solvers)

__all__ = [
    "CLAIMS",
    "MEASURERS",
    "SOURCES",
    "SUBJECTS",
    "Claim",
    "Evidence",
    "combined",
    "gather",
    "markdown",
    "named",
    "read",
    "stale",
]

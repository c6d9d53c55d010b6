"""The claims ledger: what two texts say about sampling, measured, with a verdict each.

`gather(["C9"])` measures and keeps what it finds; `markdown(read())` is the page. The measurements are in the modules
`on_...`, by what they are made on.
"""

from claims import (
    on_curves,
    on_fewer_steps,
    on_guidance,
    on_networks,
    on_paths,
    on_sampling,
    on_scales,
    on_solvers,
    on_speed,
    on_students,
    on_training,
)
from claims.ledger import MEASURERS, Evidence, Number, gather, read, stale, verdict
from claims.page import frame, markdown
from claims.texts import CLAIMS, Claim

# importing them enters their measurements
MODULES = (
    *(on_sampling, on_solvers, on_guidance, on_training, on_paths, on_curves),
    *(on_speed, on_fewer_steps, on_scales, on_networks, on_students),
)

__all__ = [
    "CLAIMS",
    "MEASURERS",
    "Claim",
    "Evidence",
    "Number",
    "frame",
    "gather",
    "markdown",
    "read",
    "stale",
    "verdict",
]

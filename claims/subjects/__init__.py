"""One file a subject: its claims, how each is tested, and the rules for verdicts. Importing this enters them all."""

from claims.subjects import (
    arithmetic,
    ddim,
    few_steps,
    flow,
    guidance,
    inference,
    memorization,
    negative,
    noise,
    quality,
    scales,
    solvers,
    speed,
)

SUBJECTS = (
    arithmetic,
    ddim,
    few_steps,
    flow,
    guidance,
    inference,
    memorization,
    negative,
    noise,
    quality,
    scales,
    solvers,
    speed,
)

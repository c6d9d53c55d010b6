"""The ledger: what is claimed, what was measured, and what follows.

A measurement of a claim is a function that returns Evidence; `@measures("C4", on="an exact mixture")` enters it. Each
piece of evidence is kept in `datasets/measurements/claims.json`, with the machine, the versions and the hashes of the
checkpoints behind it, and `CLAIMS.md` is written from that file alone.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import description, places
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.metrics.scores import resolved

HOLDS = "holds"
CONDITION = "holds with a condition"
FAILS = "does not hold here"
NOT_MEASURABLE = "not measurable here"
NOT_RESOLVABLE = "not resolvable here"
NOT_YET = "not yet measured"
VERDICTS = (HOLDS, CONDITION, FAILS, NOT_MEASURABLE, NOT_RESOLVABLE, NOT_YET)


class Number(NamedTuple):
    """A measured number and its standard error, or None where it is exact (a count, an identity)."""

    name: str
    value: float
    spread: float | None = None

    def __str__(self) -> str:
        return f"{self.value:.4g}" if self.spread is None else f"{self.value:.4g} ± {self.spread:.2g}"

    def __sub__(self, other: "Number") -> "Number":
        """The difference of two independent numbers."""
        spread = ((self.spread or 0) ** 2 + (other.spread or 0) ** 2) ** 0.5
        return Number(f"{self.name} - {other.name}", self.value - other.value, spread)

    @property
    def resolved(self) -> bool:
        """Whether it is told from 0."""
        return resolved(self.value, self.spread or 0)


@dataclass(frozen=True)
class Evidence:
    """What one measurement found: a verdict, why, and the numbers; `on`, `where` and `seconds` are filled in for it.

    So are the `checkpoints` that it needs; those that it came upon it names itself.
    """

    verdict: str
    because: str
    numbers: list[Number] = field(default_factory=list)
    on: str = ""
    checkpoints: dict[str, str] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Measurer:
    """A function that gathers evidence on a claim, and the shipped files that it needs."""

    claim: str
    on: str
    needs: tuple[str, ...]
    function: Callable[[], Evidence]


MEASURERS: list[Measurer] = []


def measures(claim: str, on: str, needs: tuple[str, ...] = ()) -> Callable[[Callable[[], Evidence]], Callable]:
    """Enter a function as a measurement of a claim. `needs` names checkpoints, or tables as "mnist-diffusion.csv"."""

    def enter(function: Callable[[], Evidence]) -> Callable[[], Evidence]:
        MEASURERS.append(Measurer(claim, on, needs, function))
        return function

    return enter


def gather(claims: Iterable[str] | None = None) -> dict[str, list[Evidence]]:
    """Measure the claims of these names (all by default) anew and keep what was found; return the whole ledger."""
    wanted = None if claims is None else set(claims)
    ledger = read()
    for name in dict.fromkeys(measurer.claim for measurer in MEASURERS):
        if wanted is None or name in wanted:
            ledger[name] = [_measured(measurer) for measurer in MEASURERS if measurer.claim == name]
            write(ledger)
    return ledger


def _measured(measurer: Measurer) -> Evidence:
    missing = [name for name in measurer.needs if not _is_there(name)]
    if missing:
        return Evidence(NOT_YET, f"Waits for {', '.join(missing)}.", on=measurer.on)
    began = time.perf_counter()
    try:
        found = measurer.function()
    except LookupError as error:  # a stored table without the rows that are compared
        return Evidence(NOT_YET, f"Waits for a measurement: {error.args[0]}.", on=measurer.on)
    if found.verdict not in VERDICTS:
        raise ValueError(f"{measurer.claim}: {found.verdict!r} is no verdict; they are {', '.join(VERDICTS)}")
    names = {name.removesuffix(".csv") for name in measurer.needs}
    return replace(
        found,
        on=measurer.on,
        checkpoints={name: cards.read_card(name)["sha256"] for name in sorted(names | set(found.checkpoints))},
        where=description.describe(torch.device("cpu")),
        seconds=round(time.perf_counter() - began, 1),
    )


def _is_there(name: str) -> bool:
    if name.endswith(".csv"):
        return (places.measurements() / name).is_file()
    return (places.checkpoints() / f"{name}.safetensors").is_file()


def verdict(evidence: list[Evidence]) -> str:
    """The verdict on a claim from all its evidence: theirs where they agree, a condition where they do not.

    What was not measured, or could not be resolved, does not speak against what was.
    """
    found = {each.verdict for each in evidence}
    for silent in (NOT_YET, NOT_MEASURABLE, NOT_RESOLVABLE):
        if found != {silent}:
            found.discard(silent)
    if not found:
        return NOT_YET
    return found.pop() if len(found) == 1 else CONDITION


def file() -> Path:
    return places.measurements() / "claims.json"


def read() -> dict[str, list[Evidence]]:
    """The ledger as it was last written; empty where nothing was measured."""
    if not file().is_file():
        return {}
    return {
        claim: [Evidence(**{**each, "numbers": [Number(*n) for n in each["numbers"]]}) for each in found]
        for claim, found in json.loads(file().read_text(encoding="utf-8")).items()
    }


def write(ledger: dict[str, list[Evidence]]) -> None:
    ordered = sorted(ledger.items(), key=lambda entry: int(entry[0][1:]))
    content = {claim: [asdict(each) for each in found] for claim, found in ordered}
    write_atomically(file(), (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def stale(ledger: dict[str, list[Evidence]]) -> list[str]:
    """Claims whose evidence is of another checkpoint than the one that ships."""
    return [
        claim
        for claim, found in ledger.items()
        for each in found
        for name, sha256 in each.checkpoints.items()
        if cards.read_card(name)["sha256"] != sha256
    ]

"""The ledger: the measurements of each claim, and the evidence that they returned.

A measurement is a function that returns Evidence; `@measures("C4", on("an exact mixture"))` registers it. Evidence is
kept in `datasets/measurements/claims.json` with the machine, the versions and the hashes of the checkpoints behind it,
and `CLAIMS.md` is written from that file alone.
"""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from claims.evidence import NOT_YET, VERDICTS, Evidence, combined, entry, named
from claims.texts import CLAIMS
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import description, places
from diffusion_lessons.machine.files import write_atomically

Ledger = dict[str, list[Evidence]]
Measurement = Callable[..., Evidence]


@dataclass(frozen=True)
class Case:
    """What a claim is measured on: in words, the shipped files that this needs, and the function's arguments."""

    words: str
    needs: tuple[str, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)


def on(words: str, *, needs: Iterable[str] = (), **arguments: Any) -> Case:
    """A case of a measurement. `needs` names checkpoints, or tables as "mnist-diffusion.jsonl"."""
    return Case(words, tuple(needs), arguments)


@dataclass(frozen=True)
class Measurer:
    """A function that gathers evidence on a claim, and the case that it is called for."""

    claim: str
    case: Case
    function: Measurement


MEASURERS: list[Measurer] = []


def measures(claim: str, *cases: Case) -> Callable[[Measurement], Measurement]:
    """Register a function as a measurement of a claim, once for each case; it is called with the case's arguments."""

    def register(function: Measurement) -> Measurement:
        MEASURERS.extend(Measurer(claim, case, function) for case in cases)
        return function

    return register


def gather(claims: Iterable[str] | None = None) -> Ledger:
    """Measure the claims of these names (all by default) anew, keep the evidence, and return the whole ledger."""
    names = None if claims is None else set(claims)
    ledger = read()
    for name in dict.fromkeys(measurer.claim for measurer in MEASURERS):
        if names is None or name in names:
            ledger[name] = [_measured(measurer) for measurer in MEASURERS if measurer.claim == name]
            write(ledger)
    return ledger


def _measured(measurer: Measurer) -> Evidence:
    """The evidence of one measurement; "not yet measured" where a file or a row of a table is missing.

    Any other error of a measurement is a fault in it, and is raised.
    """
    case = measurer.case
    missing = [name for name in case.needs if not _is_there(name)]
    if missing:
        return Evidence(NOT_YET, f"Waits for {', '.join(missing)}.", on=case.words)
    began = time.perf_counter()
    try:
        evidence = measurer.function(**case.arguments)
    except NotMeasured as error:
        return Evidence(NOT_YET, f"Waits for a measurement: {error}.", on=case.words)
    if evidence.verdict not in VERDICTS:
        raise ValueError(f"{measurer.claim}: {evidence.verdict!r} is no verdict; they are {', '.join(VERDICTS)}")
    names = {name.removesuffix(".jsonl") for name in case.needs}
    return replace(
        evidence,
        on=case.words,
        checkpoints={name: cards.read_card(name)["sha256"] for name in sorted(names | set(evidence.checkpoints))},
        where=description.describe(torch.device("cpu")),
        seconds=round(time.perf_counter() - began, 1),
    )


def _is_there(name: str) -> bool:
    if name.endswith(".jsonl"):
        return (places.measurements() / name).is_file()
    return (places.checkpoints() / f"{name}.safetensors").is_file()


def read() -> Ledger:
    """The ledger as it was last written; empty where nothing was measured."""
    return {
        name: [Evidence(**{**one, "numbers": [named(*n) for n in one["numbers"]]}) for one in claim["evidence"]]
        for name, claim in shipped.ledger().items()
    }


def write(ledger: Ledger) -> None:
    """Write the ledger. Each claim is stored with its text and its combined verdict, for readers of the file alone."""
    content = {
        name: {
            "claim": CLAIMS[name].text,
            "verdict": combined(evidence),
            "evidence": [{**vars(one), "numbers": [entry(number) for number in one.numbers]} for one in evidence],
        }
        for name, evidence in sorted(ledger.items(), key=lambda item: int(item[0][1:]))
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_atomically(places.measurements() / shipped.LEDGER, text.encode())


def stale(ledger: Ledger) -> list[str]:
    """Claims whose evidence was measured on another checkpoint than the one that ships."""
    return [
        claim
        for claim, evidence in ledger.items()
        for one in evidence
        for name, sha256 in one.checkpoints.items()
        if cards.read_card(name)["sha256"] != sha256
    ]

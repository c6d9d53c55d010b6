"""The ledger: the measurements of each claim, the evidence that they returned, and the page that shows it.

A measurement is a function that returns Evidence; `@measures("C4", on("an exact mixture"))` registers it. Evidence is
kept in `datasets/measurements/claims.json` with the machine, the versions and the hashes of the checkpoints behind it,
and `CLAIMS.md` is written from that file alone.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from textwrap import fill
from typing import Any

import torch

from claims.evidence import NOT_YET, VERDICTS, Evidence, combined, entry, named, text
from claims.texts import CLAIMS, SOURCES
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import description, places
from diffusion_lessons.machine.files import write_atomically

Ledger = dict[str, list[Evidence]]
Measurement = Callable[..., Evidence]

HEAD = """# The claims ledger

Two texts stand behind this course. Whatever they claim that a computer can check is listed here with its measurement,
the numbers with their standard errors, and a verdict. This page is written by `python -m claims`; the command under
each claim, run in a clone, measures it again.
"""


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
    written = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_atomically(places.measurements() / shipped.LEDGER, written.encode())


def stale(ledger: Ledger) -> list[str]:
    """Claims whose evidence was measured on another checkpoint than the one that ships."""
    return [
        claim
        for claim, evidence in ledger.items()
        for one in evidence
        for name, sha256 in one.checkpoints.items()
        if cards.read_card(name)["sha256"] != sha256
    ]


def markdown(ledger: Ledger) -> str:
    """CLAIMS.md, the whole page, written from the ledger."""
    verdicts = {name: combined(ledger.get(name, [])) for name in CLAIMS}
    count = Counter(verdicts.values())
    counts = ", ".join(f"{count[verdict]} {verdict}" for verdict in VERDICTS if count[verdict])
    sources = [fill(f"- {name} is {source}.", 120, subsequent_indent="  ") for name, source in SOURCES.items()]
    overview = ["| claim | verdict |", "| --- | --- |"]
    overview += [f"| [{name}](#{name.lower()}) {CLAIMS[name].text} | **{verdicts[name]}** |" for name in CLAIMS]
    sections = [_section(name, ledger.get(name, []), verdicts[name]) for name in CLAIMS]
    parts = [HEAD, *sources, "", f"Of {len(CLAIMS)} claims: {counts}.", "", *overview, "", *sections]
    return "\n".join(parts)


def _section(name: str, evidence: list[Evidence], verdict: str) -> str:
    lines = [f"## {name}", "", f"{CLAIMS[name].text} **{verdict[0].upper()}{verdict[1:]}.**", ""]
    if not evidence:
        lines += [f"Waits for {CLAIMS[name].waits_for or 'its measurement'}.", ""]
    for one in sorted(evidence, key=lambda one: one.verdict == NOT_YET):  # measured evidence comes first
        lines += [f"*On {one.on}: {one.verdict}.* {one.because}", ""]
        if one.numbers:
            lines += ["| measured | value |", "| --- | --- |"]
            lines += [f"| {number.tag} | {text(number)} |" for number in one.numbers]
            lines += [""]
        if one.verdict != NOT_YET:
            lines += [f"{_source(one)} `python -m claims {name}`", ""]
    return "\n".join(lines)


def _source(evidence: Evidence) -> str:
    where = evidence.where
    hashes = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in evidence.checkpoints.items())
    device = f"{where.get('device', '')}, {where.get('threads', '')} threads, torch {where.get('torch', '')}"
    return f"Measured in {evidence.seconds:g} s on {device}{'; checkpoints ' + hashes if hashes else ''}:"

"""The ledger: measuring claims anew, and `datasets/measurements/claims.json`, in which the evidence is kept.

The file holds every number with its error, the verdict, and where it was measured: machine, versions, commit, and the
hashes of the networks. `CLAIMS.md` is written from that file alone.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import torch

from claims.evidence import Evidence, Ledger, judged
from claims.images import FULL, noted
from claims.numbers import by_name
from claims.page import headline
from claims.register import CLAIMS, TESTS, Test, in_order, measurements_of
from claims.verdicts import NOT_YET, Verdict
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import description, places
from diffusion_lessons.machine.files import Lock, write_atomically

CODE = ("claims", "diffusion_lessons")  # the folders on which a number depends
WAIT = 60.0  # seconds, for another process that writes the ledger


def gather(
    claims: Iterable[str] | None = None,
    *,
    tables: bool = False,
    report: Callable[[Test], Any] = lambda test: None,
) -> Ledger:
    """Measure the claims of these names (all by default) anew, keep the evidence, and return the whole ledger.

    Evidence is written after each claim, so that what was measured stays, also by another process in the meantime.
    `report(test)` is called before each test. With `tables` only what is read from tables is measured.
    """
    tests = tests_of(claims, tables=tables)
    for name in in_order({test.claim for test in tests}):
        found = {}
        for test in tests:
            if test.claim == name:
                report(test)
                found[test.case.words] = measure(test)
        with Lock(places.measurements() / shipped.LEDGER, WAIT):
            ledger = read()
            before = {one.on: one for one in ledger.get(name, [])}
            judged_by = {test.case.words for test in tests if test.claim == name and test.rule.names}
            now = [one.after(before.get(on)) if on in judged_by else one for on, one in found.items()]
            write({**ledger, name: [*now, *(one for on, one in before.items() if on not in found)]})
    return read()


def judge_anew() -> Ledger:
    """Reach every verdict anew from the numbers that are kept, as after a rule was changed; the ledger."""
    with Lock(places.measurements() / shipped.LEDGER, WAIT):
        if ledger := read():
            write(ledger)
    return read()


def tests_of(claims: Iterable[str] | None = None, *, tables: bool = False) -> list[Test]:
    """The tests of the claims of these names, or of all; with `tables` those that read a table."""
    names = set(CLAIMS) if claims is None else set(claims)
    return [test for test in TESTS if test.claim in names and (bool(test.case.command) or not tables)]


def measure(test: Test) -> Evidence:
    """The evidence of one test; "not yet measured" where a file or a row of a table is missing.

    Any other error is a fault of the measurement, and is raised.
    """
    case = test.case
    missing = [name for name in case.needs if not _is_there(name)]
    if missing:
        return Evidence(case.words, verdict=Verdict(NOT_YET, f"waits for {', '.join(missing)}"))
    began = time.perf_counter()
    try:
        with noted() as read:
            numbers = test.function(**case.arguments)
    except NotMeasured as error:
        return Evidence(case.words, verdict=Verdict(NOT_YET, f"waits for {error}"))
    names = sorted({name.removesuffix(".jsonl") for name in case.needs})
    sampled = sorted({_sampled(row) for row in read})
    evidence = Evidence(
        case.words,
        tuple(numbers),
        checkpoints={name: cards.read_card(name)["sha256"] for name in names},
        where={**description.describe(torch.device("cpu")), "commit": commit(), "date": date.today().isoformat()}
        | ({"rows": sampled} if sampled else {}),
        seconds=round(time.perf_counter() - began, 1),
    )
    return replace(evidence, verdict=test.verdict(by_name(evidence.numbers)))


def _sampled(row: Measurement) -> str:
    """How the samples of a row were drawn: the device, the version, and how the network computed."""
    half = "" if row.settings.precision == FULL else f", {row.settings.precision}"
    return f"{row.device}, torch {row.torch}{half}{', compiled' * row.compiled}"


def commit() -> str | None:
    """The commit of this clone, with a "+" where its code was changed since; None outside of a clone."""
    if (here := places.clone()) is None:
        return None
    try:
        name = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *CODE], cwd=here, check=False).returncode
    except (OSError, subprocess.CalledProcessError):
        return None
    return name.stdout.strip() + ("+" if changed else "")


def _is_there(name: str) -> bool:
    if name.endswith(".jsonl"):
        return (places.measurements() / name).is_file()
    return (places.checkpoints() / f"{name}.safetensors").is_file()


def read() -> Ledger:
    """The ledger as it was last written, less what is no test any more; empty where nothing was measured."""
    known = {test.key for test in TESTS}
    kept = {
        name: [Evidence.from_json(one) for one in entry["evidence"] if (name, one["on"]) in known]
        for name, entry in shipped.ledger().items()
    }
    return {name: evidence for name, evidence in kept.items() if evidence}


def write(ledger: Ledger) -> None:
    """Write the ledger, with all verdicts reached anew. Each claim is stored with its statement and its verdict.

    Evidence stands in the order of the claim's tests, and waits for what was not measured yet.
    """
    final = judged({name: _in_order(name, evidence) for name, evidence in ledger.items()})
    content = {
        name: {
            "claim": CLAIMS[name].statement,
            "source": CLAIMS[name].source,
            "verdict": headline(final[name], measurements_of(name)).replace("*", ""),
            "evidence": [one.to_json() for one in final[name]],
        }
        for name in in_order(final)
    }
    written = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_atomically(places.measurements() / shipped.LEDGER, written.encode())


def _in_order(name: str, evidence: Iterable[Evidence]) -> list[Evidence]:
    kept = {one.on: one for one in evidence}
    return [kept.get(test.case.words, Evidence(test.case.words)) for test in measurements_of(name)]


def stale(ledger: Ledger) -> list[str]:
    """Claims whose evidence was measured on another checkpoint than the one that ships."""
    return [
        claim
        for claim, evidence in ledger.items()
        for one in evidence
        for name, sha256 in one.checkpoints.items()
        if cards.read_card(name)["sha256"] != sha256
    ]

"""CLAIMS.md, written from the ledger."""

from collections import Counter
from textwrap import fill

from claims.evidence import NOT_YET, VERDICTS, Evidence, combined, text
from claims.ledger import Ledger
from claims.texts import CLAIMS, SOURCES

HEAD = """# The claims ledger

Two texts stand behind this course. Whatever they claim that a computer can check is listed here with its measurement,
the numbers with their standard errors, and a verdict. This page is written by `python -m claims`; the command under
each claim, run in a clone, measures it again.
"""


def markdown(ledger: Ledger) -> str:
    """The whole page."""
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

"""CLAIMS.md and the table for the lessons, written from the ledger."""

from collections import Counter

import pandas as pd

from claims.ledger import NOT_YET, VERDICTS, Evidence, verdict
from claims.texts import CLAIMS

HEAD = """# The claims ledger

Two texts stand behind this course. Whatever they claim that a computer can check is listed here with its measurement,
the numbers with their standard errors, and a verdict. This page is written by `diffusion-lessons claims`; the command
under each claim measures it again.

"""


def markdown(ledger: dict[str, list[Evidence]]) -> str:
    """The whole page."""
    verdicts = {name: verdict(ledger.get(name, [])) for name in CLAIMS}
    count = Counter(verdicts.values())
    counts = ", ".join(f"{count[each]} {each}" for each in VERDICTS if count[each])
    overview = ["| claim | verdict |", "| --- | --- |"]
    overview += [f"| [{name}](#{name.lower()}) {CLAIMS[name].text} | **{verdicts[name]}** |" for name in CLAIMS]
    sections = [_section(name, ledger.get(name, []), verdicts[name]) for name in CLAIMS]
    return HEAD + f"Of {len(CLAIMS)} claims: {counts}.\n\n" + "\n".join(overview) + "\n\n" + "\n".join(sections)


def _section(name: str, evidence: list[Evidence], found: str) -> str:
    lines = [f"## {name}", "", f"{CLAIMS[name].text} **{found[0].upper()}{found[1:]}.**", ""]
    if not evidence:
        lines += [f"Waits for {CLAIMS[name].waits_for or 'its measurement'}.", ""]
    for each in sorted(evidence, key=lambda each: each.verdict == NOT_YET):  # what is there comes first
        lines += [f"*On {each.on}: {each.verdict}.* {each.because}", ""]
        if each.numbers:
            lines += ["| measured | value |", "| --- | --- |"]
            lines += [f"| {number.name} | {number} |" for number in each.numbers]
            lines += [""]
        if each.verdict != NOT_YET:
            lines += [f"{_source(each)} `diffusion-lessons claims {name}`", ""]
    return "\n".join(lines)


def _source(evidence: Evidence) -> str:
    where = evidence.where
    hashes = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in evidence.checkpoints.items())
    device = f"{where.get('device', '')}, {where.get('threads', '')} threads, torch {where.get('torch', '')}"
    return f"Measured in {evidence.seconds:g} s on {device}{'; checkpoints ' + hashes if hashes else ''}:"


def frame(ledger: dict[str, list[Evidence]]) -> pd.DataFrame:
    """One row a claim, for the lessons: claim, text, verdict, why."""
    return pd.DataFrame(
        [
            {
                "claim": name,
                "text": claim.text,
                "verdict": verdict(ledger.get(name, [])),
                "because": " ".join(each.because for each in ledger.get(name, []))
                or f"Waits for {claim.waits_for or 'its measurement'}.",
            }
            for name, claim in CLAIMS.items()
        ]
    )

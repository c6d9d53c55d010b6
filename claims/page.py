"""CLAIMS.md, the page, written from the ledger and the register alone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from textwrap import fill

from claims.evidence import Evidence, Ledger, most_looks
from claims.images import DDPM, ENDS, HALF
from claims.numbers import LEVEL, Number, apart
from claims.register import CLAIMS, SOURCES, Claim, Test, in_order, measurements_of
from claims.trainings import compares_trainings, words_on_trainings
from claims.verdicts import FAILS, HOLDS, NOT_MEASURABLE, NOT_YET, PRODUCTS, UNDECIDED, WHERE, WORDS, Verdict, listed
from diffusion_lessons.benchmark.plans import LIMIT

WIDTH = 120
FRECHET = ": frechet"  # after the name of what a distance is of, which is this for held-out images:
REAL = "real images"
HEAD = """# The claims ledger

Two texts stand behind this course. What they claim, one statement a row, is listed here with its test, the numbers that
came out, and a verdict. This page is written by `python -m claims` from `datasets/measurements/claims.json`, in which
every number is kept with its error, the machine, the versions, the commit, and the hashes of the networks.
"""
READING = """## How a verdict is reached

- A row is one statement, in our words, as strong and as hedged as the text makes it.
- The test, its margin, and the outcome for each verdict were written before the run, and a test whose rule was changed
  later says so; they stand in each section, and in `claims/subjects/`. A verdict is a function of the numbers and of
  nothing else.
- Numbers stand with their 95 % intervals: Student's t over groups of samples, seeds or rounds, Fieller's for ratios,
  and Wilson's for shares. An integer without an interval was counted; where all draws gave one figure, *no
  spread* stands in its place. Rows of one network share their noise and labels
  and are compared in pairs, by a jackknife that deletes groups.
- Verdicts are corrected by Holm's method for the number of comparisons on the page, images and toys each for
  themselves; a test with several cases makes several comparisons. An interval of 95 % may therefore exclude a margin,
  and the verdict be *undecided*. The level at which a verdict was reached, and the interval at that level of each
  number that it rests on, stand in the table beside it. Where one of several numbers suffices for a verdict, it must do
  so at its part of the level, which stands there too.
- {looks}
- Latencies were timed anew on another processor, as had been decided beforehand, and replaced the earlier ones whatever
  came out; this is not counted as a look. The earlier timing, of as many rounds that scattered less, had found that C1b
  on digits, C8b on MNIST, C18b and C37 hold. Those of MNIST were timed once more when its networks were replaced by
  others of the same shape, which is not counted as a look either; before that, C1b on MNIST held. With these networks
  fewer comparisons on MNIST are decided, so Holm's correction asks more of the rest: C19a on captions and C41 on
  digits, whose numbers have not moved, held before.
- A case whose interval covers the margin is no exception to a condition: it is named as undecided.
- "About as good" is a test of equivalence: the upper end of the interval of the paired difference lies below 25 % of
  the reference's distance. That two numbers cannot be told apart makes no tie; it makes *undecided*, with the number of
  samples at which the same rule, at the same level, would decide if the estimates stayed as they are. A look beyond
  those that were planned needs more, since it lowers the level. The number is rough: a distance contains what a finite
  sample adds to it, which is all that real images score, and this shrinks as samples are added. Samples are compared
  with as many held-out images, of which there are 297 of the digits, 10,000 of MNIST and of CIFAR-10, and 4,000 of the
  captions: where more would be needed, it says so.
- Where the distance of samples is not told from that of held-out real images, by a 95 % interval with the errors of
  both, it has no room left in which to tell quality: that is said beside the numbers.
- On MNIST the network is `mnist-diffusion`, with its twin by flow matching and the students of both. Where techniques
  are asked about (C16a, C16c, C16d, C19b, and C17 by local errors) it is `mnist-small-diffusion`, of the same shape,
  which saw an eighth of the images.
- Images decide what is said about images. Exact toys, whose answer is known, explain; they have a column of their own,
  and no verdict is an average of the two.
- {trainings}
"""
KINDS = {  # of one claim, and of several
    HOLDS: ("holds", "hold"),
    WHERE: ("holds under the condition that is named", "hold under the condition that is named"),
    FAILS: ("does not hold here", "do not hold here"),
    UNDECIDED: ("is undecided", "are undecided"),
    PRODUCTS: ("is a fact about products", "are facts about products"),
    NOT_MEASURABLE: ("cannot be measured here", "cannot be measured here"),
    NOT_YET: ("is not yet measured", "are not yet measured"),
}


def headline(evidence: Sequence[Evidence], tests: Sequence[Test], *, explains: bool = False) -> str:
    """The verdict in the overview: of what decides, or of the toys that explain; all of them where they differ."""
    toys = {test.case.words: test.case.explains for test in tests}
    chosen = [one for one in evidence if toys[one.on] == explains]
    if measured := [one for one in chosen if one.verdict.word != NOT_YET]:
        done = {one.on for one in measured}
        waiting = [place for place, toy in toys.items() if toy == explains and place not in done]
        parts = [_named(verdict, places) for verdict, places in _by_verdict(measured)]
        return "; ".join([*parts, *([f"not yet on {listed(waiting)}"] if waiting else [])])
    return "" if explains and not chosen else NOT_YET


def _named(verdict: Verdict, places: list[str]) -> str:
    return f"**{verdict.short}** on {listed(places)}" if places else f"**{verdict.short}**"


def _by_verdict(evidence: Iterable[Evidence]) -> list[tuple[Verdict, list[str]]]:
    """Each verdict with the cases that reached it; without cases where there is only one verdict."""
    found: dict[str, tuple[Verdict, list[str]]] = {}
    for one in evidence:
        found.setdefault(one.verdict.short, (one.verdict, []))[1].append(one.on)
    return [(verdict, places if len(found) > 1 else []) for verdict, places in found.values()]


def word(evidence: Sequence[Evidence], tests: Sequence[Test]) -> str:
    """The verdict of a row in one word, for counting: "holds where" if what decides differs."""
    toys = {test.case.words: test.case.explains for test in tests}
    words = {one.verdict.word for one in evidence if not toys[one.on]}
    for silent in (NOT_YET, UNDECIDED):
        if len(words) > 1:
            words.discard(silent)
    return words.pop() if len(words) == 1 else WHERE if words else NOT_YET


def markdown(ledger: Ledger) -> str:
    """The whole page."""
    names = in_order(CLAIMS)
    words = {name: word(ledger.get(name, []), measurements_of(name)) for name in names}
    sources = [
        fill(f"- **Text {number}** is {source}.", WIDTH, subsequent_indent="  ") for number, source in SOURCES.items()
    ]
    reading = READING.format(looks=_bullet(_looks(ledger)), trainings=_bullet(words_on_trainings()))
    parts = [HEAD, *sources, "", _counts(words, ledger), "", reading, "## Overview", "", *_overview(names, ledger), ""]
    return "\n".join([*parts, *(_section(CLAIMS[name], ledger.get(name, [])) for name in names)])


def _counts(words: dict[str, str], ledger: Ledger) -> str:
    count = Counter(words.values())
    counts = ", ".join(f"{count[word]} {KINDS[word][count[word] > 1]}" for word in WORDS if count[word])
    open_somewhere = sum(
        word != UNDECIDED and any(one.verdict.word == UNDECIDED for one in ledger.get(name, []))
        for name, word in words.items()
    )
    told = f"Of {len(words)} claims {counts}."
    if open_somewhere:
        told += (
            " A claim is counted by the cases in which it was decided; in at least one other case "
            f"{open_somewhere} of those counted as decided are undecided, as the overview says of each."
        )
    return fill(told, WIDTH)


def _bullet(words: str) -> str:
    """One point of a list, without its dash."""
    return fill(words, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False).strip()


def _looks(ledger: Ledger) -> str:
    """What was measured more than once, and what that costs."""
    looked = [f"{name} on {one.on}" for name in in_order(ledger) for one in ledger[name] if one.looks > 1]
    again = f" Measured on other counts before: {'; '.join(looked)}." if looked else ""
    return (
        "A row may be measured again on more samples, as many were that had been undecided. Every look is a chance for "
        f"luck: the level of images and that of toys, {100 * LEVEL:g} % each, is therefore "
        f"divided by {most_looks(ledger)}, the number of looks that any row may have at one network.{again}"
    )


def _overview(names: Iterable[str], ledger: Ledger) -> list[str]:
    lines = ["| | claim | text | verdict | on exact toys |", "| --- | --- | --- | --- | --- |"]
    for name in names:
        evidence, tests = ledger.get(name, []), measurements_of(name)
        claim, decided, explained = CLAIMS[name], headline(evidence, tests), headline(evidence, tests, explains=True)
        lines.append(f"| [{name}](#{name.lower()}) | {claim.statement} | {claim.text} | {decided} | {explained} |")
    return lines


def _section(claim: Claim, evidence: Sequence[Evidence]) -> str:
    lines = [f"## {claim.name}", "", f"*Text {claim.source}.* {claim.statement}", ""]
    tests = measurements_of(claim.name)
    kept = {one.on: one for one in evidence}
    for (compares, rule), group in groupby(tests, key=lambda test: (test.compares, test.rule.words)):
        lines += [f"**Test.** {compares} **Rule.** {rule[0].upper()}{rule[1:]}.", ""]
        cases = [(test, kept.get(test.case.words, Evidence(test.case.words))) for test in group]
        for test, one in sorted(cases, key=lambda pair: pair[1].verdict.word == NOT_YET):
            lines += _result(test, one)
    if not tests:
        lines += [f"*Not yet measured*: waits for {claim.waits}.", ""]
    return "\n".join(lines)


def _result(test: Test, one: Evidence) -> list[str]:
    kind = ", a toy beside the images" if test.case.explains else ""
    kind += ", two trainings" if compares_trainings(test) else ""
    kind += f", look {one.looks}" if one.looks > 1 else ""
    counts = dict.fromkeys(f"{number.of:,} {number.unit}" for number in one.numbers if number.of)
    size = f" ({listed(list(counts))})" if counts else ""
    lines = [f"On {one.on}{size}{kind}: **{one.verdict}**.", ""]
    if one.numbers:
        lines += [*_numbers(test, one), ""]
    for remark in filter(None, (_as_near_as_real_images(one), _nearer_than_the_limit(one))):
        lines += [remark, ""]
    if one.where:
        lines += [_provenance(test, one), ""]
    return lines


def _numbers(test: Test, one: Evidence) -> list[str]:
    """The numbers with their 95 % intervals; those of which the verdict is made also at the level it was reached at."""
    decisive = {number.name for number in one.numbers if not number.exact} & set(test.rule.names)
    levels = dict.fromkeys(level for level in (one.level, one.level / test.rule.parts) if level < LEVEL and decisive)
    head = ["measured", "value [95 %]", *(f"at {100 * (1 - level):.5g} %" for level in levels)]
    rows = [
        [number.name, str(number), *(number.within(level) if number.name in decisive else "" for level in levels)]
        for number in one.numbers
    ]
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _distances(one: Evidence) -> dict[str, Number]:
    """The Fréchet distances among the numbers, by what each is of."""
    return {number.name.removesuffix(FRECHET): number for number in one.numbers if number.name.endswith(FRECHET)}


def _as_near_as_real_images(one: Evidence) -> str:
    """Which distances are not told from that of held-out real images, by the errors of both: no better can be told."""
    found = _distances(one)
    floor = found.pop(REAL, None)
    if floor is None:
        return ""
    near = [name for name, own in found.items() if apart(name, own, floor).interval()[0] <= 0]
    are = "is" if len(near) == 1 else "are"
    told = f"{listed(near)} {are} not told from them, and the distance tells no more"
    return f"Held-out real images score {floor}: {told}." if near else ""


def _nearer_than_the_limit(one: Evidence) -> str:
    """Which distances are below that of the network's own limit, by the errors of both: there two errors offset.

    Samplers without fresh noise solve the network's ODE; those with it follow its chain, whose limit is DDPM's.
    """
    found = _distances(one)
    found.pop(REAL, None)
    ode = next((found.pop(name) for name in (ENDS, str(LIMIT)) if name in found), None)
    names = "DDPM", str(DDPM), str(DDPM.changed(precision=HALF))
    chain = next((found.pop(name) for name in names if name in found), None)
    if ode is None:
        return ""
    limits = {name: chain if any(part in name for part in ("ddpm", "eta ")) else ode for name in found}
    near = [name for name, limit in limits.items() if limit and apart(name, limit, found[name]).interval()[0] > 0]
    if not near:
        return ""
    of_chain = f", and its chain, DDPM in {DDPM.steps} steps, {chain}" if chain else ""
    return (
        f"The network's ODE, solved in {LIMIT.steps} steps of DPM-Solver++, scores {ode}{of_chain}. Nearer to the data "
        f"than what they approach, by the errors of both: {'; '.join(near)}. Fewer steps do not solve the equation "
        "better, so what the sampler gets wrong there must offset a part of what the network gets wrong, and the "
        "verdict tells of this network as much as of the samplers."
    )


def _short(commit: str) -> str:
    """The first digits of a commit, and the + of files that were changed since."""
    return commit[:12] + "+" * commit.endswith("+")


def _provenance(test: Test, one: Evidence) -> str:
    where = one.where
    threads = where.get("threads", "")
    timed = " and timed" * (not test.case.rows)  # in a table of techniques
    read = "read from a table in " * bool(test.case.command)  # the machine that made its rows is named with them
    parts = [
        f"{where.get('date', '')}, {read}{one.seconds:g} s on {where.get('device', '')}",
        f"{threads} thread{'' if threads == 1 else 's'}, load {where.get('load')}",
        f"torch {where.get('torch', '')}, commit {_short(str(where.get('commit') or 'unknown'))}",
        *(f"{name} {sha256[:12]}" for name, sha256 in one.checkpoints.items()),
        *(f"rows sampled{timed} on {device}" for device in where.get("rows", ())),
    ]
    return f"<sub>{'; '.join(parts)}. {_again(test)}</sub>"


def _again(test: Test) -> str:
    """What measures a test again: where it reads a table, what draws its rows anew, not what reads them again."""
    if test.case.rows:
        return f"Again, every row drawn anew: `python -m claims --anew {test.claim}`; the table: `{test.case.command}`."
    if test.case.command:
        return f"Again, the table that is read: `{test.case.command}`."
    return f"Again: `python -m claims {test.claim}`."

"""The claims ledger on the command line: `python -m claims`, in a clone of the course."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from claims import CLAIMS, gather, headline, in_order, markdown, measurements_of, read, tests_of
from claims.ledger import judge_anew
from claims.register import Test
from claims.verify import Draw, chosen, verify
from diffusion_lessons.machine.files import check_writable, write_atomically

EXAMPLES = """examples:
  python -m claims                 the verdicts, reached anew from the numbers that are kept; writes CLAIMS.md
  python -m claims C9a C14         measure these two claims anew, and write CLAIMS.md
  python -m claims C9              the same for all parts of C9
  python -m claims --all           measure every claim anew: about an hour
  python -m claims --tables        only what is read from tables, of all claims or of some: after a table was made anew
  python -m claims --verify        measure again what is quick, and say which numbers moved; writes nothing
  python -m claims --verify C4     the same for all parts of C4, however long they take; where numbers are read from
                                   a table, 100 samples of its cheapest row are drawn anew, and means over samples are
                                   compared: adherence, diversity and variance. A distance depends on the number of
                                   samples, and is compared only where all of a row's are drawn
  python -m claims --verify C4 --rows 3 --samples 500      more of it
  python -m claims --anew C2a      every row that C2a reads drawn anew in full, and judged; writes nothing
"""


def matching(names: Sequence[str]) -> list[str]:
    """Names of claims from names that may stand for several, in any case: C9 or c9 for C9a and C9b.

    Raises ValueError for a name that is no claim's.
    """
    found = []
    for name in names:
        asked = name.lower()
        parts = [one for one in in_order(CLAIMS) if asked in (one.lower(), one.lower().rstrip("abcd"))]
        if not parts:
            raise ValueError(f"no claim {name}; they are C1a to C{max(int(one[1:].rstrip('abcd')) for one in CLAIMS)}")
        found += parts
    return list(dict.fromkeys(found))


def show(
    names: Sequence[str] = (), *, every: bool = False, tables: bool = False, out: Path = Path("CLAIMS.md")
) -> None:
    """Measure the claims of these names (or every one) anew, write the page, and print the verdicts.

    With `tables` only what is read from tables is measured.
    """
    check_writable(out)
    if every or tables or names:
        chosen_names = None if every or not names else names
        with tqdm(total=len(tests_of(chosen_names, tables=tables)), unit="test") as bar:

            def report(test: Test) -> None:
                bar.set_description(f"{test.claim} on {test.case.words}")
                bar.update()

            gather(chosen_names, tables=tables, report=report)
    ledger = judge_anew()
    write_atomically(out, markdown(ledger).encode())
    for name in names or in_order(CLAIMS):
        verdict = headline(ledger.get(name, []), measurements_of(name)).replace("*", "")
        print(f"{name:5} {CLAIMS[name].statement}\n      {verdict}")
    print(f"written to {out}")


def compare(names: Sequence[str], draw: Draw) -> bool:
    """Measure what is kept again, print what moved, and return whether nothing did."""
    again, left = chosen(read(), names)
    for test, why in left:
        print(f"{test.claim:5} {test.case.words}: left out, {why}")
    moved = 0
    for check in verify(tqdm(again, unit="test"), draw):
        moved += bool(check.moved) or check.before.word != check.now.word
        tqdm.write(str(check))
    print(f"measured again: {len(again)}; with a number beyond its interval or another verdict: {moved}")
    return not moved


def _count(text: str) -> int:
    """A count of the command line. Raises ArgumentTypeError for what is none, or below 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} was given, and a whole number from 1 on is expected")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments of the command line and show or verify the ledger."""
    parser = argparse.ArgumentParser(
        prog="python -m claims",
        description="What two texts about diffusion say, measured, with a verdict each.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="CLAIM", help="C1a ... C46: measure anew; C1: all its parts")
    parser.add_argument("--all", action="store_true", dest="every", help="measure every claim anew")
    parser.add_argument("--tables", action="store_true", help="measure anew what is read from tables, and nothing else")
    parser.add_argument("--verify", action="store_true", help="measure again, compare with what is kept, write nothing")
    parser.add_argument("--anew", action="store_true", help="--verify with every row of a table, in full")
    parser.add_argument("--rows", type=_count, default=1, help="of a table that --verify draws anew for each test; 1")
    parser.add_argument("--samples", type=_count, default=100, help="of each such row, or all if it has fewer; 100")
    parser.add_argument("--out", type=Path, default=Path("CLAIMS.md"), help="the page; by default CLAIMS.md")
    options = parser.parse_args(arguments)
    try:
        names = matching(options.names)
        if options.verify or options.anew:
            draw = Draw(None, None) if options.anew else Draw(options.rows, options.samples)
            sys.exit(0 if compare(names, draw) else 1)
        show(names, every=options.every, tables=options.tables, out=options.out)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

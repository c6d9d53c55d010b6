"""The claims ledger on the command line: `python -m claims`, in a clone of the course."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from claims import CLAIMS, combined, gather, markdown, read
from diffusion_lessons.machine.files import write_atomically

EXAMPLES = """examples:
  python -m claims              the verdicts as they were last measured; writes CLAIMS.md
  python -m claims C9 C14       measure these two claims anew
  python -m claims --all        measure every claim anew: some minutes
"""


def show(names: Sequence[str] = (), *, every: bool = False, out: Path = Path("CLAIMS.md")) -> None:
    """Measure the claims of these names (or every one) anew, write the page, and print the verdicts.

    Raises ValueError for a name that is no claim's.
    """
    unknown = sorted(set(names) - set(CLAIMS))
    if unknown:
        raise ValueError(f"no claim {', '.join(unknown)}; they are C1 to C{len(CLAIMS)}")
    ledger = gather(None if every else names) if every or names else read()
    write_atomically(out, markdown(ledger).encode())
    for name in names or CLAIMS:
        print(f"{name:4} {combined(ledger.get(name, [])):22} {CLAIMS[name].text}")
    print(f"written to {out}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments of the command line and show the ledger."""
    parser = argparse.ArgumentParser(
        prog="python -m claims",
        description="What two texts about diffusion say, measured, with a verdict each.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="CLAIM", help="C1 ... C31: measure these anew")
    parser.add_argument("--all", action="store_true", dest="every", help="measure every claim anew")
    parser.add_argument("--out", type=Path, default=Path("CLAIMS.md"), help="the page; by default CLAIMS.md")
    options = parser.parse_args(arguments)
    try:
        show(options.names, every=options.every, out=options.out)
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

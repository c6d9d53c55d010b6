"""`python -m website`: build the course as a web site."""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

NEEDS = {"furo": "furo", "myst_parser": "myst-parser", "sphinx": "Sphinx", "ziamath": "ziamath"}


def missing() -> str:
    """What the site needs and this environment lacks, in a sentence; empty when nothing does."""
    lacking = [name for module, name in NEEDS.items() if find_spec(module) is None]
    return f"the site needs {', '.join(lacking)}: pip install -e '.[site]', or make setup" if lacking else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m website", description="The course as a web site, offline.")
    parser.add_argument("--out", type=Path, default=Path("runs/site"), help="a folder (default: runs/site)")
    options = parser.parse_args(arguments)
    if lacking := missing():
        print(lacking, file=sys.stderr)
        return 1
    from website.build import BrokenSite, build

    try:
        front = build(options.out.resolve())
    except BrokenSite as broken:
        print(f"{broken}\n\nthe site is not as it should be: the lines above say where", file=sys.stderr)
        return 1
    except FileExistsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"open {front}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

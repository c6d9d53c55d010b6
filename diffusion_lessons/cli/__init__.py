"""The command line: each command reads its options and calls one library function.

Libraries are imported inside the commands, so that `--help` answers at once.
"""

import sys
import warnings
from collections.abc import Callable

import typer

from diffusion_lessons.cli import classroom, look, make, measure

# Errors that the user can mend are printed in one line; any other is a defect and keeps its traceback.
EXPECTED = (ValueError, OSError, FloatingPointError, ImportError)

app = typer.Typer(
    help="Diffusion sampling, from three steps by hand to the frontier of steps, quality and latency.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    *(look.tour, look.doctor, make.train, make.distil, make.sample, look.data, look.samplers, look.orders, look.lab),
    *(measure.benchmark, measure.evaluate, measure.frontier, make.classifier, make.features),
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(classroom.app, name="class")


def main() -> None:
    """Run a command; an expected error is one line on stderr and exit status 1, Ctrl-C is 130."""
    warnings.showwarning = lambda message, *_, **__: print(f"note: {message}", file=sys.stderr)
    try:
        app()
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)

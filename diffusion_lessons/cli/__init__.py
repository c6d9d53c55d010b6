"""The command line: each command reads its options and calls one library function.

Libraries are imported inside the commands, so that `--help` answers at once.
"""

import sys
import warnings
from collections.abc import Callable

import typer

from diffusion_lessons.cli import classroom, faster, look, make, measure

# Errors that the user can mend are printed in one line; any other is a defect and keeps its traceback.
EXPECTED = (ValueError, OSError, FloatingPointError, ImportError, MemoryError)
# Every error of what was typed: unknown commands and options, values of a wrong type. Typer has no name for it.
MISTYPED: tuple[type[Exception], ...] = tuple(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

app = typer.Typer(
    help="Diffusion sampling, from three steps by hand to the frontier of steps, quality and latency.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    *(look.tour, look.doctor, make.train, make.distil, make.sample, look.data, look.samplers, look.orders, look.lab),
    *(measure.benchmark, measure.evaluate, measure.probe, measure.frontier, make.classifier, make.features),
    *(faster.optimise, faster.techniques, faster.advise),
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(classroom.app, name="class")


def main() -> None:
    """Run a command; an expected error is one line on stderr and exit status 1.

    What was mistyped is one line and exit status 2, Ctrl-C is 130.
    """
    warnings.showwarning = lambda message, *_, **__: print(f"note: {message}", file=sys.stderr)
    if "" in sys.argv[1:]:  # it would stand for the current folder
        _say(_empty(sys.argv[1:]))
        sys.exit(2)
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except MISTYPED as error:
        sys.exit(_mistyped(error))
    except typer.Abort:  # the input ended where it was asked for
        _say("ended without an answer")
    except EXPECTED as error:
        _say(_in_words(error))
    except RuntimeError as error:
        from diffusion_lessons.machine.devices import is_out_of_memory

        if not is_out_of_memory(error):
            raise
        _say(f"not enough memory: take fewer or smaller images at once ({str(error).splitlines()[0][:80]})")
    sys.exit(1)


def _empty(arguments: list[str]) -> str:
    """What is wrong with the first empty argument, by the option that it was given to, if it was."""
    at = arguments.index("")
    option = arguments[at - 1] if at else ""
    then = f"Give {option} a value, or leave it out" if option.startswith("--") else "The current folder is ."
    return f"an argument is empty: is a shell variable not set? {then}"


def _mistyped(error: Exception) -> int:
    """Print what is wrong with what was typed, and where its options are listed; the exit status."""
    context = getattr(error, "ctx", None)
    words = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    if type(error).__name__ == "NoArgsIsHelpError":  # nothing was typed: the help is the answer
        error.show()  # type: ignore[attr-defined]
    else:
        _say(f"{words.rstrip('.')}; see {context.command_path if context else 'diffusion-lessons'} --help")
    return int(error.exit_code)  # type: ignore[attr-defined]


def _in_words(error: Exception) -> str:
    """What an error says, without the number that the system gives it, which is nothing to a person."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _say(words: str) -> None:
    """Print an error in one line; what it lists in lines of their own stands behind semicolons."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    joined = "".join(f"{line} " if line[-1] in ":;,." else f"{line}; " for line in lines)
    print(f"error: {joined.rstrip('; ')}", file=sys.stderr)

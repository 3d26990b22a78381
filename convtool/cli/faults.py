"""Whatever goes wrong, as one line on stderr and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import typer

from convtool.errors import ArgumentError, ConvtoolError, LimitError, OutputError
from convtool.text import encodable, printable

INTERRUPTED, TERMINATED, READER_GONE = 130, 143, 141

# The base of all usage errors: some versions of Typer take it from click, others carry a copy of their own.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

_tracebacks = False


class Terminated(BaseException):
    """SIGTERM came; raised so that temporary files are removed on the way out."""


def show_tracebacks(wanted: bool) -> None:
    """Show tracebacks from now on, for ``--debug``."""
    global _tracebacks
    _tracebacks = _tracebacks or wanted


def say(line: str) -> None:
    """Write one line to stderr, fit to be shown; a stderr that is gone loses it."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(encodable(printable(f"convtool: {line}"), encoding) + "\n")
        sys.stderr.flush()


def guarded(command: Callable[[], object]) -> int:
    """Run the command line and give its exit code."""
    _open_standard_descriptors()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        result = command()
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return READER_GONE
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except Terminated:
        return TERMINATED
    except SystemExit as leaving:  # Typer's answer to a broken pipe, which it does not pass on
        _silence_stdout()
        return READER_GONE if isinstance(leaving.__context__, BrokenPipeError) else 1
    except BaseException as error:
        if _tracebacks:
            traceback.print_exc()
        code = _explain(error)
        _silence_stdout()
        return code
    # Typer hands back the code of an Exit, and of Ctrl-C, as the result.
    return result if isinstance(result, int) else 0


def _explain(error: BaseException) -> int:
    if isinstance(error, _UsageError):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "convtool"
        say(f"{error.format_message()} (see '{command} --help')")  # type: ignore[attr-defined]
        return ArgumentError.exit_code
    match error:
        case ConvtoolError():
            say(str(error))
            return error.exit_code
        case typer.Abort():
            return INTERRUPTED
        case MemoryError():
            say("out of memory; use a smaller image, or free memory")
            return LimitError.exit_code
        case OSError():
            say(f"{error.filename or 'stdout'}: {error.strerror or error}")
            return OutputError.exit_code
        case _:
            say(f"a fault of convtool itself: {type(error).__name__}: {error}; --debug shows where")
            return ConvtoolError.exit_code


def _open_standard_descriptors() -> None:
    """Give closed standard streams a place, so that no file is opened as number 0, 1 or 2 instead."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode))


def _silence_stdout() -> None:
    """Keep the interpreter from failing once more on what is left to write at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise Terminated

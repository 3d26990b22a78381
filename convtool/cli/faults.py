"""Whatever goes wrong, as one line on stderr and an exit code."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, TextIO

import typer

from convtool.errors import ArgumentError, explained
from convtool.text import encodable, printable

SOME_FAILED, INTERRUPTED, TERMINATED, READER_GONE = 6, 130, 143, 141

# The base of all usage errors: some versions of Typer take it from click, others carry a copy of their own.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

_tracebacks = False
_terminated = False


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
    try:
        return _ended(command)
    except Terminated:  # in the moments before and after the command
        return TERMINATED
    except KeyboardInterrupt:
        return INTERRUPTED


def _ended(command: Callable[[], object]) -> int:
    global _terminated
    _open_standard_descriptors()
    _lose_nothing_written()
    signal.signal(signal.SIGTERM, _terminate)
    _terminated = False
    report = sys.unraisablehook
    sys.unraisablehook = lambda fault: None if _terminated else report(fault)
    try:
        result = command()
        # Typer hands back the code of an Exit, and of Ctrl-C, as the result.
        code = result if isinstance(result, int) else 0
        if code != INTERRUPTED:
            sys.stdout.flush()
    except SystemExit as leaving:  # Typer's end of a completion, and its answer to a broken pipe
        code = leaving.code if isinstance(leaving.code, int) else 0
        if isinstance(leaving.__context__, BrokenPipeError):
            code = READER_GONE
    except BaseException as error:
        if _tracebacks:
            traceback.print_exc()
        code = _explain(error)
    if _terminated:  # whatever became of the exception in the code that it came up in
        code = TERMINATED
    for number in (signal.SIGINT, signal.SIGTERM):  # from here on there is nothing left to clean up
        signal.signal(number, signal.SIG_DFL)
    sys.unraisablehook = report
    _leave(sys.stderr)
    _leave(sys.stdout, flushed=code not in (INTERRUPTED, TERMINATED))  # a reader may never read again
    return code


def _explain(error: BaseException) -> int:
    if _terminated:
        return TERMINATED
    if isinstance(error, _UsageError):
        return _explain_usage(error)
    match error:
        case BrokenPipeError():
            return READER_GONE
        case KeyboardInterrupt():
            return INTERRUPTED
        case Terminated():
            return TERMINATED
        case typer.Abort():
            return INTERRUPTED
        case Exception():
            line, code = explained(error)
            say(line)
            return code
        case _:
            raise error


def _explain_usage(error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # as Typer itself knows it; its message is the help
        with suppress(OSError, ValueError, AttributeError):
            print(error.format_message(), file=sys.stderr, flush=True)
    else:
        command = error.ctx.command_path if error.ctx else "convtool"
        say(f"{error.format_message()} (see '{command} --help')")
    return ArgumentError.exit_code


def _open_standard_descriptors() -> None:
    """Give closed standard streams a place, so that no file is opened as number 0, 1 or 2 instead.

    Messages for nobody go nowhere; data for nobody is lost, so writing it is to fail.
    """
    streams = (
        (0, "stdin", "r", os.O_RDONLY),
        (1, "stdout", "w", os.O_RDONLY),
        (2, "stderr", "w", os.O_WRONLY),
    )
    for descriptor, name, mode, access in streams:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, access)  # takes the lowest free number, this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode))


def _lose_nothing_written() -> None:
    """Have the standard streams wait until all is taken, or fail.

    Another program may have made them non-blocking; and without a buffer (PYTHONUNBUFFERED) what the
    system does not take at once is dropped without a word.
    """
    for descriptor in (1, 2):
        os.set_blocking(descriptor, True)
    if isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase):
        given = sys.stdout
        sys.stdout = os.fdopen(1, "w", encoding=given.encoding, errors=given.errors, closefd=False)


def _leave(stream: TextIO, *, flushed: bool = True) -> None:
    """Write what is left; if it is not to be, or cannot be, leave nothing to fail on at exit."""
    if flushed:
        with suppress(OSError):
            stream.flush()
            return
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _terminate(signum: int, frame: FrameType | None) -> None:
    global _terminated
    _terminated = True
    raise Terminated

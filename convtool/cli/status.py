"""One line on the terminal that says how far long work has come, written over and over."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from convtool.text import encodable, printable

SECONDS_BETWEEN = 0.2
NARROW = 80  # columns, where the terminal does not say


class StatusLine:
    """The last line of a terminal that somebody watches; nothing where nobody does, or it would stay.

    As a context it leaves no line behind, whatever happens.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._shown = not quiet and sys.stderr.isatty() and os.environ.get("TERM", "").lower() != "dumb"
        self._next = 0.0
        self._is_there = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.clear()

    def counting(self, what: str) -> Callable[[int, int], None]:
        """What shows how many of all are done, such as ``12 of 60 images read``."""
        return lambda done, total: self.update(f"{done:,} of {total:,} {what}")

    def update(self, line: str) -> None:
        """Show another line, but not more often than an eye can follow."""
        if self._shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_BETWEEN
            self._write(
                "\r" + encodable(printable(line), sys.stderr.encoding)[: self._columns() - 1] + "\x1b[K"
            )
            self._is_there = True

    def clear(self) -> None:
        """Make room for a line that stays."""
        if self._is_there:
            self._write("\r\x1b[K")
            self._is_there = False

    def before(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """The same saying of a line, which makes room for it first."""

        def said(line: str) -> None:
            self.clear()
            say(line)

        return said

    def _columns(self) -> int:
        with suppress(OSError, ValueError):
            return os.get_terminal_size(sys.stderr.fileno()).columns or NARROW
        return NARROW

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()

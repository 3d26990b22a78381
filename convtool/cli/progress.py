"""How far a batch has come, said to people: a bar on a terminal, a line now and then elsewhere, a summary."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from convtool.cli.faults import say
from convtool.cli.status import StatusLine

if TYPE_CHECKING:
    from convtool.jobs.batch.tally import Tally

SECONDS_BETWEEN_LINES = 5.0
BAR = 24  # columns


class BatchProgress:
    """Tells of a tally; as a context it ends with a summary, whatever happens."""

    def __init__(self, tally: Tally, *, quiet: bool) -> None:
        self._tally = tally
        self._quiet = quiet
        self._status = StatusLine(quiet=quiet)
        self._next_line = time.monotonic() + SECONDS_BETWEEN_LINES

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.make_room()
        self._summarise()

    def update(self) -> None:
        """Tell how far it has come, if it is time to."""
        if sys.stderr.isatty():
            self._status.update(f"{bar(self._tally.finished, self._tally.total)} {self._counts()}")
        elif not self._quiet and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            say(self._counts())

    def make_room(self) -> None:
        """Take the bar away, for a line that stays."""
        self._status.clear()

    def _counts(self) -> str:
        tally = self._tally
        left = duration((tally.total - tally.finished) / max(tally.rate, 1e-9)) if tally.finished else "?"
        failed = f", {tally.failed:,} failed" if tally.failed else ""
        return f"{tally.finished:,} of {tally.total:,} images{failed}, {tally.rate:.3g} a second, {left} left"

    def _summarise(self) -> None:
        tally = self._tally
        for failure in tally.failures:
            say(failure)
        if tally.failed > len(tally.failures):
            say(f"… and {tally.failed - len(tally.failures):,} more that failed")
        if self._quiet:
            return
        for notice, (images, first) in tally.notices.items():
            say(f"notice: {notice} ({first}" + (f" and {images - 1:,} more)" if images > 1 else ")"))
        counts = [
            f"{tally.done:,} done",
            f"{tally.skipped:,} skipped as already done",
            f"{tally.failed:,} failed",
        ]
        said = ", ".join(count for count in counts if not count.startswith("0 ")) or "nothing done"
        left = tally.total - tally.finished
        goes_on = f", {left:,} left; the same command goes on" if left else ""
        say(f"{said} of {tally.total:,} images in {duration(tally.seconds)}{goes_on}")


def bar(done: int, total: int) -> str:
    """A bar of a fixed width.

    Examples
    --------
    >>> bar(1, 3)
    '[########................]'
    """
    full = BAR * done // max(total, 1)
    return "[" + "#" * full + "." * (BAR - full) + "]"


def duration(seconds: float) -> str:
    """A time as people say it.

    Examples
    --------
    >>> duration(7.26), duration(75), duration(7300)
    ('7.3 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min {int(seconds % 60)} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

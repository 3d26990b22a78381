"""What counts as a finding: a traceback, a warning, more time or more memory than a tiny file may cost."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convtool.errors import ConvtoolError, NoticeWarning

MOST_PIXELS = 2**18
"""What a header may claim here: so few that MOST_BYTES hold them many times over."""

MOST_BYTES = 200 * 10**6
MOST_SECONDS = 10

FINDINGS = Path(tempfile.gettempdir(), "convtool-fuzz")
"""Where files are left that break a promise."""

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_RSS_RESET = Path("/proc/self/clear_refs")


class Finding(Exception):  # noqa: N818
    """A promise that a file made convtool break, other than by an exception of its own."""


def check(read: Callable[[bytes], object], content: bytes) -> None:
    """Read a file, which convtool may refuse; whatever else happens is raised."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with within_bounds(), suppress(ConvtoolError):
            read(content)
    for warning in caught:
        if not issubclass(warning.category, NoticeWarning):
            place = f"{warning.filename}:{warning.lineno}"
            raise Finding(f"{warning.category.__name__}: {warning.message} ({place})")


@contextmanager
def within_bounds() -> Iterator[None]:
    """Raise a `Finding` if the block takes too long or too much memory."""
    start, held = time.monotonic(), _peak_since_reset()
    yield
    taken, seconds = _peak() - held, time.monotonic() - start
    if seconds > MOST_SECONDS:
        raise Finding(f"it took {seconds:.0f} s")
    if taken > MOST_BYTES:
        raise Finding(f"it took {taken / 1e6:.0f} MB")


@contextmanager
def silent() -> Iterator[None]:
    """Raise a `Finding` if the block writes to descriptor 2, past Python's own streams, as decoders do."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        if said := file.read():
            raise Finding(f"descriptor 2 has {said[:200]!r}")


def _peak_since_reset() -> int:
    """Forget the peak so far, where the system can; elsewhere only a new peak will be seen."""
    with suppress(OSError):
        _RSS_RESET.write_text("5")
    return _peak()


def _peak() -> int:
    """The most bytes of memory that this process held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT

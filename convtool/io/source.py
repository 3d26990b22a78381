"""Opening what the user names: a file, standard input or a pipe, always as a seekable stream."""

from __future__ import annotations

import io
import os
import select
import stat
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from convtool.errors import ArgumentError, ConvtoolError, InputError, LimitError, NoticeWarning
from convtool.io.limits import MAX_STREAM_BYTES, Limits

STDIN = "-"
PathLike = str | os.PathLike[str]
Stream = io.BufferedReader | io.BytesIO

_BLOCK = 16 * 2**20  # bytes of a stream that are taken before it is asked whether more may be


@dataclass(frozen=True)
class Source:
    """An opened input.

    Attributes
    ----------
    stream
        Its bytes, seekable.
    size
        How many there are.
    """

    stream: Stream
    size: int

    def head(self, count: int) -> bytes:
        """Give the first bytes, and leave the stream at its start."""
        self.stream.seek(0)
        first = self.stream.read(count)
        self.stream.seek(0)
        return first

    def text_start(self) -> bytes:
        """Give the first bytes of a text, after its byte order mark and white space."""
        return self.head(1024).removeprefix(b"\xef\xbb\xbf").lstrip()


def spoken(path: PathLike) -> str:
    """What messages call an input."""
    return "stdin" if os.fspath(path) == STDIN else os.fspath(path)


def refuse_nul(path: PathLike) -> None:
    """Refuse a path that the system would refuse in words of its own."""
    if "\0" in os.fspath(path):
        raise ArgumentError(f"the path {path!r} holds a NUL character, which no file's name can")


def warn_of(notices: Iterable[str], path: PathLike) -> None:
    """Warn whoever called the public function that calls this, of what its reader gave up."""
    for notice in notices:
        warnings.warn(f"{spoken(path)}: {notice}", NoticeWarning, stacklevel=3)


@contextmanager
def open_source(path: PathLike, limits: Limits | None = None) -> Iterator[Source]:
    """Open a file, ``-`` or a FIFO; faults raised meanwhile bear its name.

    Parameters
    ----------
    limits
        What memory a stream may take; those of the environment if not given.

    Raises
    ------
    ArgumentError
        The path is empty, or holds a NUL character.
    InputError
        It is missing, empty, a folder, a device, or may not be read.
    LimitError
        A stream is over 1 GiB, or more than fits in memory.
    """
    if not os.fspath(path):
        raise ArgumentError("a path is empty; name a file, or - for standard input")
    refuse_nul(path)
    name = spoken(path)
    try:
        with _open(path, limits) as stream:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            if size == 0:
                raise InputError("it is empty")
            yield Source(stream, size)
    except ConvtoolError as error:
        error.file = error.file or name
        raise
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", name) from error


def _open(path: PathLike, limits: Limits | None) -> Stream:
    if os.fspath(path) == STDIN:
        return _spooled(sys.stdin.buffer, limits or Limits.of())
    file = Path(path)
    mode = file.stat().st_mode
    if stat.S_ISFIFO(mode):
        with file.open("rb") as fifo:
            return _spooled(fifo, limits or Limits.of())
    if not stat.S_ISREG(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "device or socket"
        raise InputError(f"it is a {kind}; name a file")
    return file.open("rb")


def _spooled(pipe: IO[Any], limits: Limits) -> io.BytesIO:
    """All that a pipe gives; of one that never ends, no more than may be held."""
    content = io.BytesIO()
    while (block := pipe.read(_BLOCK)) != b"":
        if block is None:  # nothing yet, of a pipe that somebody made non-blocking
            select.select([pipe], [], [])
            continue
        content.write(block)
        if content.tell() > MAX_STREAM_BYTES:
            raise LimitError(f"the stream is over {MAX_STREAM_BYTES} bytes; save it to a file and name that")
        limits.check_memory(content.tell(), "the stream has not ended")
    return io.BytesIO(content.getvalue())  # the same bytes, without the room for more

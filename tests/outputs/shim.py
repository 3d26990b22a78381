"""System calls that fail on purpose: the Nth of a kind, or all of some kinds from the Nth on."""

from __future__ import annotations

import errno
import inspect
import io
import os
import signal
import stat
import sys
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from unittest.mock import patch

import typer.main

from convtool.cli import app, faults
from tests.cli.runner import Finished, get_command

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import FrameType

Call = Literal[
    "stat", "open", "read", "create", "write", "close", "sync", "sync folder", "rename", "unlink", "mkdir"
]
CALLS: tuple[Call, ...] = get_args(Call)


class Shim:
    """Stands between the command line and the system: counts the calls on one folder, and fails some.

    Parameters
    ----------
    folder
        Calls on files below it count, and reads and writes of the standard streams.
    calls
        The kinds that fail.
    number
        Which of these fails, counted from 1; 0 is none.
    code
        The error's number.
    lasting
        Whether all later ones fail too.
    most
        How many bytes a read or write takes at most, as on a slow pipe.

    Attributes
    ----------
    log
        Every call that was made, in order.
    struck
        How many of them failed.
    """

    def __init__(
        self,
        folder: Path,
        calls: Collection[Call] = (),
        number: int = 0,
        code: int = errno.EIO,
        *,
        lasting: bool = False,
        most: int | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.log: list[Call] = []
        self.struck = 0
        self._calls, self._number, self._code, self._lasting = calls, number, code, lasting
        self.most = most
        self._seen = 0
        self._installed = False

    def meet(self, call: Call) -> None:
        """Let a call pass, or raise the error instead of it."""
        if not self._installed:
            return
        self.log.append(call)
        if call not in self._calls:
            return
        self._seen += 1
        if self._seen == self._number or (self._lasting and self._seen > self._number > 0):
            self.struck += 1
            raise OSError(self._code, os.strerror(self._code))

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Replace what Python's own modules look up with each call: ``io.open`` and functions of ``os``."""
        with ExitStack() as stack:
            for module, name, call in (
                (io, "open", self._open),
                (os, "open", self._open_descriptor),
                (os, "fsync", self._fsync),
                (os, "stat", partial(self._on_path, "stat", os.stat)),
                (os, "replace", partial(self._on_path, "rename", os.replace)),
                (os, "unlink", partial(self._on_path, "unlink", os.unlink)),
                (os, "mkdir", partial(self._on_path, "mkdir", os.mkdir)),
            ):
                stack.enter_context(patch.object(module, name, call))
            self._installed = True
            yield
            self._installed = False

    def _counts(self, path: Any) -> bool:
        return not isinstance(path, int) and self.folder in Path(path).absolute().parents

    def _on_path(self, call: Call, function: Any, path: Any, *arguments: Any, **options: Any) -> Any:
        if self._counts(path):
            self.meet(call)
        return function(path, *arguments, **options)

    def _open(self, path: Any, mode: str = "r", *arguments: Any, real: Any = io.open, **options: Any) -> Any:
        if "b" not in mode or not self._counts(path):
            return real(path, mode, *arguments, **options)
        self.meet("open" if "r" in mode else "create")
        return File(self, path, mode.replace("b", "")).buffered()

    def _open_descriptor(self, path: Any, *arguments: Any, real: Any = os.open) -> int:
        if Path(path).resolve().is_relative_to(self.folder):
            self.meet("sync folder")
        return real(path, *arguments)

    def _fsync(self, descriptor: int) -> None:
        """Meet the call alone: no power cut is to be survived, and the disk would take its time."""
        self.meet("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync")


class File(io.FileIO):
    """An open file whose every read, write and close the shim meets; buffers lie above it as ever."""

    def __init__(self, shim: Shim, path: Any, mode: str) -> None:
        super().__init__(path, mode)
        self._shim = shim

    def buffered(self) -> io.BufferedReader | io.BufferedWriter:
        """The file behind the buffer that ``io.open`` would give it."""
        return (io.BufferedWriter if self.writable() else io.BufferedReader)(self, self._blksize)

    def readinto(self, buffer: Any) -> int:
        self._shim.meet("read")
        return super().readinto(memoryview(buffer)[: self._shim.most])

    def readall(self) -> bytes:
        self._shim.meet("read")
        return super().readall()

    def write(self, data: Any) -> int:
        self._shim.meet("write")
        return super().write(memoryview(data).cast("B")[: self._shim.most])

    def close(self) -> None:
        closes = not self.closed and self.writable()
        super().close()  # as the system does, though it then reports a fault
        if closes:
            self._shim.meet("close")


def run(shim: Shim, *arguments: str, sends: bytes = b"") -> Finished:
    """Run a command on the shim, its standard streams files beside the folder."""
    beside = shim.folder.parent
    (beside / "stdin").write_bytes(sends)
    stdin, stdout = File(shim, beside / "stdin", "r"), File(shim, beside / "stdout", "w")
    streams = [
        io.TextIOWrapper(stdin.buffered()),
        io.TextIOWrapper(stdout.buffered(), encoding="utf-8"),
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace"),
    ]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with (
            patch.multiple(sys, argv=["convtool", *arguments]),
            patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
            patch.object(faults, "_tracebacks", False),
            patch.object(typer.main, "get_command", get_command),
            shim.installed(),
        ):
            code = app.main()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for stream in streams[:2]:  # the process would leave without
            with suppress(OSError):
                stream.close()
    err = streams[2].buffer.getvalue().decode()  # type: ignore[attr-defined]
    return Finished(code, (beside / "stdout").read_bytes(), err)


class Allocations:
    """Counts the calls that convtool makes, its own functions' and C's, and fails one as if out of memory."""

    def __init__(self, number: int = 0) -> None:
        self.seen = 0
        self._number = number

    @contextmanager
    def installed(self) -> Iterator[Allocations]:
        """Watch this thread's calls."""
        before = sys.getprofile()
        sys.setprofile(self._meet)
        try:
            yield self
        finally:
            sys.setprofile(before)

    def _meet(self, frame: FrameType, event: str, function: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event not in ("call", "c_call") or not module.startswith("convtool."):
            return
        if module in ("convtool.cli.faults", "convtool.cli.app"):  # what answers to a fault
            return
        if frame.f_code.co_name == "_parse_header":  # takes it for a header nested too deeply
            return
        if event == "call" and frame.f_code.co_flags & inspect.CO_GENERATOR:  # or it is being closed
            return
        self.seen += 1
        if self.seen == self._number:
            raise MemoryError

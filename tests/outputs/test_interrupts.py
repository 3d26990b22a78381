"""Ctrl-C and SIGTERM between any two instructions of writing a file: it is whole, nothing else is left."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from convtool.cli.faults import Terminated
from tests.cli.runner import contents
from tests.outputs.shim import Shim, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

WATCHED = ("convtool.io.atomic", "convtool.io.maps", "convtool.jobs.outputs", "contextlib", "pathlib")
"""Where the signal may come while a file is being written."""


class Instructions:
    """Counts the instructions from the first that could leave a part, and raises before one of them.

    The last are before the command line's own last step, when signals are no more answered.
    """

    def __init__(self, number: int = 0, fault: type[BaseException] = KeyboardInterrupt) -> None:
        self.seen = 0
        self._number, self._fault = number, fault
        self._writing = False

    @contextmanager
    def installed(self) -> Iterator[Instructions]:
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield self
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_name
        self._writing = (self._writing or name == "_part_beside") and name != "_leave"
        if not self._writing or frame.f_globals.get("__name__") not in WATCHED:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._meet

    def _meet(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode" and self._writing:
            self.seen += 1
            if self.seen == self._number:
                raise self._fault
        return self._meet


def interrupt(folder: Path, step: int) -> None:
    arguments = ("relu", "matrix.npy", "-o", "map.csv", "-q")
    run(Shim(folder), *arguments)
    (folder / "map.csv").write_bytes(b"older")
    older = contents(folder)
    with Instructions().installed() as counted:
        assert run(Shim(folder), *arguments).code == 0
    newer = contents(folder)
    assert counted.seen > 300
    for number in range(1, counted.seen + 1, step):
        fault, code = ((KeyboardInterrupt, 130), (Terminated, 143))[number % 2]
        (folder / "map.csv").write_bytes(b"older")
        with Instructions(number, fault).installed():
            finished = run(Shim(folder), *arguments)
        assert (finished.code, finished.err) == (code, ""), number
        assert contents(folder) in (older, newer), number


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between opening and ``with`` none but Python closes
def test_at_many_instructions(folder: Path) -> None:
    """E3."""
    interrupt(folder, 41)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_at_every_third_instruction(folder: Path) -> None:
    """E3."""
    interrupt(folder, 3)

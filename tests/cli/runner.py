"""Running the command line: within this process for speed, or as a process of its own."""

from __future__ import annotations

import functools
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import typer.main

from convtool.cli import app, faults

if TYPE_CHECKING:
    from os import PathLike


ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "samples"
FILTERS = ROOT / "filters"


get_command = functools.cache(typer.main.get_command)
"""The commands, built once for all runs within this process."""


@dataclass(frozen=True)
class Finished:
    """What the user sees of a command that has ended."""

    code: int
    data: bytes
    err: str

    @property
    def out(self) -> str:
        return self.data.decode()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def record(self) -> dict[str, Any]:
        (record,) = self.records
        return record


def in_process(*arguments: str | PathLike[str], stdin: bytes = b"") -> Finished:
    """Run a command through the entry that the shell's ``convtool`` has, on streams of bytes."""
    streams = [
        io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors=errors, newline="")
        for content, errors in ((stdin, "strict"), (b"", "strict"), (b"", "backslashreplace"))
    ]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with (
            patch.multiple(sys, argv=["convtool", *map(os.fspath, arguments)]),
            patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
            patch.object(faults, "_tracebacks", False),
            patch.object(typer.main, "get_command", get_command),
        ):
            code = app.main()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    data, err = (stream.buffer.getvalue() for stream in streams[1:])  # type: ignore[attr-defined]
    return Finished(code, data, err.decode())


def spawned(*arguments: str | PathLike[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a command as a process, its three streams piped unless the options say otherwise."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    environment |= options.pop("env", {})
    # A signal may come between the opening of a file and its being held: no fault of the command.
    warnings = ["-W", "error", "-W", "ignore::ResourceWarning"]
    command = [sys.executable, *warnings, "-m", "convtool", *map(os.fspath, arguments)]
    return subprocess.Popen(command, env=environment, **{**streams, **options})


def as_process(*arguments: str | PathLike[str], stdin: bytes = b"", **options: Any) -> Finished:
    """Run a command as a process to its end."""
    with spawned(*arguments, **options) as process:
        data, err = process.communicate(stdin or None, timeout=60)
    return Finished(process.returncode, data or b"", (err or b"").decode())


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes, every folder with None."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }

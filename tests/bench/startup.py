"""Start-up: what a command costs before it does anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench.case import Case, Peer, Setting
from tests.bench.processes import run_process
from tests.bench.timing import Run


def cases(setting: Setting) -> Iterator[Case]:
    """Two commands that read nothing, against the imports they cannot do without."""
    for option, imports, reach in (("--version", "typer", 0.8), ("--help", "typer, rich.console", 0.7)):
        ours = [*_command(), option]
        bare = f"import {imports}"
        peer = Peer(bare, reach, partial(_process, [sys.executable, "-c", bare]))
        yield Case("start-up", f"convtool {option}", partial(_process, ours), (peer,), check=None)


def _process(command: list[str]) -> Run:
    return lambda: run_process(command)


def _command() -> list[str]:
    script = Path(sys.executable).with_name("convtool")
    return [str(script)] if script.exists() else [sys.executable, "-m", "convtool"]

"""The README's console blocks, run; ``python -m tests.readme`` writes their outputs anew."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TOOLS = ("dask", "jq", "parallel", "xargs")
"""Programs that are not everywhere: where one is missing, commands that need it stay as they are shown."""
_SYSTEM = "/usr/bin:/bin"
_PYTHON = {"convtool": "-m convtool", "dask": "-m dask", "python3": ""}
_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
_TIMES = re.compile(r"^convtool: \S+ of \S+ images, .*\n|(?<= in )\d[\d. min]* s$", re.MULTILINE)
"""What the machine decides: how long a batch took, and whether so long that it told how far it had come."""
_PORT = "8786"


def transcript(readme: str, folder: Path) -> str:
    """The README with every command's real output below it, the commands run in ``folder`` in order."""
    shutil.copytree(ROOT / "samples", folder / "samples")
    shell = _Shell(folder)
    try:
        return _BLOCK.sub(lambda block: _run(block[0], shell), readme)
    finally:
        shell.end()


def has(tool: str) -> bool:
    """Whether a program is there: on the system, or as a package of this Python."""
    if tool in _PYTHON:
        return tool != "dask" or find_spec("distributed") is not None
    return shutil.which(tool, path=_SYSTEM) is not None


def needed(command: str) -> set[str]:
    """The programs of a command that are not everywhere."""
    words = set(re.split(r"[^\w-]+", command))
    return words & set(TOOLS)


def _run(block: str, shell: _Shell) -> str:
    lines = []
    for shown in re.split(r"^(?=\$ )", block, flags=re.MULTILINE)[1:]:
        line, *before = shown.splitlines()
        command = line.removeprefix("$ ")
        now = shell.output(command) if all(map(has, needed(command))) else before
        lines += [line, *(before if _timeless(now) == _timeless(before) else now)]
    return "\n".join(lines) + "\n"


def _timeless(lines: list[str]) -> str:
    return _TIMES.sub("", "\n".join(lines))


class _Shell:
    """Runs commands in a folder; what they leave running in the background is ended at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left: list[int] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._port = str(server.getsockname()[1])
        programs = folder / "bin"
        programs.mkdir()
        for name, module in _PYTHON.items():
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            (programs / name).chmod(0o755)
        self._environment = {
            "PATH": f"{programs}:{_SYSTEM}",
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder),
            "TMPDIR": str(folder),
        }

    def output(self, command: str) -> list[str]:
        """What a command prints; a port of this machine that may be taken is another one."""
        process = subprocess.Popen(
            ["bash", "-c", command.replace(_PORT, self._port)],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if command.endswith("&"):
            self._left.append(process.pid)
        printed, _ = process.communicate()
        return [line.rstrip() for line in printed.rstrip("\n").splitlines()]

    def end(self) -> None:
        """End what is left, so that it writes nothing more."""
        for group in self._left:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        README.write_text(transcript(README.read_text(), Path(scratch)))

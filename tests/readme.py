"""The README's console blocks, run; ``python -m tests.readme`` writes their outputs anew."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)


def transcript(readme: str, folder: Path) -> str:
    """The README with every command's real output below it, the commands run in ``folder`` in order."""
    shutil.copytree(ROOT / "samples", folder / "samples")
    (folder / "bin").mkdir()
    command = folder / "bin" / "convtool"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m convtool "$@"\n')
    command.chmod(0o755)
    python = folder / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return _BLOCK.sub(lambda block: _run(block[0], folder), readme)


def _run(block: str, folder: Path) -> str:
    lines = []
    for line in block.splitlines():
        if line.startswith("$ "):
            lines += [line, *_output(line[2:], folder)]
    return "\n".join(lines) + "\n"


def _output(command: str, folder: Path) -> list[str]:
    finished = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return [line.rstrip() for line in finished.stdout.rstrip("\n").splitlines()]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        README.write_text(transcript(README.read_text(), Path(scratch)))

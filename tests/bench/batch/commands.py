"""The commands that do one batch: convtool's, and those it is measured against."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from convtool import load_filter
from tests.bench.timing import seconds
from tests.readme import ROOT

FILTERS = ("sobel-x", "sobel-y", "laplacian-8", "gaussian-5")
WORKERS = 2

Words = list[str | Path]


def convtool_batch(source: Path, target: Path, *options: str, filters: Sequence[str] = FILTERS) -> Words:
    """``convtool batch``: feature maps and maps of a 2×2 pool."""
    named = [word for name in filters for word in ("--filter", name)]
    workers = [] if "--engine" in options else ["--jobs", str(WORKERS)]
    command: Words = [sys.executable, "-m", "convtool", "batch", source, "--recursive", *named]
    return [*command, *workers, "--out-dir", target, *options]


def opencv_script(source: Path, target: Path, pooling: Literal["plain", "passes"]) -> Words:
    """The same to the same files by OpenCV; NumPy pools as one would write it, or three times as fast."""
    weights = {name: load_filter(name).weights[0, 0].tolist() for name in FILTERS}
    script = Path(__file__).with_name("opencv.py")
    return [sys.executable, script, source, target, str(WORKERS), pooling, json.dumps(weights)]


def bare_library(source: Path, target: Path) -> Words:
    """The same by the same code, without hashes, records and a journal."""
    return [sys.executable, "-m", "tests.bench.batch.bare", source, target, str(WORKERS)]


def best_seconds(
    commands: Mapping[str, Words], targets: Mapping[str, Path], rounds: int = 2
) -> dict[str, float]:
    """Seconds of the quickest run of each command, each run into an empty folder.

    They take so many turns, in one order and the other. What the system still has to write of a run before is
    written before the next one starts.
    """
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds):
        for name in commands if number % 2 == 0 else reversed(commands):
            shutil.rmtree(targets[name], ignore_errors=True)
            os.sync()
            times[name].append(seconds(lambda name=name: run(commands[name])))
    return {name: min(found) for name, found in times.items()}


def run(command: Sequence[str | Path]) -> None:
    """Run a command to its end, where ``python -m convtool`` is found, one BLAS thread a process."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    streams: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    finished = subprocess.run(command, check=False, cwd=ROOT, env=environment, text=True, **streams)
    assert finished.returncode == 0, finished.stderr

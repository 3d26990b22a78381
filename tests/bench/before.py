"""``python -m tests.bench.before COMMIT``: whole commands of this tree beside those of an earlier one."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from compileall import compile_dir
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench import options
from tests.bench.images import CAMERA, photograph
from tests.bench.machine import hold_to_cores
from tests.bench.processes import run_process, sobel_command
from tests.bench.report import digits
from tests.bench.timing import FULL, QUICK, best_times
from tests.readme import ROOT

BUDGET = replace(FULL, rounds=40, turn=0.0, most=60.0)

HEADING = f"{'':<24}{'before, ms':>12}{'now, ms':>10}{'now / before':>14}"


def main() -> None:
    """Time every command in both trees, in turns."""
    parser = options.parser("tests.bench.before", "Time whole commands of this tree and of a commit.")
    parser.add_argument("commit", help="the commit to compare with, as git names it")
    chosen = parser.parse_args()
    hold_to_cores(chosen.threads)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        trees = {"before": checkout(chosen.commit, scratch / "before"), "now": ROOT}
        for tree in trees.values():
            compile_dir(tree / "convtool", quiet=1)  # as an installation is
        large = scratch / "large.png"
        side = options.longest_side(chosen.quick)
        Image.fromarray(photograph(side).astype(np.uint8)).save(large)
        commands = {
            "convtool --version": [sys.executable, "-m", "convtool", "--version"],
            "Sobel, 512² PNG": sobel_command(CAMERA, scratch / "out.png"),
            f"Sobel, {side}² PNG": sobel_command(large, scratch / "out.png"),
        }
        print(HEADING)
        for name, command in commands.items():
            if options.wanted(name, chosen.only):
                runs = {when: partial(run_process, command, tree) for when, tree in trees.items()}
                times = best_times(runs, QUICK if chosen.quick else BUDGET)
                print(text(name, times["before"], times["now"]), flush=True)


def checkout(commit: str, folder: Path) -> Path:
    """The tree of a commit, in a folder of its own."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def text(name: str, before: float, now: float) -> str:
    """One line of the table; times in seconds."""
    return f"  {name:<22}{digits(before * 1000):>12}{digits(now * 1000):>10}{now / before:>14.3f}"


if __name__ == "__main__":
    main()

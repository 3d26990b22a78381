"""Memory of a batch's parent process, for few and for many images (Linux)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import numpy as np
from PIL import Image

from tests.bench.batch.commands import Words, convtool_batch
from tests.bench.figures import Figure
from tests.readme import ROOT

FEW, SIDE = 100, 16
A_FOLDER = 1000
MOST_GROWTH = 20.0

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def figures(many: int, scratch: Path) -> Iterator[Figure]:
    """Peaks in MB, and how far they are apart."""
    peaks = []
    for count in (FEW, many):
        source = scratch / str(count)
        pictures(source, count)
        peaks.append(peak_memory(convtool_batch(source, scratch / f"maps of {count}", filters=["sobel-x"])))
        yield Figure(f"memory of the parent, {count} inputs, MB", peaks[-1])
    yield Figure("growth, MB", abs(peaks[1] - peaks[0]), MOST_GROWTH, most=True)


def pictures(folder: Path, count: int) -> None:
    """Put a small picture into folders of a thousand, under so many names."""
    folder.mkdir()
    one = folder.with_suffix(".png")
    Image.fromarray(np.arange(SIDE**2, dtype=np.uint8).reshape(SIDE, SIDE)).save(one)
    for number in range(count):
        path = folder / f"{number // A_FOLDER:04}" / f"{number:06}.png"
        path.parent.mkdir(exist_ok=True)
        path.hardlink_to(one)


def peak_memory(command: Words) -> float:
    """Run a command to its end; the most memory its first process ever held, in MB.

    The system's own account of a child (``wait4``) would take in the workers that it waited for.
    """
    peak = 0
    nowhere = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    with subprocess.Popen(command, cwd=ROOT, **nowhere) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            if found := _PEAK.search(status.read_text()):  # a process that has ended has no memory
                peak = int(found[1])
            sleep(0.02)
    assert process.returncode == 0
    return peak * 1024 / 1e6

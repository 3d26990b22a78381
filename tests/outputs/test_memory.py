"""Memory and threads that the system truly refuses: one line and [4], or the work done with fewer threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.runner import ROOT, Finished, contents

OUT_OF_MEMORY = "convtool: out of memory; use a smaller image, or free memory\n"

LIMITED = """
import resource, sys
from convtool.cli.app import main

sys.argv = ["convtool", "conv", "small.npy", "-f", "sobel-x", "-o", "small.png", "-q"]
assert main() == 0  # so that all that is imported is there
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.orig_argv[-1]), resource.RLIM_INFINITY))
sys.argv = ["convtool", "conv", "large.npy", "-f", "sobel-x", "-o", "large.png", "-q"]
sys.exit(main())
"""
"""A run with so many bytes of memory to spare as the last argument says."""

WITHOUT_THREADS = """
import sys, threading
from convtool.cli.app import main

def refuse(*arguments, **options):
    raise RuntimeError("can't start new thread")  # as when a limit of tasks or of memory is met

threading._start_new_thread = threading._start_joinable_thread = refuse
sys.argv = ["convtool", "conv", "large.npy", "-f", "sobel-x", "-o", "alone.png", "-q"]
sys.exit(main())
"""


def run(script: str, *arguments: str) -> Finished:
    finished = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Finished(finished.returncode, finished.stdout, finished.stderr.decode())


@pytest.fixture
def images(folder: Path) -> Path:
    """``small.npy``, done in no time, and ``large.npy``, of many tiles."""
    numbers = np.random.default_rng(3).integers(0, 256, (2000, 2000)).astype(np.float32)
    np.save("large.npy", numbers)
    np.save("small.npy", numbers[:50, :50])
    return folder


def spare_bytes(step: int) -> list[int]:
    return list(range(0, 96 * 2**20, step))


def check_with(spare: int, folder: Path) -> int:
    """Run with little memory; give the exit code."""
    (folder / "large.png").write_bytes(b"older")
    finished = run(LIMITED, str(spare))
    assert (finished.code, finished.data, finished.err) in [(0, b"", ""), (4, b"", OUT_OF_MEMORY)], spare
    assert ((folder / "large.png").read_bytes() == b"older") == (finished.code == 4)
    assert not [name for name in contents(folder) if name.endswith(".part")]
    return finished.code


@pytest.mark.skipif(sys.platform == "darwin", reason="it has no limit of a process's memory")
class TestLittleMemory:
    """E10."""

    @pytest.mark.parametrize("spare", spare_bytes(32 * 2**20))
    def test_it_is_enough_or_said_not_to_be(self, spare: int, images: Path) -> None:
        check_with(spare, images)

    @pytest.mark.slow
    def test_at_every_step(self, images: Path) -> None:
        codes = [check_with(spare, images) for spare in [*spare_bytes(2**20), 2**30]]
        assert (codes[0], codes[-1]) == (4, 0)


def test_work_is_done_though_no_thread_can_be_started(images: Path) -> None:
    """The same bytes, for any number of threads."""
    assert run(LIMITED, str(2**40)).code == 0
    finished = run(WITHOUT_THREADS)
    assert (finished.code, finished.err) == (0, "")
    assert (images / "alone.png").read_bytes() == (images / "large.png").read_bytes()

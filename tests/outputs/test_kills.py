"""Processes that are killed, terminated or interrupted at any moment of writing a map over an older one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.cli.runner import ROOT, Finished, contents, in_process

if TYPE_CHECKING:
    from collections.abc import Iterator

OVER_AND_OVER = """
import os, signal, sys
from convtool.cli.app import main

name, *inputs = sys.argv[1:]
try:
    while True:
        for matrix in inputs:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # as at the start of a process
            sys.argv = ["convtool", "conv", matrix, "-f", "identity", "-o", name, "-q"]
            if code := main():
                os._exit(code)
            os.write(1, b".")
except KeyboardInterrupt:
    os._exit(130)
"""
"""Writes the map of one input and that of another to one file, in turn, until it is stopped."""

ROUND = 0.15  # seconds in which both maps are written, about; moments are drawn from a little more


class Writer:
    """Two matrices, what their maps are, and the process that writes these over each other.

    Parameters
    ----------
    name
        The output. A CSV takes a while to make, an NPY to write.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.inputs = ("first.npy", "second.npy")
        self.maps = []
        size = (200, 200) if name.endswith(".csv") else (700, 700)
        for seed, matrix in enumerate(self.inputs):
            np.save(matrix, np.random.default_rng(seed).integers(0, 999, size).astype(np.float32))
            assert in_process("conv", matrix, "-f", "identity", "-o", name, "-q").code == 0
            self.maps.append((folder / name).read_bytes())
        self.names = set(contents(folder))

    def stop(self, number: signal.Signals, moment: float) -> Finished:
        """Start the process, let it write for some time, and send it the signal."""
        with subprocess.Popen(
            [sys.executable, "-c", OVER_AND_OVER, self.name, *self.inputs],
            env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.read(1) == b"."
            time.sleep(moment)
            process.send_signal(number)
            data, err = process.communicate(timeout=60)
        return Finished(process.returncode, data, err.decode())

    def left_over(self) -> list[Path]:
        """What lies in the folder beside the inputs and the map, which is the one or the other, whole."""
        assert (self.folder / self.name).read_bytes() in self.maps
        return [self.folder / name for name in sorted(set(contents(self.folder)) - self.names)]


@pytest.fixture(params=["map.csv", "map.npy", "map.png"])
def writer(request: pytest.FixtureRequest, folder: Path) -> Writer:
    return Writer(request.param, folder)


def moments(count: int, name: str) -> Iterator[float]:
    """Times to wait, the same ones whenever a test is run."""
    drawn = random.Random(f"{count} {name}")
    for _ in range(count):
        yield drawn.uniform(0, ROUND)


def kill(writer: Writer, count: int) -> int:
    """Kill so many times; give how many parts were left over."""
    for moment in moments(count, writer.name):
        assert writer.stop(signal.SIGKILL, moment).code == -signal.SIGKILL
        parts = writer.left_over()
        assert all(part.name.startswith(".convtool-") and part.suffix == ".part" for part in parts)
    # No run removes the parts of another, which might be at work; none is troubled by them.
    parts = writer.left_over()
    for matrix, expected in zip(writer.inputs, writer.maps, strict=True):
        assert in_process("conv", matrix, "-f", "identity", "-o", writer.name, "-q") == Finished(0, b"", "")
        assert (writer.folder / writer.name).read_bytes() == expected
    assert writer.left_over() == parts
    return len(parts)


def stop(writer: Writer, number: signal.Signals, code: int, count: int) -> None:
    for moment in moments(count, writer.name):
        finished = writer.stop(number, moment)
        # Between two runs the process is no command, and dies of the signal; to a shell that is the same.
        assert finished.code in (code, -number), finished
        assert finished.err == ""
        assert writer.left_over() == []


def test_a_kill_leaves_the_old_map_or_the_new_one(writer: Writer) -> None:
    """E2."""
    kill(writer, 3)


@pytest.mark.slow
def test_two_hundred_kills(writer: Writer) -> None:
    """E2."""
    assert kill(writer, 67) > 0


@pytest.mark.parametrize("writer", ["map.npy"], indirect=True)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_part(writer: Writer, number: signal.Signals, code: int) -> None:
    """E3."""
    stop(writer, number, code, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_hundred_signals(writer: Writer, number: signal.Signals, code: int) -> None:
    """E3."""
    stop(writer, number, code, 17)


def test_a_fifo_that_nobody_reads_can_be_given_up(folder: Path) -> None:
    """E3: opening it waits for a reader."""
    os.mkfifo("map.csv")
    command = [sys.executable, "-m", "convtool", "relu", "matrix.npy", "-o", "map.csv", "-q"]
    with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE) as process:
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 130
    assert Path("map.csv").is_fifo()

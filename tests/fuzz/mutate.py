"""``python -m tests.fuzz.mutate``: a campaign of damaged files against the command line."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import tempfile
import time
import warnings
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.fuzz.cases import Case
from tests.fuzz.judge import FINDINGS, MOST_SECONDS

_WORKERS = 2
_SPAWN = multiprocessing.get_context("spawn")


def main() -> None:
    """Run the campaign; leave a file for each finding, and exit with 1 if there is any."""
    parser = ArgumentParser(prog="python -m tests.fuzz.mutate", description="Give damaged files to convtool.")
    parser.add_argument("--count", metavar="N", type=int, default=100_000, help="cases (default: 100000)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of all chance (default: 0)")
    chosen = parser.parse_args()
    FINDINGS.mkdir(exist_ok=True)
    start, findings = time.monotonic(), 0
    for number, told in campaign(chosen.count, chosen.seed):
        case = Case.of(chosen.seed, number)
        file = FINDINGS / f"mutant-{chosen.seed}-{number}"
        file.write_bytes(case.content)
        findings += 1
        print(f"{file}, from {case.seed}: {' '.join(case.command)}\n    {told}", flush=True)
    seconds = time.monotonic() - start
    print(f"{chosen.count} damaged files of seed {chosen.seed} in {seconds:.0f} s: {findings} findings")
    sys.exit(findings > 0)


def campaign(count: int, seed: int) -> Iterator[tuple[int, str]]:
    """Run the cases ``0 … count - 1`` in two processes; give the number of each that fails, and why."""
    workers = [_Worker(seed, range(first, count, _WORKERS)) for first in range(_WORKERS)]
    while workers := [worker for worker in workers if worker.left]:
        ready = wait([worker.pipe for worker in workers], timeout=1)
        for worker in workers:
            if worker.pipe in ready:
                yield from worker.news()
            elif time.monotonic() - worker.heard > MOST_SECONDS:
                yield worker.left[0], f"no answer in {MOST_SECONDS} s"
                worker.restart()


@dataclass
class _Worker:
    """A process that runs cases, and is started again behind the one that hung or killed it.

    Attributes
    ----------
    left
        The case that it is at, and those that follow.
    heard
        When it last began a case.
    """

    seed: int
    left: range
    heard: float = field(init=False)
    pipe: Connection = field(init=False)
    process: BaseProcess = field(init=False)

    def __post_init__(self) -> None:
        self._start()

    def news(self) -> Iterator[tuple[int, str]]:
        """Take the next message: that a case begins, or what is wrong with it."""
        try:
            message = self.pipe.recv()
        except EOFError:
            self.process.join()
            if self.process.exitcode:
                yield self.left[0], f"the process died with {self.process.exitcode}"
            self.restart()
            return
        if isinstance(message, str):
            yield self.left[0], message
        else:
            self.left, self.heard = self.left[self.left.index(message) :], time.monotonic()

    def restart(self) -> None:
        """Go on behind the case that it is at."""
        self.process.kill()
        self.process.join()
        self.left = self.left[1:]
        if self.left:
            self._start()

    def _start(self) -> None:
        self.pipe, theirs = _SPAWN.Pipe(duplex=False)
        self.process = _SPAWN.Process(target=_work, args=(self.seed, self.left, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.heard = time.monotonic() + MOST_SECONDS  # until it has loaded


def _work(seed: int, numbers: range, pipe: Connection) -> None:
    warnings.simplefilter("always")
    logging.basicConfig(stream=sys.stderr)  # descriptor 2, as in a process of its own
    with tempfile.TemporaryDirectory() as scratch:
        for number in numbers:
            pipe.send(number)
            folder = Path(scratch, str(number))
            folder.mkdir()
            for told in Case.of(seed, number).findings(folder):
                pipe.send(told)
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()


if __name__ == "__main__":
    main()

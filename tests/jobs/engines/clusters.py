"""A Dask cluster of this machine: a scheduler and workers, each a process of its own that ends with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]


class DaskCluster:
    """A scheduler on loopback, and the workers that are started for it.

    Parameters
    ----------
    folder
        For its own files.
    settings
        Environment variables of the scheduler.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", file]
        self.scheduler = self._start("scheduler", options, settings)
        while not file.exists() or not file.read_text().endswith("}"):  # not yet whole
            self._check_alive(self.scheduler)
        self.address: str = json.loads(file.read_text())["address"]

    def start_worker(self, before: str = "", *, nanny: bool = False) -> subprocess.Popen[bytes]:
        """Start a worker and wait until the scheduler knows it; ``before`` is Python that it runs first."""
        name = f"worker{len(self.workers)}"
        place = self.folder / name
        place.mkdir()
        (place / "sitecustomize.py").write_text(before)
        options = ["--nthreads", "1", "--local-directory", place, "--nanny" if nanny else "--no-nanny"]
        path = os.pathsep.join((str(place), str(ROOT)))
        worker = self._start("worker", [self.address, *options], {"PYTHONPATH": path}, name)
        self.workers.append(worker)
        while "Registered to" not in (self.folder / f"{name}.log").read_text():
            self._check_alive(worker)
        return worker

    @property
    def pids(self) -> list[int]:
        """The workers that are alive, by their ids."""
        return [worker.pid for worker in self.workers if worker.poll() is None]

    def kill(self, pid: int) -> None:
        """Kill a worker, and wait until it is gone."""
        os.kill(pid, signal.SIGKILL)
        next(worker for worker in self.workers if worker.pid == pid).wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *about: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def _start(
        self, what: str, options: Sequence[str | Path], settings: dict[str, str], name: str = "scheduler"
    ) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings}
        environment["DASK_DISTRIBUTED__SCHEDULER__IDLE_TIMEOUT"] = "1h"  # if the tests themselves are killed
        command = [sys.executable, "-m", "dask", what, "--no-dashboard", *options]
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _check_alive(self, process: subprocess.Popen[bytes]) -> None:
        time.sleep(0.02)
        if process.poll() is not None:
            logs = "\n".join(log.read_text() for log in self.folder.glob("*.log"))
            raise RuntimeError(f"{process.args!r} has ended\n{logs}")

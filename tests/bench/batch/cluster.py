"""A Dask cluster on this machine: a scheduler and worker processes that talk through the loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep

from tests.bench.batch import photographs
from tests.bench.batch.commands import WORKERS, best_seconds, convtool_batch, run
from tests.bench.figures import Figure
from tests.bench.peers import library
from tests.readme import ROOT

REACH = 0.8
LOCAL, DASK = "local", "dask"


def figures(images: int, scratch: Path) -> Iterator[Figure]:
    """Rates of both engines with as many workers, and their ratio."""
    library("distributed")
    source = scratch / "photographs"
    photographs.take(source, images)
    photographs.take(scratch / "first", WORKERS)
    targets = {name: scratch / name for name in (LOCAL, DASK)}
    with cluster(scratch) as address:
        engine = ("--engine", "dask", "--scheduler", address)
        run(convtool_batch(scratch / "first", scratch / "first maps", *engine))  # the workers are there
        commands = {
            LOCAL: convtool_batch(source, targets[LOCAL]),
            DASK: convtool_batch(source, targets[DASK], *engine),
        }
        times = best_seconds(commands, targets)
    for name, taken in times.items():
        yield Figure(f"{name}, images a second", images / taken)
    yield Figure("dask / local", times[LOCAL] / times[DASK], REACH)


@contextmanager
def cluster(scratch: Path) -> Iterator[str]:
    """Start a scheduler and the workers; give the scheduler's address, and end them all."""
    facts = scratch / "scheduler.json"
    named = ["--scheduler-file", str(facts), "--no-dashboard"]
    workers = ["--nworkers", str(WORKERS), "--nthreads", "1", "--local-directory", str(scratch)]
    with ExitStack() as processes:
        for part in (
            ["dask_scheduler", *named, "--host", "127.0.0.1", "--port", "0"],
            ["dask_worker", *named, *workers],
        ):
            process = processes.enter_context(_started(part, scratch))
            processes.callback(process.terminate)
            while part[0] == "dask_scheduler" and not (facts.exists() and facts.read_text().endswith("}")):
                assert process.poll() is None, (scratch / "dask_scheduler.log").read_text()
                sleep(0.05)
        yield json.loads(facts.read_text())["address"]


def _started(words: list[str], scratch: Path) -> subprocess.Popen[bytes]:
    program, *options = words
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with (scratch / f"{program}.log").open("wb") as log:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *options]
        return subprocess.Popen(command, cwd=scratch, env=environment, stdout=log, stderr=log)

"""Batches on a Dask cluster of this machine, a scheduler and workers that talk through the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.batch import photographs
from tests.bench.batch.commands import WORKERS, best_seconds, convtool_batch
from tests.bench.figures import Figure
from tests.bench.peers import library

REACH = 0.8
LOCAL, DASK = "local", "dask"


def figures(images: int, scratch: Path) -> Iterator[Figure]:
    """Rates of both engines with as many workers, and their ratio."""
    source = scratch / "photographs"
    photographs.take(source, images)
    targets = {name: scratch / name for name in (LOCAL, DASK)}
    with cluster(scratch) as address:
        commands = {
            LOCAL: convtool_batch(source, targets[LOCAL]),
            DASK: convtool_batch(source, targets[DASK], "--engine", "dask", "--scheduler", address),
        }
        times = best_seconds(commands, targets)
    for name, taken in times.items():
        yield Figure(f"{name}, images a second", images / taken)
    yield Figure("dask / local", times[LOCAL] / times[DASK], REACH)


@contextmanager
def cluster(scratch: Path) -> Iterator[str]:
    """Start a scheduler and the workers; give the scheduler's address."""
    library("distributed")
    from tests.jobs.engines.clusters import DaskCluster

    folder = scratch / "cluster"
    folder.mkdir()
    with DaskCluster(folder) as processes:
        for _ in range(WORKERS):
            processes.start_worker()
        yield processes.address

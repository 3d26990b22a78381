"""What handing a task to a worker costs: tasks of one image that is not there, so that there is no work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter

from convtool.jobs.batch.journal import NAME
from convtool.jobs.batch.work import Item, Recipe
from convtool.jobs.engines import Engine
from convtool.jobs.engines.local import LocalEngine
from tests.bench.batch.cluster import cluster
from tests.bench.batch.commands import WORKERS
from tests.bench.batch.recipes import recipe
from tests.bench.figures import Figure

WARM = 50
"""Results that are not counted: until then workers are starting."""


def figures(tasks: int, scratch: Path) -> Iterator[Figure]:
    """Milliseconds between results, of each engine."""
    made = recipe(scratch, scratch / "maps")
    with (scratch / NAME).open("wb") as lease:
        local = LocalEngine(WORKERS, image_timeout=60, lease=lease.fileno())
        yield Figure("a task, local, ms", between_results(local, made, tasks) * 1000)
    with cluster(scratch) as address:
        from convtool.jobs.engines.dask import DaskEngine

        dask = DaskEngine.connect(address, timeout=60, image_timeout=60, folders=[])
        yield Figure("a task, dask, ms", between_results(dask, made, tasks) * 1000)


def between_results(engine: Engine, made: Recipe, tasks: int) -> float:
    """Seconds from one result to the next when all workers are there."""
    nothing = ((Item(f"{number:06}.png", f"{number:06}.png", 0),) for number in range(WARM + tasks))
    with closing(engine.run(made, nothing)) as batches:
        results = (result for batch in batches for result in batch)
        for result in islice(results, WARM):
            assert result.status == "failed"
        begin = perf_counter()
        last = sum(1 for _ in results)
    assert last == tasks
    return (perf_counter() - begin) / tasks

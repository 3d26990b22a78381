"""What handing a task to a worker costs: tasks of one image that is not there, so that there is no work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter

from convtool.jobs.batch.journal import NAME

from convtool.io.filters import read_filter
from convtool.jobs.batch.work import Item, Recipe
from convtool.jobs.engines import Engine
from convtool.jobs.engines.local import LocalEngine
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions
from tests.bench.batch.commands import WORKERS
from tests.bench.figures import Figure

WARM = 50
"""Results that are not counted: until then workers are starting."""


def figures(tasks: int, scratch: Path) -> Iterator[Figure]:
    """Milliseconds between results, of each engine."""
    recipe = Recipe(
        folder=str(scratch),
        filters=(read_filter("sobel-x"),),
        inputs=InputOptions(),
        conv=ConvOptions(),
        pool=PoolOptions(),
        output=OutputOptions(frozenset(("relu", "pool")), folder=str(scratch / "maps")),
    )
    with (scratch / NAME).open("wb") as lease:
        local = LocalEngine(WORKERS, image_timeout=60, lease=lease.fileno())
        yield Figure("a task, local, ms", between_results(local, recipe, tasks) * 1000)


def between_results(engine: Engine, recipe: Recipe, tasks: int) -> float:
    """Seconds from one result to the next when all workers are there."""
    nothing = ((Item(f"{number:06}.png", f"{number:06}.png", 0),) for number in range(WARM + tasks))
    with closing(engine.run(recipe, nothing)) as batches:
        results = (result for batch in batches for result in batch)
        for result in islice(results, WARM):
            assert result.status == "failed"
        begin = perf_counter()
        last = sum(1 for _ in results)
    assert last == tasks
    return (perf_counter() - begin) / tasks

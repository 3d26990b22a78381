"""What is done with every image, for what calls the library instead of the command."""

from __future__ import annotations

from pathlib import Path

from convtool.io.filters import read_filter
from convtool.jobs.batch.work import Recipe
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions
from tests.bench.batch.commands import FILTERS


def recipe(folder: Path, target: Path) -> Recipe:
    """Feature maps and maps of a 2×2 pool, as `convtool_batch` makes them."""
    return Recipe(
        folder=str(folder),
        filters=tuple(map(read_filter, FILTERS)),
        inputs=InputOptions(),
        conv=ConvOptions(),
        pool=PoolOptions(),
        output=OutputOptions(frozenset(("relu", "pool")), folder=str(target)),
    )

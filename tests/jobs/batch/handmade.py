"""Recipes and results made by hand."""

from __future__ import annotations

from typing import Any

from convtool.core.bank import FilterBank
from convtool.io.filters import FilterFile
from convtool.jobs.batch.work import Item, Recipe, Result, Status
from convtool.jobs.options import ConvOptions, InputOptions, OutputOptions, PoolOptions


def recipe_of(**given: Any) -> Recipe:
    """One filter, and the options of `run`."""
    given = {
        "folder": "/home/user",
        "filters": (FilterFile("edge", FilterBank([[1, 0], [0, -1]])),),
        "inputs": InputOptions(),
        "conv": ConvOptions(),
        "pool": PoolOptions(),
        "output": OutputOptions(frozenset({"relu", "pool"}), "maps"),
        **given,
    }
    return Recipe(**given)


def result_of(place: str, *outputs: str, status: Status = "done", digest: str = "1f", **given: Any) -> Result:
    """What came of the image of this place; of each output, the hash is the length of its path."""
    return Result(
        Item(f"photos/{place}", place, 9),
        status,
        input_hash=digest,
        outputs=tuple({"output": output, "shape": (2, 3), "mean": 0.5} for output in outputs),
        hashes=tuple(str(len(output)) for output in outputs),
        **given,
    )

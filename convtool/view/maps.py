"""One map or matrix as a titled table, drawn from its record."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from rich.console import Console

from convtool.record import RunRecord
from convtool.view.tables import print_matrix

_STAGES = {"conv": "Conv", "relu": "ReLU", "pool": "Pool"}


def title(record: RunRecord) -> str:
    """What stands above a map: stage, input, filter, size, and the file it went to."""
    height, width = record.shape
    stage = _STAGES.get(record.stage) if record.stage else None
    parts = [stage, record.input, record.filter, f"{height} × {width}"]
    line = " · ".join(part for part in parts if part)
    return line if record.output is None else f"{line} → {record.output}"


def print_map(console: Console, record: RunRecord, values: ArrayLike, **layout: Any) -> None:
    """Print a map's title and table, and a blank line behind it."""
    print_matrix(console, title(record), values, **layout)
    console.print()

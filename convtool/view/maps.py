"""One map or matrix as a titled table, drawn from its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike
from rich.console import Console

from convtool.core.stages import STEPS
from convtool.record import RunRecord
from convtool.view.tables import print_matrix


def title(record: RunRecord) -> str:
    """What stands above a map: stage, input, filter, size, and the file it went to."""
    line = heading(record.stage, record.input, record.filter, record.shape)
    return line if record.output is None else f"{line} → {record.output}"


def heading(stage: str | None, name: str, label: str | None, shape: Sequence[int]) -> str:
    """What stands above a matrix: its stage and filter, if it has them, its file and its size."""
    height, width = shape
    parts = [STEPS.get(stage) if stage else None, name, label, f"{height} × {width}"]
    return " · ".join(part for part in parts if part)


def print_map(console: Console, record: RunRecord, values: ArrayLike, **layout: Any) -> None:
    """Print a map's title and table, and a blank line behind it."""
    print_matrix(console, title(record), values, **layout)
    console.print()

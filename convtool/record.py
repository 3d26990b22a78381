"""The record of one map, as frozen data: jobs make it, tables and JSON lines are drawn from it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One map of one image; tables, JSON and pictures are drawn from it.

    Attributes
    ----------
    input, filter, stage, output
        The image as named by the user, the filter's label, ``conv``, ``relu`` or ``pool``, and the
        file written, if any.
    shape, dtype, min, max, mean, sha256, values
        Of the map; the hash is of its float32 values, little-endian, row by row.
    exact
        Whether no rounding happened on the way.
    step, clipped
        Of a PNG: the step of its codes, and how many values lay outside its range.
    convention
        ``cross-correlation``, or ``convolution`` with ``--flip``.
    plan
        How the convolution was computed: ``algorithm``, ``tile`` (images, rows and columns of the
        result at a time) and ``threads``.
    seconds
        Time the stage took.
    """

    input: str
    filter: str | None
    stage: str | None
    output: str | None = None
    shape: tuple[int, ...]
    dtype: str
    min: float | None
    max: float | None
    mean: float | None
    exact: bool | None = None
    step: float | None = None
    clipped: int = 0
    sha256: str
    convention: str | None = None
    plan: dict[str, Any] | None = None
    seconds: float = 0.0
    version: str
    values: list[Any] | None

    def to_json(self) -> str:
        """The record on one line."""
        return json.dumps(asdict(self), allow_nan=False)

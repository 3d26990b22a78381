"""The record of one map: what it is, where it came from, and what its numbers are."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.arrays import Float32
from convtool.io.rectangles import to_numbers

MAX_VALUES = 1024
"""A record holds a map's values up to this many cells."""


@dataclass(frozen=True)
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
        How the convolution was computed.
    seconds
        Time the stage took.
    """

    input: str
    filter: str | None
    stage: str | None
    output: str | None
    shape: tuple[int, ...]
    dtype: str
    min: float | None
    max: float | None
    mean: float | None
    exact: bool | None
    step: float | None
    clipped: int
    sha256: str
    convention: str | None
    plan: dict[str, Any] | None
    seconds: float
    version: str
    values: list[Any] | None

    def to_json(self) -> str:
        """The record on one line; what is no finite number is null."""
        return json.dumps(asdict(self), allow_nan=False)


def describe(values: Float32) -> dict[str, Any]:
    """The fields of a record that follow from the values alone."""
    plain = np.ascontiguousarray(values, "<f4") + np.float32(0)  # so that −0 and 0 hash alike
    small = values.size <= MAX_VALUES and bool(np.isfinite(values).all())
    return {
        "shape": values.shape,
        "dtype": str(values.dtype),
        "min": _number(values.min()),
        "max": _number(values.max()),
        "mean": _number(values.mean(dtype=np.float64)),
        "sha256": hashlib.sha256(plain.data).hexdigest(),
        "version": __version__,
        "values": to_numbers(plain) if small else None,
    }


def _number(value: np.floating[Any]) -> float | None:
    number = float(str(value)) if value.dtype == np.float32 else float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number

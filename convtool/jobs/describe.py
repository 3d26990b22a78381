"""What a record says of a map's numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.arrays import Float32
from convtool.io.rectangles import to_numbers

_BYTES_AT_A_TIME = 2**16  # of values that are hashed, so that they stay in a cache
MAX_VALUES = 1024
"""A record holds a map's values up to this many cells."""


def describe(values: Float32) -> dict[str, Any]:
    """The fields of a record that follow from the values alone; what is no finite number is None."""
    small = values.size <= MAX_VALUES and bool(np.isfinite(values).all())
    return {
        "shape": values.shape,
        "dtype": str(values.dtype),
        "min": _number(values.min()),
        "max": _number(values.max()),
        "mean": _number(values.mean(dtype=np.float64)),
        "sha256": _sha256(values),
        "version": __version__,
        "values": to_numbers(values + np.float32(0)) if small else None,
    }


def _sha256(values: Float32) -> str:
    """Of the values in row-major order, little-endian; −0 and 0 are alike."""
    from hashlib import sha256  # loads OpenSSL, which a quiet run has no need of

    digest = sha256()
    rows = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[np.newaxis]
    at_a_time = max(1, _BYTES_AT_A_TIME // (4 * rows.shape[1]))
    for start in range(0, len(rows), at_a_time):
        block = rows[start : start + at_a_time].astype("<f4", order="C", copy=False)
        digest.update((block + np.float32(0)).data)
    return digest.hexdigest()


def _number(value: np.floating[Any]) -> float | None:
    """Whole numbers as integers, others by the shortest text of their type, what is not finite as None."""
    if not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(str(value))

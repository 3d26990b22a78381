"""What a record says of a map's numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convtool import __version__
from convtool.core.arrays import PIECE, Float32
from convtool.io.rectangles import to_numbers

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
    flat = values.reshape(-1)
    for start in range(0, flat.size, PIECE):
        digest.update((flat[start : start + PIECE] + np.float32(0)).astype("<f4", copy=False).data)
    return digest.hexdigest()


def _number(value: np.floating[Any]) -> float | None:
    """Whole numbers as integers, others by the shortest text of their type, what is not finite as None."""
    if not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(str(value))

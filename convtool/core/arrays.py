"""The edge of the core: arrays of any real type and two to four axes become float32 (N, C, H, W)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.errors import ArgumentError, InputError

Float32 = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)

PIECE = 64 * 1024
"""Values that are looked at together: few enough to stay in cache."""

AXES = {2: "(H, W)", 3: "(C, H, W)", 4: "(N, C, H, W)"}


@dataclass(frozen=True)
class Planes:
    """An image or map as ``(N, C, H, W)``, and how many axes the caller gave it."""

    values: Float32
    ndim: int

    def restore(self, result: NDArray[Scalar], *, channels: bool = False) -> NDArray[Scalar]:
        """Drop the axes of ``result`` ``(N, C, H, W)`` that the caller does not expect.

        The batch axis stays if the input had it, the channel axis if the input had it or ``channels``.
        """
        if self.ndim == 4:
            return result
        restored: NDArray[Scalar] = result[0] if channels or self.ndim == 3 else result[0, 0]
        return restored


def as_planes(name: str, array: ArrayLike) -> Planes:
    """Check an image or map and view it as float32 ``(N, C, H, W)``; copied only if it must be."""
    values = as_float32(name, array)
    if values.ndim not in AXES:
        raise InputError(f"{name} has shape {values.shape}; it must be {', '.join(AXES.values())}")
    if 0 in values.shape[-3:]:
        raise InputError(f"{name} has shape {values.shape}; it holds no values")
    missing = 4 - values.ndim
    return Planes(values[(np.newaxis,) * missing], values.ndim)


def as_float32(name: str, array: ArrayLike) -> Float32:
    """Any real array as float32; text, complex numbers and objects are refused."""
    try:
        values = np.asarray(array)
    except ValueError as error:  # NumPy's word for nested lists of unequal length
        raise InputError(f"{name} is not a rectangle of numbers: {error}") from None
    if values.dtype.kind not in "biuf":
        raise ArgumentError(f"{name} has dtype {values.dtype}; it must be a real number type such as float32")
    return values.astype(np.float32, copy=False)


def is_whole(values: NDArray[np.floating[Any]]) -> bool:
    """Whether every value is a whole number; looked at in pieces, so that nothing large is allocated."""
    flat = values.reshape(-1)
    pieces = (flat[start : start + PIECE] for start in range(0, flat.size, PIECE))
    return all(bool((piece == np.rint(piece)).all()) for piece in pieces)

"""Which built-in filter a kernel is, but for its sign, its scale, and being turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.io.filters import builtin_names, read_filter

ALIKE = 1e-2
"""The largest difference of weights that are alike, as a share of the largest."""


@dataclass(frozen=True)
class Resemblance:
    """A built-in filter that a kernel is a multiple of.

    Attributes
    ----------
    filter
        Its name; of a bank, with the name of the filter in it.
    flipped
        Whether it is turned by 180°, as a convolution turns it.
    scale
        The factor.
    """

    filter: str
    flipped: bool
    scale: float


def resembling(kernel: Float32) -> Resemblance | None:
    """The built-in filter that a kernel ``(kh, kw)`` is a multiple of.

    A filter by itself is named before one of a bank, turned before negative, plain before turned.

    Examples
    --------
    >>> resembling(np.float32([[-2, 0, 2], [-4, 0, 4], [-2, 0, 2]]))
    Resemblance(filter='sobel-x', flipped=False, scale=2.0)
    """
    found = []
    for name in builtin_names():
        bank = read_filter(name).bank
        if bank.kernel_size != kernel.shape:
            continue
        for own, weights in zip(bank.names or [""] * len(bank), bank.weights[:, 0], strict=True):
            for flipped, turned in ((False, weights), (True, weights[::-1, ::-1])):
                scale = _scale(kernel.astype(np.float64), turned.astype(np.float64))
                if scale is not None:
                    label = f"{name}-{own}" if own else name
                    found.append(Resemblance(label, flipped, scale))
    return min(found, key=_unlikeliness, default=None)


def _unlikeliness(found: Resemblance) -> tuple[bool, bool, bool, float]:
    in_a_bank = found.filter not in builtin_names()
    return in_a_bank, found.scale < 0, found.flipped, abs(math.log(abs(found.scale)))


def _scale(kernel: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    """The factor between two kernels, if there is one."""
    scale = float((kernel * weights).sum() / np.square(weights).sum())
    if scale == 0 or np.abs(kernel - scale * weights).max() > ALIKE * np.abs(kernel).max():
        return None
    return float(f"{scale:.4g}")

"""Which built-in filter a kernel is, but for its sign, its scale, and being turned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

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

    A border of zeros makes no difference, on either of them. A filter by itself is named before one of
    a bank, turned before negative, plain before turned, one of the kernel's size before others.

    Examples
    --------
    >>> resembling(np.float32([[-2, 0, 2], [-4, 0, 4], [-2, 0, 2]]))
    Resemblance(filter='sobel-x', flipped=False, scale=2.0)
    """
    found = []
    for name in builtin_names():
        bank = read_filter(name).bank
        size = bank.kernel_size
        if any((n - k) % 2 for n, k in zip(size, kernel.shape, strict=True)):
            continue  # no border all around makes them of one size
        for own, weights in zip(bank.names or [""] * len(bank), bank.weights[:, 0], strict=True):
            for flipped, turned in ((False, weights), (True, weights[::-1, ::-1])):
                scale = _scale(_widened(kernel, size), _widened(turned, kernel.shape))
                if scale is not None:
                    in_a_bank = len(bank) > 1
                    doubts = in_a_bank, scale < 0, flipped, size != kernel.shape, abs(math.log(abs(scale)))
                    found.append((doubts, Resemblance(f"{name}-{own}" if own else name, flipped, scale)))
    return min(found, key=itemgetter(0), default=(None, None))[1]


def _widened(kernel: Float32, size: Sequence[int]) -> NDArray[np.float64]:
    """The kernel with zeros around it, at least of a size."""
    border = [(max(0, n - k) // 2,) * 2 for n, k in zip(size, kernel.shape, strict=True)]
    return np.pad(kernel.astype(np.float64), border)


def _scale(kernel: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    """The factor between two kernels, if there is one."""
    scale = float((kernel * weights).sum() / np.square(weights).sum())
    if scale == 0 or np.abs(kernel - scale * weights).max() > ALIKE * np.abs(kernel).max():
        return None
    return float(f"{scale:.4g}")

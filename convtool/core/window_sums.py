"""Sums of the values under every window, in a few additions a cell however large the window is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Scalar
from convtool.core.threads import Scratch


def slide_sum(run: NDArray[Scalar], taps: int, step: int, scratch: Scratch, name: str) -> NDArray[Scalar]:
    """``out[i] = Σ run[i + k·step]`` over ``k`` from 0 to ``taps − 1``.

    Runs of 1, 2, 4, … taps are summed, each from two of the one before. Those of the binary digits of
    ``taps``, one behind the other, make up a window.

    Parameters
    ----------
    run
        One axis, contiguous.
    name
        Of the buffers, one of which holds the result.

    Returns
    -------
    ndarray
        ``(run.size − (taps − 1)·step,)``
    """
    dtype = run.dtype.type
    length = run.size - (taps - 1) * step
    digits = [1 << k for k in range(taps.bit_length()) if taps >> k & 1]
    total: NDArray[Scalar] | None = None
    sums, summed, taken = run, 1, 0
    for digit in digits:
        while summed < digit:
            shift = summed * step
            summed *= 2
            # A part waits for the next digit's, so what it stands in is not written to meanwhile.
            buffer = f"{name} {summed.bit_length() % 2}" + (" more" if taken and total is None else "")
            longer = scratch.typed(buffer, dtype, sums.size - shift)
            sums = np.add(sums[:-shift], sums[shift:], out=longer)
        part = sums[taken * step : taken * step + length]
        taken += digit
        if taken == digit:
            first = part
        elif total is None:
            total = np.add(first, part, out=scratch.typed(f"{name} total", dtype, length))
        else:
            np.add(total, part, out=total)
    return first if total is None else total

"""Constants of the cost model, in nanoseconds, as ``python -m tests.bench.regret`` was run with.

Measured on two cores of an AMD EPYC (Zen 4 class, 1 MiB of L2 cache a core) with NumPy 2.4 and its
OpenBLAS held at AVX2; what counts for the choice is how they compare, which differs little between
machines.
"""

from __future__ import annotations

CALL = 1_500.0
"""A NumPy call on a small array."""
TILE = 45_000.0
"""What a tile costs before any arithmetic: slicing, padding, handing it to a thread."""
ADD = 0.13
"""``add`` of two arrays into a third, a cell."""
MULTIPLY = 0.11
"""``multiply`` of an array with a number, a cell."""
COPY = 0.11
"""Copying a contiguous run, a cell."""
STRIDED = 0.35
"""Reading or writing every second cell or so, a cell."""
MULTIPLY_ADD = 0.0195
"""One multiply–add of a matrix product."""
PACK = 0.08
"""Bringing one value of a matrix into the order that BLAS wants."""
STORE = 0.09
"""Writing one value of a matrix product."""
FFT = 0.36
"""A forward and an inverse float32 transform, a cell and binary digit of the count of cells."""
SPECTRUM = 1.0
"""The product of two spectra, a cell of the transform."""
DEVIATION = 2.0
"""The deviation of a window from the sums of its values and of their squares, a cell."""
WINDOW_SUM = 0.4
"""Those two sums, a cell and binary digit of each side of the window."""


def matrix_product(m: int, k: int, n: float) -> float:
    """``(m, k) @ (k, n)`` in float32, on one thread."""
    rows = -(-m // 4) * 4
    return CALL + n * (rows * k * MULTIPLY_ADD + k * PACK + m * STORE)


def is_strided(stride: tuple[int, int]) -> bool:
    """Whether a run of windows reads cells that are not side by side."""
    return stride[1] != 1


def elementwise(adds: float, multiplies: float, strided: bool) -> float:
    """A cell's share of passes over arrays."""
    return adds * (ADD + STRIDED * strided) + multiplies * (MULTIPLY + STRIDED * strided)

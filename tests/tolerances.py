"""The one table of how far a float result may lie from the truth, and the check that applies it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

UNIT_ROUNDOFF = {
    np.dtype(np.float16): 2.0**-11,
    np.dtype(np.float32): 2.0**-24,
    np.dtype(np.float64): 2.0**-53,
}
"""Largest relative error of one rounding to the type."""

EXTRA_ROUNDINGS = {
    "conv": 8,
    "pool": 2,
    "sum": 0,
    "formula": 16,
    "slope": 256,
}
"""Roundings besides one for each term summed: both inputs, the bias, factors or transforms; a division.

A "formula" is worked out in float64 and is all of its roundings: a built-in filter's weight or response.
A "slope" is the difference of two values over a step; its scale is how large they are over the step.
"""

DEVIATIONS = 5
"""Standard deviations that a count may be from what chance makes of it: beyond them once in two millions."""


def accumulation_bound(case: str, dtype: np.dtype, terms: int, scale: ArrayLike) -> NDArray[np.float64]:
    """Return the error allowed to a sum of `terms` products whose absolute values add up to `scale`.

    In any order of summation |error| <= (terms + extra) * unit roundoff * sum |w| * max |x|, to first order.
    """
    return (terms + EXTRA_ROUNDINGS[case]) * UNIT_ROUNDOFF[dtype] * np.asarray(scale, dtype=np.float64)


def response_scale(image: NDArray, weights: NDArray, bias: NDArray | None = None) -> NDArray[np.float64]:
    """Return sum |w| * max |x| + |b| of each filter as (O, 1, 1), the largest response there can be."""
    strongest = (
        np.abs(weights.astype(np.float64)).sum(axis=(1, 2, 3)) * np.abs(image.astype(np.float64)).max()
    )
    if bias is not None:
        strongest = strongest + np.abs(np.asarray(bias, dtype=np.float64))
    return strongest[:, None, None]


def assert_close(actual: NDArray, expected: NDArray, *, case: str, terms: int, scale: ArrayLike) -> None:
    """Assert that every value lies within the bound of its accumulation, and that none is NaN."""
    assert actual.shape == expected.shape
    bound = np.broadcast_to(accumulation_bound(case, actual.dtype, terms, scale), expected.shape)
    error = np.abs(actual.astype(np.float64) - expected)
    wrong = np.argwhere(~(error <= bound))
    assert not len(wrong), (
        f"{len(wrong)} of {error.size} values are off; at {tuple(map(int, wrong[0]))} "
        f"{actual[tuple(wrong[0])]!r} is {error[tuple(wrong[0])]:.3g} from "
        f"{expected[tuple(wrong[0])]!r}, allowed {bound[tuple(wrong[0])]:.3g}"
    )


def assert_near(actual: ArrayLike, expected: ArrayLike) -> None:
    """Assert that float32 numbers are those of their formulas, of order one or larger."""
    truth = np.asarray(expected, dtype=np.float64)
    assert_close(np.float32(actual), truth, case="formula", terms=0, scale=1 + np.abs(truth))


def assert_share(count: int, trials: int, share: float) -> None:
    """Assert that so many of the trials are the share that chance gives them."""
    deviation = (trials * share * (1 - share)) ** 0.5
    assert abs(count - trials * share) <= DEVIATIONS * deviation


def assert_equal(actual: NDArray, expected: NDArray) -> None:
    """Assert the same shape and exactly the same values, NaN equal to NaN."""
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(actual, expected)


def assert_same_bytes(actual: NDArray, expected: NDArray) -> None:
    """Assert the same shape, type and bytes: signed zeros and NaN included."""
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    assert actual.tobytes() == expected.tobytes()

"""How one value of a map came to be: the patch and its products, and the window of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import fsum

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import OUTSIDE, Axis, Pair, Window
from convtool.core.pooling import PoolKind, window_areas


@dataclass(frozen=True, eq=False)
class ConvStep:
    """A response: the sum of the products of a patch and a filter, over the deviation, plus the bias.

    Attributes
    ----------
    at, value
        Row and column in the map, and the value there as it was computed in float32.
    channels
        Of the image, those that the filter reads.
    rows, columns
        Of the image, one for each tap of the filter; `OUTSIDE` where nothing of it is copied.
    padded
        ``(kh, kw)``: which cells of the patch lie in the padding.
    patch, weights
        ``(I, kh, kw)``: the values under the filter, and the filter as it is laid on them.
    bias
        Added to the sum.
    deviation
        What the sum is divided by: the standard deviation of the patch; ``None`` without local
        normalisation. Where it is 0 the sum counts as 0.
    """

    at: Pair
    value: float
    channels: range
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    padded: NDArray[np.bool_]
    patch: Float32
    weights: Float32
    bias: float
    deviation: float | None

    @cached_property
    def products(self) -> NDArray[np.float64]:
        """``(I, kh, kw)``, without rounding: float64 holds every product of two float32."""
        return self.patch.astype(np.float64) * self.weights

    @cached_property
    def total(self) -> float:
        """The sum of the products, rounded once to float64."""
        return fsum(self.products.ravel().tolist())

    @property
    def quotient(self) -> float:
        """The sum as it counts: divided by the deviation, if it is."""
        if self.deviation is None:
            return self.total
        return self.total / self.deviation if self.deviation else 0.0

    @property
    def rounding(self) -> float:
        """What arithmetic in float32 made of the value: the rest of it beside the sum and the bias."""
        return self.value - (self.quotient + self.bias)


@dataclass(frozen=True, eq=False)
class PoolStep:
    """A pooled value: the largest, the smallest or the mean of a window.

    Attributes
    ----------
    kind, at, value
        Of the pool, and row, column and value in the pooled map.
    rows, columns
        Of the map that is pooled: those under the window that are not in the padding.
    values
        ``(rows, columns)``: what the map holds there.
    winner
        Row and column in the map of the value that was kept, the first of equals; ``None`` of a mean.
    cells
        How many cells a mean goes over: the zeros of the padding count.
    """

    kind: PoolKind
    at: Pair
    value: float
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    values: Float32
    winner: Pair | None
    cells: int | None

    @property
    def total(self) -> float:
        """The sum of the window, rounded once to float64."""
        return fsum(self.values.ravel().tolist())


@dataclass(frozen=True, eq=False)
class Derivation:
    """One value of a stage, back to the pixels it came of.

    Attributes
    ----------
    stage, at, value
        Which map, where, and what.
    pool
        The window, for a pooled value.
    conv
        The response behind the value, or behind the one that a pool kept; ``None`` behind a mean.
    """

    stage: str
    at: Pair
    value: float
    pool: PoolStep | None
    conv: ConvStep | None

    @property
    def rectified(self) -> float | None:
        """What ReLU makes of the response; ``None`` of a stage before it, and behind a mean."""
        return None if self.conv is None or self.stage == "conv" else max(self.conv.value, 0.0)


def derive_response(
    image: Float32,
    bank: FilterBank,
    index: int,
    windows: Window,
    at: Pair,
    value: float,
    *,
    padding_mode: str = "zeros",
    groups: int = 1,
) -> ConvStep:
    """Lay a filter on an image once more, at one place.

    Parameters
    ----------
    image
        ``(C, H, W)``.
    bank, index
        The filters as they are laid, and the one that is meant.
    windows
        How they slide: see `convtool.core.geometry.window`.
    at, value
        A place of the map, and the response there.

    Examples
    --------
    >>> from convtool.core.geometry import window
    >>> image = np.array([[[1, 0, 2], [3, 1, 0], [0, 0, 4]]], np.float32)
    >>> diagonal = FilterBank([[1, 0], [0, 1]])
    >>> step = derive_response(image, diagonal, 0, window((3, 3), 2), (1, 1), 5.0)
    >>> step.products.tolist(), step.total
    ([[[1.0, 0.0], [0.0, 4.0]]], 5.0)
    """
    along_y, along_x = windows
    rows, columns = (_under(axis, place, padding_mode) for axis, place in zip(windows, at, strict=True))
    first = index // (len(bank) // groups) * bank.in_channels
    channels = range(first, first + bank.in_channels)
    outside = (rows == OUTSIDE)[:, np.newaxis] | (columns == OUTSIDE)
    patch = np.where(
        outside, np.float32(0), image[channels.start : channels.stop, rows[:, np.newaxis], columns]
    )
    deviation = None
    if bank.normalize:
        # Relative to any one of them, values that are all alike have a deviation of just 0.
        deviation = float(np.std(patch.astype(np.float64) - float(patch.flat[0])))
    return ConvStep(
        at=at,
        value=value,
        channels=channels,
        rows=tuple(rows.tolist()),
        columns=tuple(columns.tolist()),
        padded=_in_padding(along_y, at[0])[:, np.newaxis] | _in_padding(along_x, at[1]),
        patch=patch,
        weights=bank.weights[index],
        bias=float(bank.bias[index]),
        deviation=deviation,
    )


def derive_pooled(map_: Float32, windows: Window, kind: PoolKind, at: Pair, value: float) -> PoolStep:
    """Look at the window ``(H, W)`` of a pool once more, at one place.

    Examples
    --------
    >>> from convtool.core.geometry import window
    >>> map_ = np.array([[2, 0], [3, 5]], np.float32)
    >>> derive_pooled(map_, window((2, 2), 2), "max", (0, 0), 5.0).winner
    (1, 1)
    """
    rows, columns = (_under(axis, place, "zeros") for axis, place in zip(windows, at, strict=True))
    rows, columns = rows[rows != OUTSIDE], columns[columns != OUTSIDE]
    values = map_[rows[:, np.newaxis], columns]
    winner = cells = None
    if kind == "avg":
        down, across = window_areas(windows)
        cells = int(down[at[0]] * across[at[1]])
    else:
        y, x = divmod(int(values.argmax() if kind == "max" else values.argmin()), len(columns))
        winner = int(rows[y]), int(columns[x])
    return PoolStep(kind, at, value, tuple(rows.tolist()), tuple(columns.tolist()), values, winner, cells)


def _taps(axis: Axis, place: int) -> NDArray[np.intp]:
    """The padded cells under the window at a place."""
    taps: NDArray[np.intp] = place * axis.stride + axis.dilation * np.arange(axis.kernel)
    return taps


def _under(axis: Axis, place: int, mode: str) -> NDArray[np.intp]:
    """The cells of the map that a window sees."""
    return axis.sources(mode)[_taps(axis, place)]


def _in_padding(axis: Axis, place: int) -> NDArray[np.bool_]:
    cells = _taps(axis, place) - axis.before
    return (cells < 0) | (cells >= axis.size)

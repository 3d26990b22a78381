"""Peaks of responses: the places where a filter found what it looks for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.core.arrays import Float32, as_planes
from convtool.core.geometry import Pair, Sizes, is_real, pair, whole
from convtool.core.pooling import max_pool2d
from convtool.errors import ArgumentError, InputError

OVERLAP = 0.3
"""The share of their union above which two windows are taken for one find."""


class Peak(NamedTuple):
    """A window whose response no window that overlaps it surpasses.

    Attributes
    ----------
    rank
        1 for the highest score.
    y, x
        Row and column of the window's top left cell.
    size
        ``(height, width)`` of the window.
    score
        The response there.
    filter
        Which filter of a bank gave it, from 0.
    """

    rank: int
    y: int
    x: int
    size: Pair
    score: float
    filter: int


def find_peaks(
    responses: ArrayLike,
    size: Sizes,
    *,
    threshold: float = 0.0,
    top: int | None = None,
    overlap: float = OVERLAP,
) -> list[Peak]:
    """Find the windows with the highest responses, and of windows that overlap only the best.

    Non-maximum suppression: from the highest response down, a local maximum is a peak unless its
    window shares more than ``overlap`` with that of a peak already found. What two windows share is
    their intersection over their union.

    Parameters
    ----------
    responses
        Of a filter without stride or padding: ``(H', W')``; of a bank ``(O, H', W')``, whose largest
        response counts at every place. See `convtool.feature_maps` with ``relu=False``.
    size
        Of the filter's window: an integer or ``(y, x)``.
    threshold
        A peak's response is above it. With a bias that was learned, 0 is the place to cut.
    top
        How many peaks at most; ``None`` is all.
    overlap
        From 0, no cell in common, to 1, every local maximum.

    Returns
    -------
    list of Peak
        The highest first; of equal ones the first in reading order. NaN is never a peak.

    Raises
    ------
    ArgumentError
        A size, threshold, ``top`` or ``overlap`` that fits no responses.
    InputError
        Responses of several images.

    References
    ----------
    Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", IJCV 2010: intersection
    over union.

    Examples
    --------
    >>> [(peak.rank, peak.y, peak.x, peak.score) for peak in find_peaks([[0, 9, 0, 0], [0, 8, 0, 3]], (1, 2))]
    [(1, 0, 1, 9.0), (2, 1, 3, 3.0)]
    """
    size = pair("size", size)
    top = None if top is None else whole("top", top)
    if not is_real(threshold):
        raise ArgumentError(f"threshold is {threshold!r}; it must be a number")
    if not (is_real(overlap) and 0 <= overlap <= 1):
        raise ArgumentError(f"overlap is {overlap!r}; it must be from 0 to 1")
    images = as_planes("responses", responses).values
    if len(images) != 1:
        raise InputError(f"responses are those of {len(images)} images; find the peaks of each by itself")
    best = np.fmax.reduce(images[0], axis=0)  # NaN only where no filter has a response
    winners = (images[0] == best).argmax(axis=0)
    found: list[Peak] = []
    taken = _Taken(best.shape, size, overlap)
    for y, x in _candidates(best, threshold):
        if len(found) == top:
            break
        if not taken.at(y, x):
            taken.take(y, x)
            found.append(Peak(len(found) + 1, y, x, size, float(best[y, x]), int(winners[y, x])))
    return found


def _candidates(responses: Float32, threshold: float) -> list[Pair]:
    """Local maxima above the threshold, the highest first."""
    finite = np.where(np.isnan(responses), -np.inf, responses)
    is_peak = (finite == max_pool2d(finite, 3, stride=1, padding=1)) & (finite > np.float64(threshold))
    places = np.flatnonzero(is_peak)
    ordered = places[np.argsort(-finite.ravel()[places], kind="stable")]
    rows, columns = np.unravel_index(ordered, responses.shape)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


class _Taken:
    """The places whose windows overlap too much with one that was taken."""

    def __init__(self, shape: Pair, size: Pair, overlap: float) -> None:
        self._size = size
        self._near = overlapping(size, overlap)
        self._places = np.zeros([n + 2 * (k - 1) for n, k in zip(shape, size, strict=True)], np.bool_)

    def at(self, y: int, x: int) -> bool:
        """Whether the place is one of them."""
        height, width = self._size
        return bool(self._places[y + height - 1, x + width - 1])

    def take(self, y: int, x: int) -> None:
        """Add those near a place."""
        height, width = self._size
        self._places[y : y + 2 * height - 1, x : x + 2 * width - 1] |= self._near


def overlapping(size: Pair, overlap: float) -> NDArray[np.bool_]:
    """Which windows share more than ``overlap`` with one of the same size.

    Returns
    -------
    ndarray
        ``(2·height − 1, 2·width − 1)``: by the distance of their corners, 0 in the middle.
    """
    height, width = size
    down, across = (n - np.abs(np.arange(1 - n, n)) for n in (height, width))
    shared = np.outer(down, across)
    return shared > overlap * (2 * height * width - shared)

"""Templates: patches themselves as weights, as they are or turned and scaled a little."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.learn.windows import Patch, Vectors, normalized

ANGLES = (-15, -10, -5, 0, 5, 10, 15)
"""Degrees by which a bank's templates are turned."""

SCALES = (0.9, 1.0, 1.1)
"""Factors by which they are enlarged."""


def template(positives: Vectors) -> NDArray[np.float64]:
    """The mean of patches that have mean 0 and length 1; its response is their mean correlation.

    References
    ----------
    Normalised cross-correlation: Lewis, "Fast normalized cross-correlation", Vision Interface 1995.
    """
    mean: NDArray[np.float64] = positives.mean(axis=0)
    return mean


def warped_templates(patches: Sequence[Patch]) -> tuple[Vectors, list[str]]:
    """A template for every angle and scale, and its name, such as ``r-5-s1.1``."""
    templates, names = [], []
    for angle, scale in product(ANGLES, SCALES):
        templates.append(template(normalized(np.stack([warped(patch, angle, scale) for patch in patches]))))
        names.append(f"r{angle}-s{scale:g}")
    return np.stack(templates), names


def warped(patch: Patch, angle: float, scale: float) -> Float32:
    """A patch turned counter-clockwise by ``angle`` degrees and enlarged, about its centre.

    What comes in from beside it is what its picture shows there; beyond the picture, its border.
    Values between cells are interpolated linearly.

    Returns
    -------
    ndarray
        ``(C, height, width)``

    Examples
    --------
    >>> corner = Patch([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    >>> warped(corner, 90, 1).tolist()
    [[[3.0, 6.0, 9.0], [2.0, 5.0, 8.0], [1.0, 4.0, 7.0]]]
    """
    height, width = patch.size
    middle = patch.y + (height - 1) / 2, patch.x + (width - 1) / 2
    dy = np.arange(height)[:, np.newaxis] - (height - 1) / 2
    dx = np.arange(width) - (width - 1) / 2
    cosine, sine = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
    return _between(patch.planes, middle[0] + cosine * dy + sine * dx, middle[1] - sine * dy + cosine * dx)


def _between(planes: Float32, y: NDArray[np.float64], x: NDArray[np.float64]) -> Float32:
    """Values at places between cells, interpolated linearly."""
    rows, columns = planes.shape[1:]
    y, x = np.clip(y.round(9), 0, rows - 1), np.clip(x.round(9), 0, columns - 1)
    top, left = np.minimum(y.astype(int), max(rows - 2, 0)), np.minimum(x.astype(int), max(columns - 2, 0))
    bottom, right = np.minimum(top + 1, rows - 1), np.minimum(left + 1, columns - 1)
    down, across = y - top, x - left
    upper = planes[:, top, left] * (1 - across) + planes[:, top, right] * across
    lower = planes[:, bottom, left] * (1 - across) + planes[:, bottom, right] * across
    values: Float32 = (upper * (1 - down) + lower * down).astype(np.float32)
    return values

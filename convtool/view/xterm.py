"""The 256 colours of xterm: of those that no theme changes, the one that looks most like another colour."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FIRST = 16
"""The number of the first colour that is everybody's: the sixteen before it are the user's own."""

_LEVELS = (0, 95, 135, 175, 215, 255)
"""What red, green and blue may be in the cube of colours; 24 grays from 8 by steps of 10 follow it."""

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def nearest(colours: ArrayLike) -> NDArray[np.intp]:
    """The numbers ``(…)``, from 16 to 255, of the colours that look most like those of ``(…, 3)``.

    Examples
    --------
    >>> nearest([[0, 0, 0], [255, 0, 0], [128, 128, 128]]).tolist()
    [16, 196, 244]
    """
    wanted, known = _oklab(np.asarray(colours)), _known()
    # |a - b|² less |a|², which is the same for all b.
    numbers: NDArray[np.intp] = _FIRST + ((known**2).sum(axis=1) - 2 * wanted @ known.T).argmin(axis=-1)
    return numbers


@cache
def _known() -> NDArray[np.float64]:
    """The colours from the first on, in OKLab."""
    cube = [(red, green, blue) for red in _LEVELS for green in _LEVELS for blue in _LEVELS]
    return _oklab(np.array([*cube, *((gray, gray, gray) for gray in range(8, 248, 10))]))


def _oklab(colours: NDArray[Any]) -> NDArray[np.float64]:
    """Colours of sRGB where distances are as they look.

    Source: Björn Ottosson, "A perceptual color space for image processing", 2020.
    """
    parts = colours / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float64] = np.cbrt(linear @ _TO_CONES.T) @ _TO_OKLAB.T
    return lab

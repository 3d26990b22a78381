"""Which colour a value has: a range of values laid on a colour map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.view.colormaps import DIVERGING, SHADES, Colormap, palette

Colours = NDArray[np.uint8]
"""Pixels ``(H, W, 3)``."""


@dataclass(frozen=True)
class Scale:
    """A range of values and its colours.

    Attributes
    ----------
    low, high
        The range; values outside have the colours of its ends.
    colormap
        On the diverging one 0 is the middle, and of both ends the one farther from 0 has the last
        colour. On the others ``low`` has the first colour and ``high`` the last.
    """

    low: float
    high: float
    colormap: Colormap

    @classmethod
    def fit(
        cls,
        maps: Iterable[NDArray[Any]],
        colormap: Colormap | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Scale:
        """The scale that just holds all values of maps, or that of ``limits``.

        Of values that are all alike it goes from 0, so that 5 does not look like the lowest there is.
        Without a colour map named, it is the diverging one where values are negative, else viridis.
        """
        if limits is None:
            ends = [(float(each.min()), float(each.max())) for each in maps]
            low, high = min(end[0] for end in ends), max(end[1] for end in ends)
            if low == high:
                low, high = min(low, 0.0), max(high, 0.0)
        else:
            low, high = limits
        return cls(low, high, colormap or (DIVERGING if low < 0 else "viridis"))

    def colours(self, values: NDArray[Any]) -> Colours:
        """The colours ``(…, 3)`` of values ``(…)``."""
        inside = np.clip(values, *self._ends)
        shades = np.rint(self._share(inside) * (SHADES - 1)).astype(np.intp)
        colours: Colours = palette(self.colormap)[shades]
        return colours

    def clipped(self, values: NDArray[Any]) -> int:
        """How many values lie outside."""
        low, high = self._ends
        return int(np.count_nonzero((values < low) | (values > high)))

    @property
    def _ends(self) -> tuple[np.float64, np.float64]:
        """The range as numbers that NumPy does not round to the type of values beside them."""
        return np.float64(self.low), np.float64(self.high)

    def _share(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far along the colour map values are, from 0 to 1."""
        if self.colormap == DIVERGING:
            largest = max(abs(self.low), abs(self.high)) or 1.0
            return 0.5 + values / (2 * largest)
        return (values - self.low) / ((self.high - self.low) or 1.0)

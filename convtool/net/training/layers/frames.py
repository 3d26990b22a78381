"""Maps with their padding, as windows read them, and the way back."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import Window
from convtool.net.training.tape import Tape, Values


class Frame:
    """The cells that windows over maps ``(C, H, W, n)`` read.

    Attributes
    ----------
    shape
        ``(C, rows, columns, n)``, padding included.
    plain
        Whether every cell is one of the map or a zero: no cell is copied to several places.
    """

    def __init__(self, maps: tuple[int, ...], windows: Window, mode: str) -> None:
        self._maps = maps
        height, width = (axis.span(0, axis.count).stop for axis in windows)
        self.shape = maps[0], height, width, maps[3]
        rows, columns = (axis.reads(0, axis.count, mode) for axis in windows)
        self._pieces = [
            ((y.at, x.at), (y.cells, x.cells))
            for y, x in product(rows, columns)
            if y.cells is not None and x.cells is not None
        ]
        self.plain = all(isinstance(cells, slice) for _, both in self._pieces for cells in both)
        self._whole = self.plain and self.shape == maps and not any(axis.before for axis in windows)

    def filled(self, tape: Tape, maps: Values) -> Values:
        """Add the calls that frame maps; where nothing is copied there are zeros."""
        if self._whole:
            return maps
        around = np.zeros(self.shape, tape.dtype)
        for (at_y, at_x), (rows, columns) in self._pieces:
            place = around[:, at_y, at_x]
            if self.plain:
                tape.then(np.copyto, place, maps[:, rows, columns])
            else:
                tape.then(_copy_cells, place, maps, _index(rows, columns))
        return around

    def given_back(self, tape: Tape, around: Values) -> Values:
        """Add the calls that give the cells of a frame that is not plain to those that they copy."""
        maps = tape.array(*self._maps)
        tape.then(maps.fill, 0)
        for (at_y, at_x), (rows, columns) in self._pieces:
            tape.then(np.add.at, maps, _index(rows, columns), around[:, at_y, at_x])
        tape.release(around)
        return maps


def _copy_cells(place: Values, maps: Values, index: tuple[object, ...]) -> None:
    np.copyto(place, maps[index])  # type: ignore[index]


def _index(rows: slice | NDArray[np.intp], columns: slice | NDArray[np.intp]) -> tuple[object, ...]:
    """The index of cells, each taken as often as it is named."""
    numbered = [
        np.arange(cells.start, cells.stop) if isinstance(cells, slice) else cells for cells in (rows, columns)
    ]
    return slice(None), *np.ix_(*numbered)

"""The numbers of a map, written into its cells where these have room for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.view.drawings.drawing import Codes, Text, ink_on
from convtool.view.drawings.lettering import BODY, SMALL, TITLE, width_of
from convtool.view.numerals import figure

LEAST = 30
"""Pixels of a cell from which on numbers are written."""

SIZES = ((100, TITLE), (56, BODY), (LEAST, SMALL))
"""Pixels of a cell from which on letters are of a size."""

INSET = 2
"""Pixels between a number and each side of its cell."""

DIGITS = (4, 3, 2)
"""How many digits numbers have that are not whole: the first that all of a map have room for, or the last."""


def numbers(values: NDArray[Any], colours: Codes, cell: int, x: int, y: int) -> Iterator[Text]:
    """Values ``(H, W)`` in the middle of their cells; one that has no room is left out.

    Parameters
    ----------
    colours
        Of the cells, ``(H, W, 3)``.
    cell
        Pixels of a cell's side.
    x, y
        The corner of the first.
    """
    if cell < LEAST:
        return
    size = next(letters for least, letters in SIZES if cell >= least)
    texts = _texts(values.ravel().tolist(), size, cell - 2 * INSET)
    for (row, column), text in zip(np.ndindex(values.shape), texts, strict=True):
        if text:
            middle = x + (column + 0.5) * cell, y + (row + 0.5) * cell
            yield Text(*middle, text, size, ink_on(colours[row, column].tolist()), "mm")


def _texts(values: list[float], size: int, room: int) -> list[str]:
    """What is written of each value; nothing if there is no room."""
    for digits in DIGITS:
        texts = [figure(value, digits) for value in values]
        if all(width_of(text, size) <= room for text in set(texts)):
            return texts
    return [_shortened(value, size, room) for value in values]


def _shortened(value: float, size: int, room: int) -> str:
    """A value with few digits; with only one, a small value still says how small it is."""
    for digits in (DIGITS[-1], 1) if abs(value) < 1 else DIGITS[-1:]:
        text = figure(value, digits)
        if width_of(text, size) <= room:
            return text
    return ""

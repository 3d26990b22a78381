"""Which classes are taken for which: a picture of counts, true classes down and predicted ones across."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.view.drawings.axes import round_step
from convtool.view.drawings.drawing import (
    BLUE,
    HEAD,
    MARGIN,
    MUTED,
    ORANGE,
    Codes,
    Colour,
    Drawing,
    Mark,
    Text,
    Tile,
    ink_on,
    page,
)
from convtool.view.drawings.lettering import BODY, SMALL, fitted, width_of
from convtool.view.drawings.pixels import enlarged

NAMED = 120
"""Classes up to which each is named; of more, round numbers stand at the sides."""

LONGEST = 200
"""Pixels of a name."""

NOTHING = (243, 243, 244)
"""The colour of a share of 0."""

AXIS, GAP = 26, 8
"""Pixels that the title of an axis takes, and from a name to the cells."""

BAR, KEY = (240, 12), 96
"""Width and height of a bar of the key, and the height of the key."""

PERCENT = (0, 1, 10, 25, 50, 100)
"""Shares that the key names."""


@dataclass(frozen=True)
class _Grid:
    """Where the cells are: from a corner on, ``number`` × ``number`` squares of ``cell`` pixels."""

    left: int
    top: int
    cell: int
    number: int

    def middle(self, row: int, column: int) -> tuple[float, float]:
        """``(x, y)`` of a cell's middle."""
        return self.left + (column + 0.5) * self.cell, self.top + (row + 0.5) * self.cell


def confusion_picture(counts: NDArray[np.intp], classes: Sequence[str]) -> bytes:
    """A PNG of counts ``(K, K)``, true classes down and predicted ones across.

    What is right is blue and what is not is orange, the darker the larger its share of the row. The
    shade goes with the root of the share, so that one of a hundred is seen. Cells with room hold their
    counts, empty ones none.
    """
    return layout(counts, classes).png()


def layout(counts: NDArray[np.intp], classes: Sequence[str]) -> Drawing:
    """Where everything stands: the cells, the classes at their left and above, a key below."""
    number = len(classes)
    if counts.shape != (number, number) or not number:
        raise InputError(
            f"counts {counts.shape} of {number} class(es); give a row and a column for each class"
        )
    named = number <= NAMED
    cell = max(14, min(96, 800 // number)) if named else max(1, 2000 // number)
    size = BODY if cell >= 20 else SMALL
    step = 1 if named else int(round_step(40 / cell))
    labels = {
        index: fitted(classes[index], size, LONGEST) if named else str(index)
        for index in range(0, number, step)
    }
    widest = max(width_of(label, size) for label in labels.values())
    turned = widest + GAP > step * cell
    top = HEAD + AXIS + (widest if turned else size) + GAP
    grid = _Grid(MARGIN + AXIS + widest + GAP, top, cell, number)
    colours = _colours(counts)
    marks: list[Mark] = [
        Tile(grid.left, grid.top, _cells(colours, cell)),
        *_sides(labels, grid, size, turned=turned),
        *_numbers(counts, colours, grid),
        *_key(grid.left, top + number * cell),
    ]
    right, total = int(np.trace(counts)), int(counts.sum())
    title = f"{right:,} of {total:,} right" + (f" ({100 * right / total:.2f} %)" if total else "")
    line = "1 class" if number == 1 else f"{number:,} classes" + ("" if named else ", by their numbers")
    across = grid.left - MARGIN + max(number * cell, BAR[0] + GAP + width_of("wrong", SMALL))
    return page(title, line, (across, top - HEAD + number * cell + KEY), marks)


def _sides(labels: Mapping[int, str], grid: _Grid, size: int, *, turned: bool) -> Iterator[Text]:
    """What rows and columns are, and the names of each."""
    yield Text(grid.left, HEAD + BODY, "taken for", BODY, MUTED)
    yield Text(MARGIN + BODY, grid.top, "what it is", BODY, MUTED, "rs", turned=True)
    for index, label in labels.items():
        x, y = grid.middle(index, index)
        yield Text(grid.left - GAP, y, label, size, anchor="rm")
        yield Text(x, grid.top - GAP, label, size, anchor="lm" if turned else "ms", turned=turned)


def _colours(counts: NDArray[np.intp]) -> Codes:
    """The colour of each cell ``(K, K, 3)``."""
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    right = np.eye(len(counts), dtype=bool)
    return np.where(right[..., np.newaxis], _shades(shares, BLUE), _shades(shares, ORANGE))


def _shades(shares: NDArray[np.float64], colour: Colour) -> Codes:
    """From nothing to all of a colour, by the root of the share: ``(…, 3)``."""
    depth = np.sqrt(shares)[..., np.newaxis]
    shades: Codes = np.rint(NOTHING + depth * np.subtract(colour, NOTHING)).astype(np.uint8)
    return shades


def _cells(colours: Codes, cell: int) -> Codes:
    """The pixels of all cells, parted by white lines where they are large enough."""
    pixels = enlarged(colours, cell)
    if cell >= 14:
        pixels[cell - 1 : -1 : cell] = pixels[:, cell - 1 : -1 : cell] = 255
    return pixels


def _numbers(counts: NDArray[np.intp], colours: Codes, grid: _Grid) -> Iterator[Text]:
    """The counts that their cells have room for."""
    size = BODY if grid.cell >= 40 else SMALL
    if grid.cell < 20:
        return
    for row, column in np.argwhere(counts):
        figures = str(counts[row, column])
        if width_of(figures, size) <= grid.cell - 4:
            x, y = grid.middle(row, column)
            yield Text(x, y, figures, size, ink_on(colours[row, column]), "mm")


def _key(left: int, bottom: int) -> Iterator[Mark]:
    """Which shade is which share."""
    width, height = BAR
    top = bottom + 36
    yield Text(left, top - 10, "share of the row", SMALL, MUTED)
    for number, (label, colour) in enumerate((("right", BLUE), ("wrong", ORANGE))):
        y = top + number * (height + 6)
        bar = _shades(np.linspace(0, 1, width) ** 2, colour)
        yield Tile(left, y, np.repeat(bar[np.newaxis], height, axis=0))
        yield Text(left + width + GAP, y + height / 2, label, SMALL, MUTED, "lm")
    for percent in PERCENT:
        x = left + (percent / 100) ** 0.5 * (width - 1)
        label = f"{percent} %" if percent == PERCENT[-1] else str(percent)
        yield Text(x, top + 2 * (height + 6) + 12, label, SMALL, MUTED, "ms")

"""Pictures that a network took for something else, on one sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from numpy.typing import NDArray

from convtool.view.drawings.drawing import HEAD, MARGIN, MUTED, Drawing, Mark, Text, Tile, page
from convtool.view.drawings.lettering import BODY, SMALL, fitted
from convtool.view.drawings.pixels import picture_codes, resized

SIDE = 168
"""Pixels that a picture may be long; the text below it may be as wide."""

LINES, BELOW, GAP = (20, 39, 57), 61, 24
"""Pixels from a picture down to each line of text, and to their end; pixels between what is not together."""

MOST = 100
"""How many mistakes are drawn."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """A picture in the wrong class.

    Attributes
    ----------
    image
        ``(C, H, W)``, values as stored.
    name
        What the picture is called.
    true, predicted
        The class that it is of, and the one that it was taken for.
    confidence
        The probability of the latter, from 0 to 1.
    """

    image: NDArray[Any]
    name: str
    true: str
    predicted: str
    confidence: float


def mistakes_sheet(mistakes: Sequence[Mistake], title: str) -> bytes:
    """A PNG of pictures, each above what it is, what it was taken for, and with what probability.

    Of more than 100 mistakes the first are drawn.
    """
    return layout(mistakes, title).png()


def layout(mistakes: Sequence[Mistake], title: str) -> Drawing:
    """Where everything stands: rows of pictures, about as wide in all as they are high."""
    if not mistakes:
        return page(title, "no mistakes", (0, 0), ())
    shown = mistakes[:MOST]
    tiles = [resized(codes, SIDE) for codes in picture_codes([mistake.image for mistake in shown])]
    tallest = max(map(len, tiles))
    across, down = SIDE + GAP, tallest + BELOW + GAP
    rows = ceil(len(shown) / ceil(sqrt(len(shown) * down / across)))
    columns = ceil(len(shown) / rows)
    marks: list[Mark] = []
    for number, (mistake, tile) in enumerate(zip(shown, tiles, strict=True)):
        x, y = MARGIN + number % columns * across, HEAD + number // columns * down + tallest
        marks += [Tile(x, y - len(tile), tile), *_caption(mistake, x, y)]
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes):,} mistakes"
    line = f"{count}, of which the first {MOST} are shown" if len(mistakes) > MOST else count
    return page(title, line, (columns * across - GAP, rows * down - GAP), marks)


def _caption(mistake: Mistake, x: int, y: int) -> Iterator[Text]:
    sure = f"{100 * mistake.confidence:.1f} %"
    yield Text(x, y + LINES[0], fitted(f"is {mistake.true}", BODY, SIDE))
    yield Text(x, y + LINES[1], fitted(f"taken for {mistake.predicted}", BODY, SIDE))
    yield Text(x, y + LINES[2], fitted(f"{sure} · {mistake.name}", SMALL, SIDE), SMALL, MUTED)

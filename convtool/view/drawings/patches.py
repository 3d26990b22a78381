"""What excites each filter of a layer most, on one sheet: a row of patches of the data for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.view.colormaps import DIVERGING
from convtool.view.drawings.drawing import HEAD, MARGIN, MUTED, Codes, Drawing, Mark, Text, Tile, page
from convtool.view.drawings.lettering import BODY, SMALL, width_of
from convtool.view.drawings.pixels import as_image, map_codes, picture_codes, resized, span_codes
from convtool.view.numerals import figure
from convtool.view.scales import Scale

Patch = NDArray[Any]
"""``(C, h, w)``, values as stored."""

SIDE = 64
"""Pixels that a patch may be long."""

GAP, FIGURES, BETWEEN = 8, 16, 40
"""Pixels between tiles, of the figures below them, and between blocks of rows."""

MOST = 256
"""How many filters are drawn."""

SEEN = (1, 3)
"""Channels of filters that look at a picture: those can be drawn."""

NOTHING = "nothing excites it"


def patches_sheet(
    filters: Float32, patches: Sequence[Sequence[Patch]], strengths: Sequence[Sequence[float]], title: str
) -> bytes:
    """A PNG with a row for each filter: its number, itself, and its patches with what it gives for them.

    Of filters ``(O, I, kh, kw)`` those of one channel are drawn on a scale of all weights, and those of
    three as colours that are mid-gray where all weights are 0; others are not drawn, and of maps without
    filters ``(O, 0, 1, 1)`` there are none. Of more than 256 filters the first are shown.
    """
    return layout(filters, patches, strengths, title).png()


def layout(
    filters: Float32, patches: Sequence[Sequence[Patch]], strengths: Sequence[Sequence[float]], title: str
) -> Drawing:
    """Where everything stands: rows in as many blocks as make the sheet about as wide as high."""
    if not len(filters) == len(patches) == len(strengths) > 0:
        raise InputError(
            f"{len(filters)} filter(s), patches for {len(patches)} and strengths for {len(strengths)}; "
            "give as many of each, and at least one"
        )
    drawn = _drawn(filters[:MOST])
    tiles = _tiles(patches[:MOST])
    number = width_of(str(len(tiles)), BODY) + GAP
    first = number + (SIDE + 2 * GAP if drawn else 0)
    most = max(map(len, tiles))
    width = first + max(most * (SIDE + GAP) - GAP, width_of(NOTHING, SMALL))
    tallest = max((len(tile) for row in (*tiles, drawn) for tile in row), default=0)
    height = tallest + FIGURES + 2 * GAP
    rows = ceil(len(tiles) / max(1, round(sqrt(len(tiles) * height / width))))
    marks: list[Mark] = []
    for index, row in enumerate(tiles):
        x, y = MARGIN + index // rows * (width + BETWEEN), HEAD + index % rows * height
        marks.append(Text(x, y + tallest / 2, str(index + 1), BODY, MUTED, "lm"))
        marks += [Tile(x + number, y, tile) for tile in drawn[index : index + 1]]
        marks += _row(row, strengths[index], x + first, y, tallest)
    blocks = ceil(len(tiles) / rows)
    size = (blocks * (width + BETWEEN) - BETWEEN, rows * height - 2 * GAP)
    return page(title, _line(filters, drawn=bool(drawn)), size, marks)


def _drawn(filters: Float32) -> list[Codes]:
    """The filters that look at a picture, on one scale."""
    if filters.shape[1] not in SEEN:
        return []
    if filters.shape[1] == 1:
        scale = Scale.fit([filters], DIVERGING)
        return [map_codes(each, scale, SIDE) for (each,) in filters]
    largest = float(np.abs(filters).max()) or 1.0
    return [resized(span_codes(as_image(each), -largest, largest), SIDE) for each in filters]


def _tiles(patches: Sequence[Sequence[Patch]]) -> list[list[Codes]]:
    """The patches of every row, all on one scale."""
    codes = iter(picture_codes([patch for row in patches for patch in row]))
    return [[resized(next(codes), SIDE) for _ in row] for row in patches]


def _row(tiles: Sequence[Codes], strengths: Sequence[float], x: int, y: int, tallest: int) -> Iterator[Mark]:
    """Patches from left to right, and below each how strong the filter's response is."""
    if not tiles:
        yield Text(x, y + tallest / 2, NOTHING, SMALL, MUTED, "lm")
    for column, (tile, strength) in enumerate(zip(tiles, strengths, strict=True)):
        left = x + column * (SIDE + GAP)
        yield Tile(left, y, tile)
        yield Text(left, y + len(tile) + FIGURES, f"{strength:#.3g}", SMALL, MUTED)


def _line(filters: Float32, *, drawn: bool) -> str:
    """How many filters there are, what is seen of them, and what their colours mean."""
    kind = "filter" if filters.shape[1] else "map"
    count = f"1 {kind}" if len(filters) == 1 else f"{len(filters):,} {kind}s"
    if len(filters) > MOST:
        count += f", of which the first {MOST} are shown"
    if drawn:
        ends = " to ".join(figure(float(end)) for end in (filters[:MOST].min(), filters[:MOST].max()))
        colours = "blue below 0, orange above" if filters.shape[1] == 1 else "gray at 0"
        count += f", weights from {ends}: {colours}"
    return f"{count} · what excites each most, and its response"

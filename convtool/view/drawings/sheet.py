"""A contact sheet: maps and pictures side by side, each with its name, its size and its scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from convtool.errors import LimitError
from convtool.io.limits import Limits
from convtool.view.drawings.bars import KEY, bar
from convtool.view.drawings.drawing import HEAD, MARGIN, Drawing, Mark, page
from convtool.view.drawings.grids import Grid, columns_of, grid_of
from convtool.view.drawings.looks import Look, check_pixels, check_size, scales_of
from convtool.view.drawings.panels import Panel, marks_of, scale_of
from convtool.view.scales import Scale

MOST = 256
"""How many maps are drawn."""

LEAST = 212
"""Pixels of a column, at least: as many as the size of a map takes in words."""


def maps_sheet(panels: Iterable[Panel], look: Look, limits: Limits) -> bytes:
    """A PNG of panels, the first 256 of them, in rows that make it about as wide as high."""
    return layout(panels, look, limits).png()


def layout(panels: Iterable[Panel], look: Look, limits: Limits) -> Drawing:
    """Where everything stands."""
    panels, count, refused = _first(panels, look, limits)
    maps = [panel for panel in panels if not panel.picture]
    shared = scale_of(maps, look) if look.one_scale and maps else None
    width = max(LEAST, *(panel.width for panel in panels))
    heights = [panel.height(shared) for panel in panels]
    columns = columns_of(len(panels), width, max(heights))
    rows = [max(heights[first : first + columns]) for first in range(0, len(panels), columns)]
    grid = grid_of([width] * columns, rows, MARGIN, HEAD + (KEY if shared else 0))
    size = grid.width, grid.height + (KEY if shared else 0)
    check_size(size, look, limits)
    if refused is not None:  # there is more memory now, but the maps are gone
        raise refused
    return page(_count(panels, count), _line(maps, shared), size, _marks(panels, look, grid, shared))


def _first(panels: Iterable[Panel], look: Look, limits: Limits) -> tuple[list[Panel], int, LimitError | None]:
    """Those that are drawn, how many there are, and what is said if they are too large together.

    Of those after that only the size is kept: the refusal then says how much would be enough for all.
    """
    drawn: list[Panel] = []
    refused: LimitError | None = None
    pixels = count = 0
    for count, panel in enumerate(panels, 1):
        if count > MOST:
            continue
        pixels += panel.width * panel.tall
        try:
            check_pixels(pixels, look, limits)
        except LimitError as error:
            refused = error
        drawn.append(panel if refused is None else panel.emptied)
    return drawn, count, refused


def _marks(panels: Sequence[Panel], look: Look, grid: Grid, shared: Scale | None) -> Iterator[Mark]:
    """The one scale, if there is one, and all panels."""
    if shared is not None:
        yield from bar(shared, MARGIN, HEAD, grid.widths[0])
    for number, panel in enumerate(panels):
        row, column = divmod(number, len(grid.lefts))
        place = grid.lefts[column], grid.tops[row], grid.widths[column]
        yield from marks_of(panel, *place, look, shared)


def _count(panels: Sequence[Panel], count: int) -> str:
    """How many maps and pictures there are, and how many of them are drawn."""
    pictures = sum(panel.picture for panel in panels)
    kinds = "pictures" if pictures == len(panels) else "maps and pictures" if pictures else "maps"
    if count > len(panels):
        return f"{count:,} {kinds}, of which the first {len(panels)} are shown"
    if count == 1:
        return f"1 {kinds.removesuffix('s')}"
    return f"{count:,} {kinds}"


def _line(maps: Sequence[Panel], shared: Scale | None) -> str:
    """Whose scale the colours are of."""
    if shared is not None or len(maps) > 1:
        return scales_of(shared)
    return "colours by value" if maps else "as they look"

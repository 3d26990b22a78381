"""One image and what filters make of it: a row for each filter, a column for each stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from convtool.core.arrays import Float32
from convtool.io.limits import Limits
from convtool.view.drawings.bars import KEY, bar
from convtool.view.drawings.drawing import HEAD, MARGIN, MUTED, Drawing, Mark, Text, page
from convtool.view.drawings.grids import GAP, Grid, grid_of
from convtool.view.drawings.lettering import BODY, fitted
from convtool.view.drawings.looks import Look, check_size, scales_of
from convtool.view.drawings.panels import (
    SIDE,
    Panel,
    kernel_panel,
    map_panel,
    marks_of,
    scale_of,
)
from convtool.view.numerals import figure
from convtool.view.scales import Scale

MOST = 64
"""How many filters are drawn."""

LEAST = 168
"""Pixels of a column, at least: as many as the size of a map takes in words."""

KERNEL, CHANNEL = 224, 96
"""Pixels that a filter of one channel may be long, and each kernel of one of several."""

HEADS = 34
"""Pixels of the names of the columns."""

COLUMNS = ("filter", "response", "feature map (ReLU)", "pooled map ({pool})")


@dataclass(frozen=True, eq=False)
class FilterRow:
    """What one filter makes of an image.

    Attributes
    ----------
    label
        What the filter is called.
    weights, bias
        ``(I, kh, kw)``, and what is added.
    maps
        The response, the feature map and the pooled map, each ``(H, W)``.
    """

    label: str
    weights: Float32
    bias: float
    maps: tuple[Float32, Float32, Float32]


@dataclass(frozen=True)
class Heading:
    """What stands above a sheet: a title, how filters slide, and how maps are pooled."""

    title: str
    conv: str
    pool: str


def stages_sheet(
    image: Panel, rows: Sequence[FilterRow], heading: Heading, look: Look, limits: Limits
) -> bytes:
    """A PNG of an image and below, for each filter, its weights and what comes of Conv, ReLU and Pool.

    Filters are blue where their weights are negative and orange where they are positive. Of more than
    64 the first are drawn.
    """
    return layout(image, rows, heading, look, limits).png()


def layout(image: Panel, rows: Sequence[FilterRow], heading: Heading, look: Look, limits: Limits) -> Drawing:
    """Where everything stands."""
    table = [_panels(row, look) for row in rows[:MOST]]
    maps = [panel for row in table for panel in row[1:]]
    shared = scale_of(maps, look) if look.one_scale else None
    heights = [max(panel.height(shared) for panel in row) for row in table]
    widths = [max(LEAST, *(panel.width for panel in column)) for column in zip(*table, strict=True)]
    above = HEAD + (KEY if shared else 0)
    heads = above + image.height(shared) + GAP
    grid = grid_of(widths, heights, MARGIN, heads + HEADS)
    size = max(grid.width, image.width), grid.tops[0] + grid.height - HEAD
    check_size(size, look, limits)
    marks = chain(
        bar(shared, MARGIN, HEAD, SIDE) if shared else (),
        marks_of(image, MARGIN, above, max(image.width, LEAST), look, shared),
        (
            Text(left, heads + BODY, fitted(name.format(pool=heading.pool), BODY, width), BODY, MUTED)
            for left, width, name in zip(grid.lefts, grid.widths, COLUMNS, strict=True)
        ),
        _rows(table, grid, shared, look),
    )
    return page(heading.title, _line(len(rows), heading.conv, shared), size, marks)


def _panels(row: FilterRow, look: Look) -> list[Panel]:
    """The filter and its maps."""
    side = KERNEL if len(row.weights) == 1 else CHANNEL
    bias = f"bias {figure(row.bias)}" if row.bias else ""
    kernel = kernel_panel(row.weights, row.label, bias, side)
    return [kernel, *(map_panel(values, "", "", look) for values in row.maps)]


def _rows(table: Sequence[Sequence[Panel]], grid: Grid, shared: Scale | None, look: Look) -> Iterator[Mark]:
    """Every filter and its maps."""
    for top, row in zip(grid.tops, table, strict=True):
        for panel, left, width in zip(row, grid.lefts, grid.widths, strict=True):
            yield from marks_of(panel, left, top, width, look, shared)


def _line(count: int, conv: str, shared: Scale | None) -> str:
    """How many filters there are, how they slide, and whose scale the colours are of."""
    filters = "1 filter" if count == 1 else f"{count:,} filters"
    if count > MOST:
        filters += f", of which the first {MOST} are shown"
    return f"{filters} · {conv} · {scales_of(shared)}"

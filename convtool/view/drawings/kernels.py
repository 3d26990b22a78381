"""The filters of a layer on one sheet and one scale, the kernels of each side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from convtool.core.arrays import Float32
from convtool.view.colormaps import DIVERGING
from convtool.view.drawings.bars import KEY, bar
from convtool.view.drawings.cells import numbers
from convtool.view.drawings.drawing import HEAD, MARGIN, MUTED, Drawing, Mark, Text, Tile, page
from convtool.view.drawings.grids import columns_of, grid_of
from convtool.view.drawings.lettering import SMALL, fitted
from convtool.view.drawings.pixels import enlarged
from convtool.view.numerals import figure
from convtool.view.scales import Scale

LARGE, TILE, FEW = 96, 32, 64
"""Pixels of a kernel's side, at least, where kernels are few and where they are not; how many are few."""

ABOVE, BESIDE, GAP = 18, 3, 14
"""Pixels of a filter's name, between its kernels, and between filters."""

MOST, CHANNELS = 4096, 64
"""How many kernels are drawn, and how many of each filter."""

BAR = 256
"""Pixels of the scale's bar."""


def kernel_sheet(weights: Float32, names: Sequence[str] | None, title: str) -> bytes:
    """A PNG of filters ``(O, I, kh, kw)``, each below its name or its number, all on one scale.

    Of more than 4096 kernels the first are drawn, and of each filter no more than 64.
    """
    return layout(weights, names, title).png()


def layout(weights: Float32, names: Sequence[str] | None, title: str) -> Drawing:
    """Where everything stands: as wide as high, as far as the kernels of a filter let it."""
    channels = min(weights.shape[1], CHANNELS)
    shown = weights[: MOST // channels, :channels]
    count = len(shown)
    scale = Scale.fit([shown], DIVERGING)
    zoom = ceil((LARGE if count * channels <= FEW else TILE) / max(shown.shape[2:]))
    height, width = (zoom * side for side in shown.shape[2:])
    across = max(channels * (width + BESIDE) - BESIDE, TILE)  # a name has some room above any kernel
    down = ABOVE + height
    columns = columns_of(count, across, down, GAP)
    rows = ceil(count / columns)
    grid = grid_of([across] * columns, [down] * rows, MARGIN, HEAD + KEY, GAP)
    marks: list[Mark] = [*bar(scale, MARGIN, HEAD, BAR)]
    for number, kernels in enumerate(shown):
        row, column = divmod(number, columns)
        name = names[number] if names else str(number + 1)
        x, y = grid.lefts[column], grid.tops[row]
        marks.append(Text(x, y + SMALL - 1, fitted(name, SMALL, across), SMALL, MUTED))
        marks += _kernels(kernels, scale, zoom, x, y + ABOVE)
    size = max(grid.width, BAR), KEY + grid.height
    return page(title, _line(weights, count, channels, scale), size, marks)


def _kernels(kernels: Float32, scale: Scale, zoom: int, x: int, y: int) -> Iterator[Mark]:
    """The kernels of one filter, from left to right."""
    for number, kernel in enumerate(kernels):
        left = x + number * (zoom * kernel.shape[1] + BESIDE)
        colours = scale.colours(kernel)
        yield Tile(left, y, enlarged(colours, zoom))
        yield from numbers(kernel, colours, zoom, left, y)


def _line(weights: Float32, count: int, channels: int, scale: Scale) -> str:
    """How many filters there are, how many are drawn, and what their colours mean."""
    filters, of_each, height, width = weights.shape
    shown = f", {count:,} of them shown" if count < filters else ""
    kernels = f" of {of_each:,} channels" if of_each > 1 else ""
    kernels += f", {channels} of them shown" if channels < of_each else ""
    said = "1 filter" if filters == 1 else f"{filters:,} filters"
    ends = f"one scale, from {figure(scale.low)} to {figure(scale.high)}"
    return f"{said}{shown}{kernels} · {height}×{width} · {ends}"

"""A map in colours and what is to be said of it: its name, its size, its scale, and what that clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.core.stages import MAPS
from convtool.view.colormaps import DIVERGING
from convtool.view.drawings.bars import HEIGHT, bar
from convtool.view.drawings.cells import numbers
from convtool.view.drawings.drawing import MUTED, Mark, Text, Tile
from convtool.view.drawings.lettering import BODY, SMALL, fitted, width_of
from convtool.view.drawings.looks import Look
from convtool.view.drawings.pixels import check_finite, enlarged, held_by, picture_codes, resized
from convtool.view.numerals import figure
from convtool.view.resampling import area_means
from convtool.view.scales import Scale

SIDE = 256
"""Pixels that a map may be long, unless the size of its cells is given."""

THIN = 8
"""Pixels that a map is wide and high, at least, unless the size of its cells is given."""

LINES, ABOVE = (12, 30), 40
"""Pixels from the top of a panel down to its lines of text, and to the map."""

GAP, CLIPPED = 8, 20
"""Pixels between a map and its bar, or between two maps, and of the line that says what is clipped."""

TELLING = 72
"""Pixels that are left of a long filter's name, at least: of fewer nobody could tell it."""

LEAST_BAR = 144
"""Pixels of a bar, at least: those that its numbers need."""

MOST_PLANES = 4
"""How many maps are drawn side by side."""

BETWEEN = " · "


@dataclass(frozen=True, eq=False)
class Panel:
    """A map as it is drawn, or several side by side.

    Attributes
    ----------
    title
        Above it; the middle of what is too long is left out.
    about, facts
        The line below that: of ``about`` the middle, or all, is left out where it is too long.
    planes
        Values ``(h, w)``, or a picture's pixels.
    zoom
        Pixels of each side of a cell.
    low, high
        The values' ends before they were reduced.
    clipped, count
        How many of how many values are outside a given scale; ``clipped`` is ``None`` if none is given.
    picture
        Whether it is drawn as it looks, and not in the colours of a scale.
    own
        A scale that it has even where all others share one.
    """

    title: str
    about: str
    facts: str
    planes: tuple[NDArray[Any], ...]
    zoom: int
    low: float = 0
    high: float = 0
    clipped: int | None = None
    count: int = 0
    picture: bool = False
    own: Scale | None = None

    @property
    def width(self) -> int:
        """Pixels of all maps and what is between them."""
        across = sum(int(plane.shape[1]) for plane in self.planes)
        return self.zoom * across + GAP * (len(self.planes) - 1)

    @property
    def tall(self) -> int:
        """Pixels of the maps."""
        return self.zoom * len(self.planes[0])

    @property
    def emptied(self) -> Panel:
        """The same without its values, but as large."""
        return replace(self, planes=tuple(np.broadcast_to(np.uint8(0), each.shape) for each in self.planes))

    def has_bar(self, shared: Scale | None) -> bool:
        """Whether its scale stands below it, and not above all maps."""
        return not self.picture and (self.own is not None or shared is None)

    def height(self, shared: Scale | None) -> int:
        """Pixels of everything, where all maps may share a scale."""
        below = (GAP + HEIGHT if self.has_bar(shared) else 0) + (CLIPPED if self.clipped is not None else 0)
        return ABOVE + self.tall + below


def map_panel(values: NDArray[Any], title: str, about: str, look: Look, stage: str | None = None) -> Panel:
    """A map ``(H, W)`` of a stage, or the first of several ``(C, H, W)``.

    Small ones are enlarged by whole cells, large ones reduced to the means of areas. What is then too
    thin to be seen is stretched.
    """
    check_finite(title, values)
    planes = values.reshape(-1, *values.shape[-2:])[:MOST_PLANES]
    zoom, size = _zoom(planes.shape[1:], look)
    thick = [ceil(THIN / (zoom * side)) if look.zoom is None else 1 for side in size]
    means = size != planes.shape[1:]
    facts = _drawn_at(values.shape, len(planes), zoom, size, means=means)
    if max(thick) > 1:
        facts += ", stretched"
    if stage in MAPS:
        facts = MAPS[stage] + BETWEEN + facts
    return Panel(
        title,
        about,
        facts,
        tuple(_stretched(area_means(plane, size), *thick) for plane in planes),
        zoom,
        float(planes.min()),
        float(planes.max()),
        None if look.limits is None else Scale(*look.limits, "gray").clipped(planes),
        planes.size,
    )


def picture_panel(planes: NDArray[Any], title: str, look: Look) -> Panel:
    """A picture ``(C, H, W)`` as it looks."""
    (codes,) = picture_codes([planes])
    shape = codes.shape[:2]
    zoom, size = _zoom(shape, look)
    shown = codes if size == shape else resized(codes, SIDE)
    return Panel(title, "", _drawn_at(shape, 1, zoom, size), (shown,), zoom, picture=True)


def input_panel(values: NDArray[Any], title: str, look: Look, *, picture: bool) -> Panel:
    """What filters are laid on, ``(H, W)`` or ``(C, H, W)``: as it looks, or as values on their own scale."""
    if picture:
        return picture_panel(values.reshape(-1, *values.shape[-2:]), title, look)
    alone = Look(look.colormap, zoom=look.zoom)
    panel = map_panel(values, title, "", alone)
    return replace(panel, own=scale_of([panel], alone))


def kernel_panel(weights: Float32, title: str, about: str, side: int) -> Panel:
    """A filter ``(I, kh, kw)``, a kernel for each of its first channels."""
    planes = weights[:MOST_PLANES]
    zoom, size = held_by(planes.shape[1:], side)
    shown = tuple(area_means(plane, size) for plane in planes)
    facts = _size(weights.shape if len(weights) > 1 else weights.shape[1:], len(planes))
    return Panel(title, about, facts, shown, zoom, own=Scale.fit([planes], DIVERGING))


def scale_of(panels: Sequence[Panel], look: Look) -> Scale:
    """The one scale of maps."""
    ends = [np.array([panel.low, panel.high]) for panel in panels]
    return Scale.fit(ends, look.colormap, look.limits)


def marks_of(panel: Panel, x: int, y: int, width: int, look: Look, shared: Scale | None) -> Iterator[Mark]:
    """A panel whose corner is at ``(x, y)``, where all maps may share a scale."""
    scale = panel.own or shared or scale_of([panel], look)
    room = width - width_of(BETWEEN + panel.facts, SMALL)
    about = fitted(panel.about, SMALL, room) if min(width_of(panel.about, SMALL), TELLING) <= room else ""
    facts = BETWEEN.join(part for part in (about, panel.facts) if part)
    if panel.title:
        yield Text(x, y + LINES[0], fitted(panel.title, BODY, width))
    yield Text(x, y + LINES[1], fitted(facts, SMALL, width), SMALL, MUTED)
    left, top = x, y + ABOVE
    for plane in panel.planes:
        colours = plane if panel.picture else scale.colours(plane)
        yield Tile(left, top, enlarged(colours, panel.zoom))
        if not panel.picture:
            yield from numbers(plane, colours, panel.zoom, left, top)
        left += panel.zoom * plane.shape[1] + GAP
    below = top + panel.tall
    if panel.has_bar(shared):
        yield from bar(scale, x, below + GAP, min(width, max(panel.width, LEAST_BAR)))
        below += GAP + HEIGHT
    if panel.clipped is not None:
        yield Text(x, below + CLIPPED - 3, _clipped(panel.clipped, panel.count), SMALL, MUTED)


def _zoom(shape: tuple[int, ...], look: Look) -> tuple[int, Pair]:
    """The pixels of a cell, and how many cells ``(H, W)`` are drawn."""
    height, width = shape
    return held_by(shape, SIDE) if look.zoom is None else (look.zoom, (height, width))


def _stretched(plane: NDArray[Any], high: int, wide: int) -> NDArray[Any]:
    """Each cell so many cells high and wide."""
    return plane if high == wide == 1 else plane.repeat(high, axis=0).repeat(wide, axis=1)


def _drawn_at(shape: tuple[int, ...], planes: int, zoom: int, size: Pair, *, means: bool = False) -> str:
    """The size of a map, at which share of it that is drawn, and whether of means."""
    share = figure(100 * zoom * max(size) / max(shape[-2:]), 3)
    return f"{_size(shape, planes)}{BETWEEN}{'means ' * means}at {share} %"


def _size(shape: tuple[int, ...], planes: int) -> str:
    """A shape, and how many of its planes are drawn if others are not."""
    size = "×".join(map(str, shape))
    return f"{size}, {planes} shown" if len(shape) == 3 and shape[0] > planes else size


def _clipped(clipped: int, count: int) -> str:
    """The share of values that are clipped; one that would be rounded to nothing or to all, in figures."""
    if not clipped:
        return "nothing clipped"
    if clipped == count:
        return "100 % clipped"
    percent = 100 * clipped / count
    return f"{percent:.1f} % clipped" if 0.05 <= percent < 99.95 else f"{clipped:,} of {count:,} clipped"

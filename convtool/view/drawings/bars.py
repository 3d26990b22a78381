"""Colour bars: the colours of a scale in a row, and the values that they stand for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convtool.view.drawings.drawing import MUTED, Mark, Rectangle, Text, Tile
from convtool.view.drawings.lettering import SMALL, width_of
from convtool.view.numerals import figure
from convtool.view.scales import Scale

THICK = 8
"""Pixels that the colours are high."""

HEIGHT = THICK + 19
"""Pixels from the top of the colours to the end of the numbers below."""

KEY = HEIGHT + 20
"""Pixels of the bar that stands above all maps of one scale, and of the paper below it."""

SHORT = 96
"""Pixels that the colours are wide within a line."""

APART = 10
"""Pixels between two numbers, at least."""


def bar(scale: Scale, x: int, y: int, width: int) -> Iterator[Mark]:
    """Colours from the lowest value to the highest, below them both, and 0 where it is between them.

    The 0 has a tick; its number is left out where it would run into another.
    """
    colours = scale.colours(np.linspace(scale.low, scale.high, width))
    yield Tile(x, y, np.repeat(colours[np.newaxis], THICK, axis=0))
    baseline = y + HEIGHT - 3
    low, high = figure(scale.low), figure(scale.high)
    yield Text(x, baseline, low, SMALL, MUTED)
    if low != high:
        yield Text(x + width, baseline, high, SMALL, MUTED, "rs")
    if scale.low < 0 < scale.high:
        zero = x + round((width - 1) * scale.low / (scale.low - scale.high))
        yield Rectangle((zero, y + THICK + 1, zero + 1, y + THICK + 5), MUTED)
        room = APART + width_of("0", SMALL) / 2
        left, right = x + width_of(low, SMALL) + room, x + width - width_of(high, SMALL) - room
        if left <= zero <= right:
            yield Text(zero, baseline, "0", SMALL, MUTED, "ms")


def bar_in_line(scale: Scale, x: int, baseline: int) -> Iterator[Mark]:
    """The lowest value, colours, and the highest value, side by side from ``x`` on."""
    low, high = figure(scale.low), figure(scale.high)
    left = x + width_of(low, SMALL) + APART // 2
    colours = scale.colours(np.linspace(scale.low, scale.high, SHORT))
    yield Text(x, baseline, low, SMALL, MUTED)
    yield Tile(left, baseline - THICK, np.repeat(colours[np.newaxis], THICK, axis=0))
    yield Text(left + SHORT + APART // 2, baseline, high, SMALL, MUTED)

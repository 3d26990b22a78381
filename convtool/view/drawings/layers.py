"""One image on its way through a network: what each layer makes of it, on one sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.errors import InputError
from convtool.net.network import naming
from convtool.net.ops.base import by
from convtool.view.drawings.bars import bar_in_line
from convtool.view.drawings.drawing import HEAD, MARGIN, MUTED, Drawing, Mark, Text, Tile, page
from convtool.view.drawings.lettering import BODY, SMALL, fitted, width_of
from convtool.view.drawings.pixels import check_finite, held_by, map_codes, picture_codes, resized
from convtool.view.drawings.scores import best_class, score_bars
from convtool.view.scales import Scale

Shown = tuple[str, str, Float32]
"""A layer's name, what it does, and what it gives: ``(C, H, W)`` or ``(K,)``."""

IMAGE, MAP = 168, 80
"""Pixels that the image may be long, and a map."""

WIDTH, GAP = 1376, 6
"""Pixels that a row of maps may take, and between two of them."""

CELL, NARROW = 24, 6
"""Pixels of the side of a single value, and of the width of one of many."""

LABEL, BETWEEN = 12, 34
"""Pixels from the text above a row to the row, and from a row down to the text of the next."""

LONGEST = 240
"""Pixels of a name."""


def layers_sheet(image: NDArray[Any], layers: Sequence[Shown], classes: Sequence[str] | None) -> bytes:
    """A PNG of an image ``(C, H, W)`` and, below, a row for each layer: its maps, or its values as cells.

    Each layer is on a scale of its own, which stands above it. If the last layer gives no maps, its
    values are the scores: the ten best are bars beside the names of their classes.
    """
    return layout(image, layers, classes).png()


def layout(image: NDArray[Any], layers: Sequence[Shown], classes: Sequence[str] | None) -> Drawing:
    """Where everything stands, from the image downwards."""
    if not layers:
        raise InputError("there are no layers; a network has at least one")
    (codes,) = picture_codes([image])
    marks: list[Mark] = [
        *_label(HEAD + BODY, "image", by(image.shape)),
        Tile(MARGIN, HEAD + BODY + LABEL, resized(codes, IMAGE)),
    ]
    for number, (name, description, values) in enumerate(layers, 1):
        with naming(name):
            _check(values)
        y = _bottom(marks) + BETWEEN
        said = f"{description} · {by(values.shape)}"
        if number == len(layers) and _is_flat(values):
            marks += [*_label(y, name, said), *score_bars(y + LABEL, values.ravel(), classes)]
        else:
            scale = Scale.fit([values])
            marks += _label(y, name, said, scale)
            if _is_flat(values):
                marks += _cells(y + LABEL, values.ravel(), scale)
            else:
                marks += _maps(y + LABEL, values, scale)
    width = ceil(max(mark.box[2] for mark in marks)) - MARGIN
    count = "1 layer" if len(layers) == 1 else f"{len(layers)} layers, each on a scale of its own"
    name, _, last = layers[-1]
    title = best_class(last.ravel(), classes) if _is_flat(last) else f"{name} · {by(last.shape)}"
    return page(title, count, (width, _bottom(marks) - HEAD), marks)


def _check(values: Float32) -> None:
    """Refuse what can be neither maps nor values."""
    if values.ndim not in (1, 3) or not values.size:
        raise InputError(f"its output has shape {values.shape}; it must be (C, H, W) or (K,)")
    check_finite("its output", values)


def _is_flat(values: Float32) -> bool:
    """Whether these are single values, and no maps."""
    return values.ndim == 1 or values.shape[1:] == (1, 1)


def _bottom(marks: Iterable[Mark]) -> int:
    return ceil(max(mark.box[3] for mark in marks))


def _label(y: int, name: str, description: str, scale: Scale | None = None) -> Iterator[Mark]:
    """A layer's name, what there is to say of it, and the colours of its values."""
    shown = fitted(name, BODY, LONGEST)
    yield Text(MARGIN, y, shown)
    said = fitted(description, SMALL, WIDTH - 2 * LONGEST)
    if scale is not None and scale.low == scale.high:
        said += " · 0 everywhere"
    x = MARGIN + width_of(shown, BODY) + 2 * GAP
    yield Text(x, y, said, SMALL, MUTED)
    if scale is not None and scale.low < scale.high:
        yield from bar_in_line(scale, x + width_of(said, SMALL) + 3 * GAP, y)


def _maps(y: int, maps: Float32, scale: Scale) -> Iterator[Mark]:
    """As many maps as a row holds, from the first on."""
    zoom, size = held_by(maps.shape[1:], MAP)
    height, width = zoom * size[0], zoom * size[1]
    shown = maps[: (WIDTH + GAP) // (width + GAP)]
    for column, each in enumerate(shown):
        yield Tile(MARGIN + column * (width + GAP), y, map_codes(each, scale, MAP))
    yield from _more(len(maps) - len(shown), MARGIN + len(shown) * (width + GAP) + GAP, y + height / 2)


def _cells(y: int, values: Float32, scale: Scale) -> Iterator[Mark]:
    """As many single values as a row holds, side by side."""
    width = max(NARROW, min(CELL, WIDTH // len(values)))
    colours = scale.colours(values[: WIDTH // width])
    yield Tile(MARGIN, y, np.repeat(colours.repeat(width, axis=0)[np.newaxis], CELL, axis=0))
    yield from _more(len(values) - len(colours), MARGIN + len(colours) * width + 2 * GAP, y + CELL / 2)


def _more(count: int, x: float, y: float) -> Iterator[Text]:
    """How many are not drawn."""
    if count:
        yield Text(x, y, f"+{count:,} more", SMALL, MUTED, "lm")

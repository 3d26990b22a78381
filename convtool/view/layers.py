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
from convtool.view.drawing import HEAD, MARGIN, MUTED, Codes, Drawing, Mark, Text, Tile, page
from convtool.view.lettering import BODY, SMALL, fitted, width_of
from convtool.view.pixels import check_finite, fitting, picture_codes, signed_codes, span_codes
from convtool.view.scores import best_class, score_bars

Shown = tuple[str, str, Float32]
"""A layer's name, what it does, and what it gives: ``(C, H, W)`` or ``(K,)``."""

Scale = tuple[float, float]
"""The values that are black and white: 0 is black, or mid-gray where there are negative values."""

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

    Values that are nowhere negative are drawn from black, which is 0, to white; others with 0 as
    mid-gray. Each layer is on a scale of its own, which is written above it. If the last layer gives no
    maps, its values are the scores: the ten best are bars beside the names of their classes.
    """
    return layout(image, layers, classes).png()


def layout(image: NDArray[Any], layers: Sequence[Shown], classes: Sequence[str] | None) -> Drawing:
    """Where everything stands, from the image downwards."""
    if not layers:
        raise InputError("there are no layers; a network has at least one")
    (codes,) = picture_codes([image])
    marks: list[Mark] = [
        *_label(HEAD + BODY, "image", by(image.shape)),
        Tile(MARGIN, HEAD + BODY + LABEL, fitting(codes, IMAGE)),
    ]
    for number, (name, description, values) in enumerate(layers, 1):
        with naming(name):
            _check(values)
        y = _bottom(marks) + BETWEEN
        said = f"{description} · {by(values.shape)}"
        if number == len(layers) and _is_flat(values):
            marks += [*_label(y, name, said), *score_bars(y + LABEL, values.ravel(), classes)]
        else:
            scale = _scale(values)
            marks += _label(y, name, f"{said} · {_told(scale)}")
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


def _label(y: int, name: str, description: str) -> Iterator[Text]:
    """A layer's name, and what there is to say of it."""
    shown = fitted(name, BODY, LONGEST)
    yield Text(MARGIN, y, shown)
    yield Text(MARGIN + width_of(shown, BODY) + 2 * GAP, y, fitted(description, SMALL, WIDTH), SMALL, MUTED)


def _scale(values: Float32) -> Scale:
    """What is black and what is white of a layer."""
    low, high = float(values.min()), float(values.max())
    largest = max(-low, high)
    return (-largest if low < 0 else 0.0, largest)


def _told(scale: Scale) -> str:
    low, high = scale
    if not high:
        return "0 everywhere"
    return f"black is {low:.4g}, gray 0, white {high:.4g}" if low else f"black is 0, white {high:.4g}"


def _grays(values: Float32, scale: Scale) -> Codes:
    low, high = scale
    return signed_codes(values, high) if low else span_codes(values, 0, high)


def _maps(y: int, maps: Float32, scale: Scale) -> Iterator[Mark]:
    """As many maps as a row holds, from the first on."""
    height, width = fitting(_grays(maps[0], scale), MAP).shape
    shown = maps[: (WIDTH + GAP) // (width + GAP)]
    for column, each in enumerate(shown):
        yield Tile(MARGIN + column * (width + GAP), y, fitting(_grays(each, scale), MAP))
    yield from _more(len(maps) - len(shown), MARGIN + len(shown) * (width + GAP) + GAP, y + height / 2)


def _cells(y: int, values: Float32, scale: Scale) -> Iterator[Mark]:
    """As many single values as a row holds, side by side."""
    width = max(NARROW, min(CELL, WIDTH // len(values)))
    codes = _grays(values[: WIDTH // width], scale)
    yield Tile(MARGIN, y, np.tile(codes.repeat(width), (CELL, 1)))
    yield from _more(len(values) - len(codes), MARGIN + len(codes) * width + 2 * GAP, y + CELL / 2)


def _more(count: int, x: float, y: float) -> Iterator[Text]:
    """How many are not drawn."""
    if count:
        yield Text(x, y, f"+{count:,} more", SMALL, MUTED, "lm")

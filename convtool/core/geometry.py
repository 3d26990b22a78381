"""Sizes, padding and the reach of windows: integers only, one axis at a time."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from convtool.errors import ArgumentError, InputError

Pair = tuple[int, int]
Sides = tuple[Pair, Pair]
Sizes = int | Sequence[int]
"""What callers give for a size: one number, or ``(y, x)``."""
Padding = Literal["valid", "same"] | int | Sequence[int] | Sequence[Sequence[int]]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular", "symmetric"]
PADDING_MODES: tuple[str, ...] = get_args(PaddingMode)

OUTSIDE = -1
"""The source index of a padded cell that has no source and takes the fill value."""


class Piece(NamedTuple):
    """Padded cells, and the cells of the map they copy; ``None`` where they take the fill value."""

    at: slice
    cells: slice | NDArray[np.intp] | None


@dataclass(frozen=True)
class Axis:
    """A window that slides along one axis.

    Attributes
    ----------
    size, before, after
        Cells of the map, and padded cells before and after it.
    kernel, stride, dilation
        Taps of the window, cells between windows, cells between taps.
    count
        How many windows there are: the size of the result.
    """

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    count: int

    @property
    def reach(self) -> int:
        """Cells from a window's first tap to its last, both counted."""
        return self.dilation * (self.kernel - 1) + 1

    def span(self, start: int, stop: int) -> slice:
        """Padded cells that the windows ``start`` to ``stop`` (exclusive) read."""
        return slice(start * self.stride, (stop - 1) * self.stride + self.reach)

    def reads(self, start: int, stop: int, mode: str) -> list[Piece]:
        """Where the padded cells that the windows ``start`` to ``stop`` (exclusive) see come from.

        Examples
        --------
        >>> axis = window(size=(4, 4), kernel_size=3, padding=1)[0]
        >>> axis.reads(1, 3, "zeros")
        [Piece(at=slice(0, 4, None), cells=slice(0, 4, None))]
        """
        cells = self.span(start, stop)
        first = min(max(cells.start, self.before), cells.stop)
        last = max(min(cells.stop, self.before + self.size), first)
        pieces = []
        for begin, end in ((cells.start, first), (first, last), (last, cells.stop)):
            if begin == end:
                continue
            at = slice(begin - cells.start, end - cells.start)
            if (begin, end) == (first, last):
                pieces.append(Piece(at, slice(begin - self.before, end - self.before)))
            else:
                sources = self.sources(mode)[begin:end]
                pieces.append(Piece(at, None if sources[0] == OUTSIDE else sources))
        return pieces

    def taps(self) -> Iterator[tuple[slice, slice]]:
        """For each tap that is ever inside the map: the windows for which it is, and the cells it meets.

        Examples
        --------
        >>> axis = window(size=(4, 4), kernel_size=3, padding=1)[0]
        >>> next(axis.taps())
        (slice(1, 4, None), slice(0, 3, 1))
        """
        for k in range(self.kernel):
            offset = k * self.dilation - self.before
            first = max(0, -(offset // self.stride))
            stop = min(self.count, (self.size - 1 - offset) // self.stride + 1)
            if first < stop:
                begin, end = (window * self.stride + offset for window in (first, stop - 1))
                yield slice(first, stop), slice(begin, end + 1, self.stride)

    def sources(self, mode: str = "zeros") -> NDArray[np.intp]:
        """For every padded cell the cell of the map it copies, or `OUTSIDE`.

        Pads longer than the map go on mirroring or repeating it, as in `numpy.pad`.

        Examples
        --------
        >>> axis = window(size=(4, 4), kernel_size=3, padding=2)[0]
        >>> axis.sources("reflect").tolist()
        [2, 1, 0, 1, 2, 3, 2, 1]
        """
        return _sources(self, mode)


@lru_cache(maxsize=64)
def _sources(axis: Axis, mode: str) -> NDArray[np.intp]:
    beyond = max(0, axis.span(0, axis.count).stop - (axis.before + axis.size + axis.after))
    cells: NDArray[np.intp] = np.arange(-axis.before, axis.size + axis.after + beyond)
    last = axis.size - 1
    match mode:
        case "replicate":
            cells = np.clip(cells, 0, last)
        case "circular":
            cells %= axis.size
        case "symmetric":
            cells %= 2 * axis.size
            cells = np.minimum(cells, 2 * axis.size - 1 - cells)
        case "reflect":
            cells %= max(2 * last, 1)
            cells = np.minimum(cells, 2 * last - cells)
        case _:
            cells = np.where((cells >= 0) & (cells <= last), cells, OUTSIDE)
    cells.flags.writeable = False  # shared by all that ask for the same
    return cells


Window = tuple[Axis, Axis]
"""A window over a plane: its way along y, and along x."""


def window(
    size: Pair,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    of: tuple[str, str] = ("image", "filter"),
) -> Window:
    """Check the arguments of a convolution or a pool and count its windows.

    Parameters
    ----------
    size
        ``(H, W)`` of the map.
    kernel_size, stride, dilation
        An integer of at least 1, or a ``(y, x)`` pair.
    padding
        ``"valid"``, ``"same"``, an integer, ``(y, x)``, or ``((top, bottom), (left, right))``.
    ceil_mode
        Keep a last window that reaches beyond the padded map, unless it would start there.
    of
        What slides over what, for messages: ``("image", "filter")``, or ``("map", "pool")``.

    Raises
    ------
    ArgumentError
        An argument that fits no map.
    InputError
        A map smaller than the window.

    Examples
    --------
    >>> [axis.count for axis in window((5, 7), 3, stride=2, padding="same")]
    [3, 4]
    """
    kernel_size = pair("kernel_size", kernel_size)
    stride = pair("stride", stride)
    dilation = pair("dilation", dilation)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True))
    sides = _resolve_padding(padding, size, reach, stride)
    along_y, along_x = (
        Axis(n, k, s, d, b, a, _count(n, b, a, r, s, ceil_mode))
        for n, k, s, d, (b, a), r in zip(size, kernel_size, stride, dilation, sides, reach, strict=True)
    )
    if min(along_y.count, along_x.count) < 1:
        padded = tuple(b + n + a for n, (b, a) in zip(size, sides, strict=True))
        detail = f", {_by(padded)} with padding" if padded != tuple(size) else ""
        raise InputError(
            f"the {of[0]} is {_by(size)}{detail}, smaller than the {of[1]}'s {_by(reach)} window; "
            f"use a larger {of[0]} or a smaller {of[1]}"
        )
    return along_y, along_x


def whole(name: str, value: Any, minimum: int = 1) -> int:
    """Check a whole number of at least ``minimum``, of Python's or NumPy's."""
    if not _is_whole(value, minimum):
        raise ArgumentError(f"{name} is {value!r}; it must be a whole number of at least {minimum}")
    return int(value)


def is_real(value: Any) -> bool:
    """Whether a value is a number, of Python's or NumPy's, and no NaN."""
    return isinstance(value, Real) and bool(value == value)


def pair(name: str, value: Any) -> Pair:
    """``(y, x)`` from a whole number of at least 1, or a pair of them."""
    both = _pair(value, 1)
    if both is None:
        raise ArgumentError(f"{name} is {value!r}; it must be a whole number of at least 1, or a (y, x) pair")
    return both


def check_padding_mode(padding_mode: str) -> None:
    """Refuse a mode that is not one of `PADDING_MODES`."""
    if padding_mode not in PADDING_MODES:
        raise ArgumentError(f"padding_mode is {padding_mode!r}; choose one of {', '.join(PADDING_MODES)}")


def _resolve_padding(padding: Any, size: Pair, reach: Sequence[int], stride: Pair) -> Sides:
    if isinstance(padding, str) and padding == "valid":
        return (0, 0), (0, 0)
    if isinstance(padding, str) and padding == "same":
        top_bottom, left_right = (_same(n, r, s) for n, r, s in zip(size, reach, stride, strict=True))
        return top_bottom, left_right
    if (both := _pair(padding, 0)) is not None:
        y, x = both
        return (y, y), (x, x)
    if _is_list(padding) and len(padding) == 2 and all(map(_is_list, padding)):
        top_bottom_or_none, left_right_or_none = (_pair(side, 0) for side in padding)
        if top_bottom_or_none and left_right_or_none:
            return top_bottom_or_none, left_right_or_none
    raise ArgumentError(
        f"padding is {padding!r}; use 'valid', 'same', a number, a (y, x) pair or all four sides: "
        "((top, bottom), (left, right))"
    )


def _pair(value: Any, minimum: int) -> Pair | None:
    values = value if _is_list(value) else (value, value)
    if len(values) != 2 or not all(_is_whole(v, minimum) for v in values):
        return None
    return int(values[0]), int(values[1])


def _is_list(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _same(size: int, reach: int, stride: int) -> Pair:
    """Pads that give ceil(size / stride) windows, the odd cell at the end (ONNX SAME_UPPER)."""
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def _count(size: int, before: int, after: int, reach: int, stride: int, ceil_mode: bool) -> int:
    room = before + size + after - reach
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    starts_in_the_end_padding = (count - 1) * stride >= before + size
    return count - 1 if starts_in_the_end_padding else count


def _is_whole(value: Any, minimum: int) -> bool:
    if isinstance(value, bool | np.bool_):
        return False
    try:
        return operator.index(value) >= minimum
    except TypeError:
        return False


def _by(size: Sequence[int]) -> str:
    return f"{size[0]}×{size[1]}"

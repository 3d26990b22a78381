"""Matrices and listings as text: fitted to a terminal, whole in a pipe."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Literal, NoReturn, TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from convtool.errors import ArgumentError
from convtool.text import encodable, printable

ELIDE_ABOVE = 1000  # cells; this and the 3 of each end are NumPy's own
_EDGE = 3
_GAP = -1  # stands in a list of row or column numbers for those left out

_PIPE_WIDTH = 1_000_000  # rich takes a pipe for 80 columns and folds or blanks what is wider
_NARROWEST_TEXT = 20  # a wrapped description; on a narrower terminal the lines run over instead
_LONGEST_RULE = 80  # below the heads of a listing, whose descriptions may be long

# From muted to vivid at nearly one luminance, so every shade reads on black and on white alike.
_WARM = tuple(Style(color=f"color({shade})") for shade in (95, 131, 167, 166))
_COOL = tuple(Style(color=f"color({shade})") for shade in (66, 67, 68, 33))
_FAINT = Style(color="color(243)")
_STRONG = Style(bold=True)


def console_for(stream: TextIO, color: Literal["auto", "always", "never"]) -> Console:
    """Make the console that writes to ``stream``: literal text, coloured only where that is wanted.

    ``auto`` colours a terminal unless ``NO_COLOR`` is set or ``TERM`` is ``dumb``; ``always`` and
    ``never`` overrule both, and ``always`` colours a pipe too, whose lines are still never wrapped.
    A reader that goes away is a ``BrokenPipeError``.
    """
    terminal = stream.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    coloured = color == "always" or (color == "auto" and terminal and not plain)
    width, height = _terminal_size(stream)
    return _Console(
        file=stream,
        force_terminal=terminal,
        color_system="256" if coloured else None,
        no_color=not coloured,
        width=width if terminal else _PIPE_WIDTH,
        height=height,
        markup=False,
        emoji=False,
        highlight=False,
    )


def matrix_table(
    values: ArrayLike,
    *,
    precision: int = 4,
    full: bool = False,
    first: tuple[int, int] = (0, 0),
    names: Sequence[str] | None = None,
) -> MatrixTable:
    """Lay a matrix ``(H, W)`` out as a table with true row and column numbers, for ``Console.print``.

    Parameters
    ----------
    values
        Whole numbers print as integers. All others have ``precision`` decimals, or are in scientific
        notation where one is 1e8 or more or would come out as 0.
    precision
        Digits after the decimal point.
    full
        Print a matrix of more than 1000 cells too without leaving its middle out.
    first
        The numbers of the first row and the first column.
    names
        What row and column of one number are both called instead.

    Raises
    ------
    ArgumentError
        The array has not two axes.

    Examples
    --------
    >>> import sys
    >>> console = console_for(sys.stdout, "never")
    >>> console.print(matrix_table([[2.0, 0.0], [3.0, -5.5]], precision=1), soft_wrap=True)
      |     0     1
    --+------------
    0 |   2.0   0.0
    1 |   3.0  -5.5
    """
    matrix = np.asarray(values)
    if matrix.ndim != 2:
        raise ArgumentError(f"values has shape {matrix.shape}; a table shows a matrix (H, W), slice by slice")
    elided = not full and matrix.size > ELIDE_ABOVE
    rows, columns = (_shown_numbers(length, elided=elided) for length in matrix.shape)
    largest, number_format = _survey(matrix, precision)
    row_labels, column_labels = (
        [None if number == _GAP else names[number] if names else str(number + start) for number in numbers]
        for numbers, start in zip((rows, columns), first, strict=True)
    )
    return MatrixTable(matrix[np.ix_(rows, columns)], row_labels, column_labels, number_format, largest)


def print_title(console: Console, title: str) -> None:
    """Print the line that stands above a table, taken literally."""
    _print_line(console, _literal(console, title), _STRONG)


def print_line(console: Console, line: str) -> None:
    """Print a line of text, taken literally and never wrapped."""
    _print_line(console, _literal(console, line), Style.null())


def print_matrix(console: Console, title: str, values: ArrayLike, **layout: Any) -> None:
    """Print a title line, taken literally, and the matrix below it; ``layout`` as of `matrix_table`."""
    table = matrix_table(values, **layout)
    print_title(console, title)
    console.print(table, soft_wrap=True)


def print_rows(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a listing below its column heads, one line a row.

    On a terminal the last column is wrapped into the room that the others leave; nothing is cut.

    Examples
    --------
    >>> import sys
    >>> filters = [["box-3", "3 x 3", "mean of nine"], ["impulse", "1 x 1", "the image itself"]]
    >>> print_rows(console_for(sys.stdout, "never"), ["name", "size", "description"], filters)
    name     size   description
    --------------------------------
    box-3    3 x 3  mean of nine
    impulse  1 x 1  the image itself
    """
    table = [[_literal(console, cell) for cell in row] for row in (columns, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    indent = sum(width + 2 for width in widths[:-1])
    room = widths[-1]
    if console.is_terminal:
        room = min(room, max(console.width - indent, _NARROWEST_TEXT))
    for number, (*cells, last) in enumerate(table):
        start = "".join(set_cell_size(cell, width + 2) for cell, width in zip(cells, widths, strict=False))
        for line in Text(last).wrap(console, room):
            _print_line(console, (start + line.plain).rstrip(), Style.null() if number else _STRONG)
            start = " " * indent
        if number == 0:
            _print_line(console, _rules(console)[1] * min(indent + room, _LONGEST_RULE), _FAINT)


@dataclass(frozen=True, eq=False)
class MatrixTable:
    """The shown part of a matrix, laid out when a console draws it.

    On a terminal the columns are broken into blocks that fit its width; elsewhere they stay one block.
    Rows and columns are labelled, or ``None`` where some are left out.
    """

    values: NDArray[Any]
    rows: Sequence[str | None]
    columns: Sequence[str | None]
    number_format: str
    largest: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        ellipsis = encodable("…", console.encoding)
        vertical, horizontal, crossing = _rules(console)
        labels, heads = (
            [ellipsis if label is None else _literal(console, label) for label in labelled]
            for labelled in (self.rows, self.columns)
        )
        gutter = max(map(cell_len, labels), default=0)
        widest = max(map(cell_len, chain(heads, self._numbers())), default=0)
        widths = [2 + (len(ellipsis) if column is None else widest) for column in self.columns]

        room = options.max_width - gutter - 2 if console.is_terminal else math.inf
        for block in _blocks(widths, room):
            if block.start > 0:
                yield Segment.line()
            head = "".join(map(_to_the_right, heads[block], widths[block]))
            yield from _line([(f"{'':{gutter}} {vertical}{head}", _FAINT)])
            rule = horizontal * (gutter + 1) + crossing + horizontal * sum(widths[block])
            yield from _line([(rule, _FAINT)])
            for i, label in enumerate(labels):
                cells = zip(self._row(i, block, ellipsis), widths[block], strict=True)
                padded = [(text.rjust(width), style) for (text, style), width in cells]
                yield from _line([(f"{_to_the_right(label, gutter)} {vertical}", _FAINT), *padded])

    # Each number is formatted anew where it is needed: the texts of a whole map would take many times
    # the memory of its values.

    def _numbers(self) -> Iterator[str]:
        for row in self.values:
            yield from (self._number(value) for value in row.tolist())

    def _number(self, value: float) -> str:
        return format(value + 0.0, self.number_format)  # + 0.0 takes the sign off -0.0

    def _row(self, i: int, block: slice, ellipsis: str) -> Iterator[tuple[str, Style]]:
        for column, value in zip(self.columns[block], self.values[i, block].tolist(), strict=True):
            if None in (column, self.rows[i]):
                yield ellipsis, _FAINT
            else:
                yield self._number(value), _tint(value, self.largest)


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        # rich would exit with 1 here; the exit code is for the program to choose.
        raise


def _shown_numbers(length: int, *, elided: bool) -> list[int]:
    if not elided or length <= 2 * _EDGE:
        return list(range(length))
    return [*range(_EDGE), _GAP, *range(length - _EDGE, length)]


def _to_the_right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _survey(matrix: NDArray[Any], precision: int) -> tuple[float, str]:
    """Find the largest finite magnitude, and the format that suits every number of the matrix."""
    whole, largest, smallest = True, 0.0, math.inf
    height, width = matrix.shape
    step = max(1, (1 << 16) // max(1, width))  # rows at a time, so that a large map is not copied whole
    for top in range(0, height, step):
        piece = matrix[top : top + step].astype(np.float64)
        magnitudes = np.abs(piece[np.isfinite(piece) & (piece != 0)])
        if magnitudes.size:
            whole = whole and bool(np.all(magnitudes == np.floor(magnitudes)))
            largest = max(largest, float(magnitudes.max()))
            smallest = min(smallest, float(magnitudes.min()))
    if whole and largest < 2**53:
        return largest, ".0f"
    vanishing = float(format(smallest, f".{precision}f")) == 0
    return largest, f".{precision}e" if largest >= 1e8 or vanishing else f".{precision}f"


def _tint(value: float, largest: float) -> Style:
    if math.isnan(value):
        return _STRONG
    if value == 0:
        return _FAINT
    shades = _WARM if value > 0 else _COOL
    strength = 1.0 if math.isinf(value) else abs(value) / largest
    return shades[min(int(strength * len(shades)), len(shades) - 1)]


def _blocks(widths: Sequence[int], room: float) -> Iterator[slice]:
    """Yield runs of columns that fit the room; one that is too wide for it makes a block by itself."""
    start, used = 0, 0
    for i, width in enumerate(widths):
        if i > start and used + width > room:
            yield slice(start, i)
            start, used = i, 0
        used += width
    yield slice(start, len(widths))


def _rules(console: Console) -> tuple[str, ...]:
    """Return the vertical rule, the horizontal one and their crossing; in a pipe they are ASCII."""
    return tuple(encodable("│─┼", console.encoding if console.is_terminal else "ascii"))


def _line(pieces: Iterable[tuple[str, Style]]) -> Iterator[Segment]:
    for style, run in groupby(pieces, key=itemgetter(1)):
        yield Segment("".join(text for text, _ in run), style)
    yield Segment.line()


def _literal(console: Console, text: str) -> str:
    return encodable(printable(text), console.encoding)


def _print_line(console: Console, line: str, style: Style) -> None:
    console.print(Text(line, style), soft_wrap=True)


def _terminal_size(stream: TextIO) -> tuple[int, int]:
    # rich ignores COLUMNS on a dumb terminal and draws nothing at all where it is 0.
    try:
        width, height = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        width, height = 0, 0
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal():
        width = int(columns) or width
    return width or 80, height or 25

"""Matrices and listings as text: fitted to a terminal, whole in a pipe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, zip_longest
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from convtool.errors import ArgumentError
from convtool.text import encodable
from convtool.view.consoles import STRONG, literal, print_styled, print_title

ELIDE_ABOVE = 1000  # cells; this and the 3 of each end are NumPy's own
_EDGE = 3
_GAP = -1  # stands in a list of row or column numbers for those left out

_NARROWEST_TEXT = 20  # a wrapped description; on a narrower terminal the lines run over instead
_LONGEST_RULE = 80  # below the heads of a listing, whose descriptions may be long

# From muted to vivid at nearly one luminance, so every shade reads on black and on white alike.
_WARM = tuple(Style(color=f"color({shade})") for shade in (95, 131, 167, 166))
_COOL = tuple(Style(color=f"color({shade})") for shade in (66, 67, 68, 33))
_FAINT = Style(color="color(243)")


def matrix_table(
    values: ArrayLike,
    *,
    precision: int = 4,
    full: bool = False,
    first: tuple[int, int] = (0, 0),
    labels: tuple[Sequence[str], Sequence[str]] | None = None,
    marked: NDArray[np.bool_] | None = None,
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
    labels
        What the rows and what the columns are called instead.
    marked
        ``(H, W)``: the cells that stand in brackets.

    Raises
    ------
    ArgumentError
        The array has not two axes.

    Examples
    --------
    >>> import sys
    >>> from convtool.view.consoles import console_for
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
    called = labels or (_counted(matrix.shape[0], first[0]), _counted(matrix.shape[1], first[1]))
    row_labels, column_labels = (
        [None if number == _GAP else names[number] for number in numbers]
        for numbers, names in zip((rows, columns), called, strict=True)
    )
    shown = np.ix_(rows, columns)
    brackets = marked[shown] if marked is not None and marked.any() else None
    return MatrixTable(matrix[shown], row_labels, column_labels, number_format, largest, brackets)


def print_matrix(console: Console, title: str, values: ArrayLike, **layout: Any) -> None:
    """Print a title line, taken literally, and the matrix below it; ``layout`` as of `matrix_table`."""
    table = matrix_table(values, **layout)
    print_title(console, title)
    console.print(table, soft_wrap=True)


def print_beside(console: Console, signs: str, titled: Sequence[tuple[str, MatrixTable]]) -> None:
    """Print titled tables side by side, a sign between each two; below each other where they do not fit.

    Examples
    --------
    >>> import sys
    >>> from convtool.view.consoles import console_for
    >>> halves = [("all", matrix_table([[4, 6]])), ("half", matrix_table([[2, 3]]))]
    >>> print_beside(console_for(sys.stdout, "never"), ">", halves)
    all           half
      |  0  1       |  0  1
    --+------  >  --+------
    0 |  4  6     0 |  2  3
    """
    blocks = [_drawn(console, title, table) for title, table in titled]
    widths = [max(line.cell_len for line in block) for block in blocks]
    if console.is_terminal and sum(widths) + 5 * len(signs) > console.width:
        for block in blocks:
            for line in block:
                line.rstrip()
                console.print(line, soft_wrap=True)
            if block is not blocks[-1]:
                console.print()
        return
    middle = len(blocks[0]) // 2
    for number, lines in enumerate(zip_longest(*blocks, fillvalue=Text())):
        beside = Text()
        for place, (line, width) in enumerate(zip(lines, widths, strict=True)):
            if place:
                sign = encodable(signs[place - 1], console.encoding) if number == middle else ""
                beside.append(f"  {sign:1}  ")
            beside.append_text(line)
            beside.append(" " * (width - line.cell_len))
        beside.rstrip()
        console.print(beside, soft_wrap=True)


def _drawn(console: Console, title: str, table: MatrixTable) -> list[Text]:
    """A title and the lines of a table."""
    return [
        Text(literal(console, title), STRONG),
        *(
            Text.assemble(*((segment.text, segment.style or "") for segment in line))
            for line in console.render_lines(table, pad=False)
        ),
    ]


def print_rows(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a listing below its column heads, one line a row.

    On a terminal the last column is wrapped into the room that the others leave; nothing is cut.

    Examples
    --------
    >>> import sys
    >>> from convtool.view.consoles import console_for
    >>> filters = [["box-3", "3 x 3", "mean of nine"], ["impulse", "1 x 1", "the image itself"]]
    >>> print_rows(console_for(sys.stdout, "never"), ["name", "size", "description"], filters)
    name     size   description
    --------------------------------
    box-3    3 x 3  mean of nine
    impulse  1 x 1  the image itself
    """
    table = [[literal(console, cell) for cell in row] for row in (columns, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    indent = sum(width + 2 for width in widths[:-1])
    room = widths[-1]
    if console.is_terminal:
        room = min(room, max(console.width - indent, _NARROWEST_TEXT))
    for number, (*cells, last) in enumerate(table):
        start = "".join(set_cell_size(cell, width + 2) for cell, width in zip(cells, widths, strict=False))
        for line in Text(last).wrap(console, room):
            print_styled(console, (start + line.plain).rstrip(), Style.null() if number else STRONG)
            start = " " * indent
        if number == 0:
            print_styled(console, _rules(console)[1] * min(indent + room, _LONGEST_RULE), _FAINT)


@dataclass(frozen=True, eq=False)
class MatrixTable:
    """The shown part of a matrix, laid out when a console draws it.

    On a terminal the columns are broken into blocks that fit its width; elsewhere they stay one block.
    Rows and columns are labelled, or ``None`` where some are left out. Some cells may be in brackets.
    """

    values: NDArray[Any]
    rows: Sequence[str | None]
    columns: Sequence[str | None]
    number_format: str
    largest: float
    marked: NDArray[np.bool_] | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        ellipsis = encodable("…", console.encoding)
        vertical, horizontal, crossing = _rules(console)
        labels, heads = (
            [ellipsis if label is None else literal(console, label) for label in labelled]
            for labelled in (self.rows, self.columns)
        )
        if self.marked is not None:
            heads = [f"{head} " for head in heads]  # above the number, not above its bracket
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
        for i in range(len(self.values)):
            yield from (number for number, _ in self._cells(i))

    def _cells(self, i: int, columns: slice = slice(None)) -> Iterator[tuple[str, float]]:
        """The numbers of a row as text, in brackets or with room for them, and as they are."""
        values = self.values[i, columns].tolist()
        numbers = [
            format(value + 0.0, self.number_format) for value in values
        ]  # + 0.0 takes the sign off -0.0
        if self.marked is not None:
            marks = self.marked[i, columns].tolist()
            numbers = [f"[{n}]" if mark else f"{n} " for n, mark in zip(numbers, marks, strict=True)]
        return zip(numbers, values, strict=True)

    def _row(self, i: int, block: slice, ellipsis: str) -> Iterator[tuple[str, Style]]:
        for column, (number, value) in zip(self.columns[block], self._cells(i, block), strict=True):
            if None in (column, self.rows[i]):
                yield ellipsis, _FAINT
            else:
                yield number, _tint(value, self.largest)


def _counted(size: int, first: int) -> list[str]:
    return [str(first + number) for number in range(size)]


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
        return STRONG
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

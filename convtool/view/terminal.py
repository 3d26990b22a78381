"""Pictures drawn in a terminal: half-blocks in as many colours as it has, or shades of ASCII."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from convtool.text import encodable
from convtool.view.colormaps import DIVERGING, Colormap
from convtool.view.consoles import print_line, print_title, terminal_size
from convtool.view.numerals import figure
from convtool.view.resampling import dots_of
from convtool.view.scales import Colours, Scale
from convtool.view.xterm import nearest

Paint = Literal["truecolor", "256", "ascii"]
"""What a picture is drawn in."""

HALF_BLOCK = "▀"
"""Two pixels one above the other: the colour of the text, and the one behind it."""

SHADES = " .:-=+*#%@"
"""From dark to light, on a dark terminal."""

NEGATIVE_SHADES = " ,;ivxoeBM"
"""The same below 0, in letters."""

_BESIDE = 5  # lines of a terminal that are no picture: the title, two on the scale, a blank one, the prompt
_WIDEST = 500  # columns of a picture, however many COLUMNS claims
_BAR, _SHORTEST = 32, 4  # columns of the bar of colours, and of each of its parts at least
_DIGITS = (4, 3)  # of the numbers beside it: as many as there is room for
_LUMA = np.array([19595, 38470, 7471])  # ITU-R 601, in 65536ths
_RESET = "\x1b[0m"


def paint_of(console: Console, color: Literal["auto", "always", "never"]) -> Paint:
    """What a picture can be drawn in where a console of `console_for` prints.

    ``COLORTERM`` and ``TERM`` tell how many colours there are; if they are ``always`` wanted, at least 256.
    """
    if console.no_color or encodable(HALF_BLOCK, console.encoding) != HALF_BLOCK:
        return "ascii"
    term = os.environ.get("TERM", "")
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return "truecolor"
    return "256" if color == "always" or "256color" in term else "ascii"


def print_picture(
    console: Console,
    paint: Paint,
    title: str,
    values: NDArray[Any],
    colormap: Colormap | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Print a title, taken literally, a picture as large as is useful, what its colours mean, a blank line.

    Parameters
    ----------
    values
        ``(H, W)``, or the R, G, B ``(3, H, W)`` of a picture, for a scale of gray.
    colormap, limits
        As of `Scale.fit`. Without limits the scale holds just what is drawn, and if that are means of
        the values, another line says of which.
    """
    columns, lines = _room(console)
    dots = dots_of(values, columns, lines, _dots(paint))
    scale = Scale.fit([dots], Scale.fit([values], colormap, limits).colormap, limits)
    print_title(console, title)
    for line in (*_painted(dots, scale, paint), scale_line(scale, paint, columns)):
        console.file.write(line + "\n")  # as it is: rich takes it for text
    if limits is None and dots.size < values.size:
        size = " × ".join(figure(of / to) for of, to in zip(values.shape, dots.shape, strict=True))
        low, high = figure(float(values.min())), figure(float(values.max()))
        print_line(console, f"means of {size} values from {low} to {high}", wrapped=True)
    console.print()


def scale_line(scale: Scale, paint: Paint, columns: int) -> str:
    """The lowest and the highest value of a scale, 0 if it lies between, and the colours between them.

    Where there is no room for colours, the two values alone; where the two are the same, that one.
    """
    if scale.low == scale.high:
        return f"all are {figure(scale.low)}"
    marks = [scale.low, 0.0, scale.high] if scale.low < 0 < scale.high else [scale.low, scale.high]
    parts = len(marks) - 1
    for digits in _DIGITS:
        texts = [figure(mark, digits) for mark in marks]
        length = min(_BAR, columns - sum(map(len, texts)) - 2 * parts)
        if length >= parts * _SHORTEST:
            break
    else:
        return f"{texts[0]}..{texts[-1]}"
    first = length
    if parts == 2:
        first = min(max(1, round(length * scale.low / (scale.low - scale.high))), length - 1)
    line = texts[0]
    for start, end, text, cells in zip(marks, marks[1:], texts[1:], (first, length - first), strict=False):
        bar = np.linspace(start, end, cells).reshape(1, -1).repeat(_dots(paint), axis=0)
        line += f" {next(_painted(bar, scale, paint))} {text}"
    return line


def _room(console: Console) -> tuple[int, int]:
    """Columns and lines that a picture may cover."""
    width, height = terminal_size(console.file)
    columns = min(width, _WIDEST)
    return columns, max(1, height - _BESIDE) if console.is_terminal else columns


def _dots(paint: Paint) -> int:
    """How many dots of a picture stand one above the other in a character."""
    return 1 if paint == "ascii" else 2


def _painted(dots: NDArray[Any], scale: Scale, paint: Paint) -> Iterator[str]:
    """The dots ``(H, W)`` or ``(3, H, W)`` of a picture, line by line."""
    match paint:
        case "truecolor":
            return _half_blocks(
                [[f"2;{r};{g};{b}" for r, g, b in row] for row in _colours(dots, scale).tolist()]
            )
        case "256":
            numbers = nearest(_colours(dots, scale))
            return _half_blocks([[f"5;{number}" for number in row] for row in numbers.tolist()])
        case "ascii":
            return _characters(dots, scale)


def _colours(dots: NDArray[Any], scale: Scale) -> Colours:
    colours = scale.colours(dots)
    return colours if dots.ndim == 2 else np.moveaxis(colours[..., 0], 0, -1)


def _half_blocks(colours: list[list[str]]) -> Iterator[str]:
    """Two rows of colours a line; below an odd last one is nothing."""
    for top in range(0, len(colours), 2):
        upper, *lower = colours[top : top + 2]
        line = ""
        for pair, run in groupby(zip(upper, *lower, strict=True)):
            attributes = ";".join(f"{place};{colour}" for place, colour in zip((38, 48), pair, strict=False))
            line += f"\x1b[{attributes}m{HALF_BLOCK * len(list(run))}"
        yield line + _RESET


def _characters(dots: NDArray[Any], scale: Scale) -> Iterator[str]:
    """A character a dot, by its lightness; on the diverging map by its distance from 0, and its sign."""
    shades = np.array([list(SHADES), list(NEGATIVE_SHADES)])
    negative = np.zeros(dots.shape[-2:], np.intp)
    if scale.colormap == DIVERGING:
        negative = (dots < 0).astype(np.intp)
        dots, scale = np.abs(dots), Scale(0, max(abs(scale.low), abs(scale.high)), "gray")
    lightness = _colours(dots, Scale(scale.low, scale.high, "gray")) @ _LUMA
    levels = lightness * len(SHADES) >> 24
    for row in shades[negative, levels]:
        yield "".join(row).rstrip()

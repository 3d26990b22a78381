"""Where text is printed: the console of a terminal or a pipe, and single lines on it."""

from __future__ import annotations

import os
from typing import IO, Literal, NoReturn, TextIO

from rich.console import Console
from rich.style import Style
from rich.text import Text

from convtool.text import encodable, printable

STRONG = Style(bold=True)
"""Titles, and what is not like others."""

_PIPE_WIDTH = 1_000_000  # rich takes a pipe for 80 columns and folds or blanks what is wider


def console_for(stream: TextIO, color: Literal["auto", "always", "never"]) -> Console:
    """Make the console that writes to ``stream``: literal text, coloured only where that is wanted.

    ``auto`` colours a terminal unless ``NO_COLOR`` is set or ``TERM`` is ``dumb``; ``always`` and
    ``never`` overrule both, and ``always`` colours a pipe too, whose lines are still never wrapped.
    A reader that goes away is a ``BrokenPipeError``.
    """
    terminal = stream.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    coloured = color == "always" or (color == "auto" and terminal and not plain)
    width, height = terminal_size(stream)
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


def terminal_size(stream: IO[str]) -> tuple[int, int]:
    """Columns and lines that a user sees of a stream; of one that is no terminal, 80 × 25."""
    # rich ignores COLUMNS on a dumb terminal and draws nothing at all where it is 0.
    try:
        width, height = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        width, height = 0, 0
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal():
        width = int(columns) or width
    return width or 80, height or 25


def print_title(console: Console, title: str) -> None:
    """Print the line that stands above a table, taken literally."""
    print_styled(console, literal(console, title), STRONG)


def print_line(console: Console, line: str, *, wrapped: bool = False) -> None:
    """Print a line of text, taken literally; a wrapped one is broken between words on a terminal."""
    text = literal(console, line)
    pieces = [text]
    if wrapped and console.is_terminal:
        pieces = [piece.plain.rstrip() for piece in Text(text).wrap(console, console.width)]
    for piece in pieces:
        print_styled(console, piece, Style.null())


def print_styled(console: Console, line: str, style: Style) -> None:
    """Print a line as it is, in one style, however wide it is."""
    console.print(Text(line, style), soft_wrap=True)


def literal(console: Console, text: str) -> str:
    """Text on one line, in characters that the console's stream can say."""
    return encodable(printable(text), console.encoding)


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        # rich would exit with 1 here; the exit code is for the program to choose.
        raise

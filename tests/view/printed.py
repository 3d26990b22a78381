"""What is printed to a pipe, and to a terminal of a width."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from convtool.view.consoles import console_for

if TYPE_CHECKING:
    from collections.abc import Callable

When = Literal["auto", "always", "never"]


def piped(print_it: Callable[[Console], None], color: When = "auto", encoding: str = "utf-8") -> str:
    """What comes out of a pipe."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    print_it(console_for(stream, color))
    stream.seek(0)
    return stream.read()


def on_terminal(print_it: Callable[[Console], None], width: int) -> str:
    """What a terminal of this width gets, less its colours."""
    stream = io.StringIO()
    print_it(Console(file=stream, width=width, force_terminal=True, color_system=None))
    return stream.getvalue()

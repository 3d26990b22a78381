"""Consoles and the lines on them: literal, coloured only where that is wanted, as wide as what they are."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pytest

from convtool.view.consoles import console_for, print_line, print_title
from convtool.view.tables import print_matrix
from tests.view.printed import When, on_terminal, piped

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestPipe:
    """E8."""

    @pytest.mark.parametrize(
        ("title", "shown"),
        [
            ("[bold]x[/] [/] [link=x]", "[bold]x[/] [/] [link=x]"),
            (":smile: 12 'quoted' http://x", ":smile: 12 'quoted' http://x"),
            ("a\x1b[31m\nb", "a\\x1b[31m\\nb"),
            ("long " * 40 + ".", "long " * 40 + "."),
        ],
    )
    @pytest.mark.parametrize("color", ["auto", "always"])
    def test_a_title_is_one_literal_line(self, title: str, shown: str, color: When) -> None:
        text = piped(lambda console: print_title(console, title), color)
        assert text == (f"\x1b[1m{shown}\x1b[0m\n" if color == "always" else f"{shown}\n")

    @pytest.mark.parametrize("columns", ["0", "1", "7", "80"])
    def test_columns_mean_nothing_in_a_pipe(self, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert piped(lambda console: console.print("words " * 40)) == "words " * 40 + "\n"
        assert piped(lambda console: console.print(console.is_terminal)) == "False\n"

    def test_a_console_prints_any_string_as_it_is(self) -> None:
        assert piped(lambda console: console.print("[b]x[/] :smile: 12"), "always") == "[b]x[/] :smile: 12\n"

    def test_a_reader_that_goes_away_is_a_broken_pipe(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as stream:
            with pytest.raises(BrokenPipeError, match="Broken pipe"):
                print_matrix(console_for(stream, "auto"), "m", [[1.0]])
            os.dup2(os.open(os.devnull, os.O_WRONLY), writer)  # for what the stream still holds


class TestTerminal:
    """E8: a real one, 30 columns wide."""

    @pytest.fixture
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        near, far = os.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
        with os.fdopen(near, "rb"), os.fdopen(far, "w", encoding="utf-8") as stream:
            yield stream

    @pytest.mark.parametrize(
        ("color", "variable", "value", "coloured"),
        [
            ("auto", "LANG", "C", True),
            ("auto", "NO_COLOR", "", True),
            ("auto", "NO_COLOR", "1", False),
            ("auto", "TERM", "dumb", False),
            ("always", "NO_COLOR", "1", True),
            ("always", "TERM", "dumb", True),
            ("never", "FORCE_COLOR", "1", False),
        ],
    )
    def test_colour(
        self,
        terminal: TextIO,
        color: When,
        variable: str,
        value: str,
        coloured: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv(variable, value)
        console = console_for(terminal, color)
        with console.capture() as capture:
            print_matrix(console, "m", [[1, 0, -1]])
        assert ("\x1b" in capture.get()) == coloured
        assert console.is_terminal

    @pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
    @pytest.mark.parametrize(
        ("columns", "width"), [(None, 30), ("0", 30), ("many", 30), ("17", 17), ("1", 1)]
    )
    def test_width(
        self, terminal: TextIO, term: str, columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", term)
        if columns is not None:
            monkeypatch.setenv("COLUMNS", columns)
        assert console_for(terminal, "auto").width == width

    def test_a_matrix_is_broken_into_blocks(self, terminal: TextIO) -> None:
        console = console_for(terminal, "never")
        with console.capture() as capture:
            print_matrix(console, "m", np.zeros((1, 20)))
        heads = [block.splitlines()[0] for block in capture.get().removeprefix("m\n").split("\n\n")]
        assert [len(head.split()) - 1 for head in heads] == [6, 6, 6, 2]


@pytest.mark.parametrize(
    ("width", "lines"), [(13, ["[b]one[/] two", "three"]), (30, ["[b]one[/] two three"])]
)
def test_a_line_is_wrapped_on_a_terminal_where_that_is_wanted(width: int, lines: list[str]) -> None:
    line = "[b]one[/] two three"
    assert on_terminal(lambda console: print_line(console, line, wrapped=True), width).splitlines() == lines
    assert on_terminal(lambda console: print_line(console, line), width) == line + "\n"
    assert piped(lambda console: print_line(console, 40 * line, wrapped=True)) == 40 * line + "\n"

"""The line that tells how far work has come: one line, within the terminal, and gone before what stays."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from convtool.cli import status
from convtool.cli.status import SECONDS_BETWEEN, StatusLine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


class Terminal:
    """A real one, and what it was told."""

    def __init__(self, near: int, stream: TextIO) -> None:
        self._near, self.stream = near, stream
        self.resize(80)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.stream, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def told(self) -> str:
        """What came since it was asked last."""
        os.write(self.stream.fileno(), b"\0")
        told = b""
        while not told.endswith(b"\0"):
            told += os.read(self._near, 65536)
        return told[:-1].decode()

    def hang_up(self) -> None:
        os.close(self._near)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is put forward."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(status, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Standard error on a terminal of 80 columns."""
    monkeypatch.setenv("TERM", "xterm")
    near, far = os.openpty()
    stream = os.fdopen(far, "w", encoding="utf-8", errors="backslashreplace")
    monkeypatch.setattr(status, "sys", SimpleNamespace(stderr=stream))
    yield Terminal(near, stream)
    for close in (stream.close, lambda: os.close(near)):
        with suppress(OSError):  # where it was hung up
            close()


def shown(*lines: str) -> str:
    """What a terminal is told of lines that replace each other."""
    return "".join(f"\r{line}\x1b[K" for line in lines)


def test_a_line_replaces_the_one_before(terminal: Terminal, clock: SimpleNamespace) -> None:
    line = StatusLine()
    for text in ("one · 1", "two", ""):
        line.update(text)
        assert terminal.told() == shown(text)
        clock.now += SECONDS_BETWEEN


def test_lines_come_no_more_often_than_an_eye_follows(terminal: Terminal, clock: SimpleNamespace) -> None:
    line = StatusLine()
    for step in range(10):
        clock.now = step * SECONDS_BETWEEN / 4
        line.update(str(step))
    assert terminal.told() == shown("0", "4", "8")


@pytest.mark.parametrize("columns", [1, 2, 30, 80, 200])
def test_a_line_is_never_wider_than_the_terminal(
    columns: int, terminal: Terminal, clock: SimpleNamespace
) -> None:
    line = StatusLine()
    terminal.resize(columns)
    text = "".join(chr(ord("a") + number % 26) for number in range(300))
    line.update(text)
    assert terminal.told() == shown(text[: columns - 1])
    terminal.resize(columns + 5)
    clock.now += SECONDS_BETWEEN
    line.update(text)
    assert terminal.told() == shown(text[: columns + 4])


def test_a_terminal_that_does_not_say_how_wide_it_is_has_80_columns(terminal: Terminal) -> None:
    terminal.resize(0)
    StatusLine().update("x" * 300)
    assert terminal.told() == shown("x" * 79)


def test_text_cannot_move_the_cursor(terminal: Terminal) -> None:
    StatusLine().update("a\n\x1b[2Jb\udcff")
    assert terminal.told() == shown(r"a\n\x1b[2Jb\udcff")


def test_work_is_counted(terminal: Terminal, clock: SimpleNamespace) -> None:
    count = StatusLine().counting("images read")
    count(1, 60000)
    clock.now += SECONDS_BETWEEN
    count(60000, 60000)
    assert terminal.told() == shown("1 of 60,000 images read", "60,000 of 60,000 images read")


def test_work_leaves_no_line_behind_however_it_ends(terminal: Terminal) -> None:
    with StatusLine() as line:
        line.update("x")
    assert terminal.told() == shown("x", "")

    def interrupted() -> None:
        with StatusLine() as line:
            line.update("y")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        interrupted()
    assert terminal.told() == shown("y", "")


class TestClear:
    def test_empties_the_line_once(self, terminal: Terminal) -> None:
        line = StatusLine()
        line.update("x")
        line.clear()
        line.clear()
        assert terminal.told() == shown("x", "")

    def test_leaves_a_line_alone_that_is_not_there(self, terminal: Terminal) -> None:
        StatusLine().clear()
        assert terminal.told() == ""

    def test_comes_before_a_line_that_stays(self, terminal: Terminal) -> None:
        line = StatusLine()
        say = line.before(lambda text: print(text, file=terminal.stream, flush=True))
        say("first")
        line.update("x")
        say("second")
        say("third")
        assert terminal.told() == "first\r\n" + shown("x", "") + "second\r\nthird\r\n"


def test_quiet_shows_nothing(terminal: Terminal) -> None:
    line = StatusLine(quiet=True)
    line.update("x")
    line.clear()
    assert terminal.told() == ""


@pytest.mark.parametrize(("term", "is_shown"), [("dumb", False), ("DUMB", False), ("vt100", True)])
def test_a_dumb_terminal_is_shown_nothing_that_it_cannot_clear(
    term: str, is_shown: bool, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    StatusLine().update("x")
    assert terminal.told() == shown("x") * is_shown


def test_nobody_watches_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(status, "sys", SimpleNamespace(stderr=stream))
    said: list[str] = []
    line = StatusLine()
    line.update("x")
    line.before(said.append)("stays")
    line.clear()
    assert (stream.getvalue(), said) == ("", ["stays"])


def test_a_terminal_that_is_gone_ends_no_work(terminal: Terminal, clock: SimpleNamespace) -> None:
    line = StatusLine()
    line.update("x")
    terminal.hang_up()
    clock.now += SECONDS_BETWEEN
    line.update("y")
    line.clear()


def test_a_terminal_without_utf_8_is_shown_plain_letters(terminal: Terminal) -> None:
    terminal.stream.reconfigure(encoding="ascii")  # type: ignore[attr-defined]
    StatusLine().update("1 · é")
    assert terminal.told() == shown(r"1 - \xe9")

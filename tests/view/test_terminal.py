"""Pictures in a terminal: the very escapes and characters of small ones, and the room that any keeps to."""

from __future__ import annotations

import fcntl
import io
import os
import re
import struct
import termios
from typing import TYPE_CHECKING, Any, Literal

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.colormaps import DIVERGING, palette
from convtool.view.consoles import console_for
from convtool.view.numerals import figure
from convtool.view.scales import Scale
from convtool.view.terminal import NEGATIVE_SHADES, SHADES, Paint, paint_of, print_picture, scale_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from numpy.typing import ArrayLike

When = Literal["auto", "always", "never"]
PAINTS: tuple[Paint, ...] = ("truecolor", "256", "ascii")
GRAY: dict[str, Any] = {"colormap": "gray", "limits": (0, 255)}

DARK, LIGHT = "2;68;1;84", "2;253;231;37"  # the ends of viridis
BLUE, MIDDLE, ORANGE = "2;3;67;148", "2;245;244;243", "2;112;53;4"  # the ends of the diverging map, and 0
R = "\x1b[0m"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def printed(values: ArrayLike, paint: Paint, title: str = "t", encoding: str = "utf-8", **scale: Any) -> str:
    """What a pipe gets."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    print_picture(console_for(stream, "never"), paint, title, np.array(values, np.float32), **scale)
    stream.seek(0)
    return stream.read()


def lines_of(values: ArrayLike, paint: Paint, **scale: Any) -> list[str]:
    """The lines of a picture and of its scale."""
    title, *lines, blank, end = printed(values, paint, **scale).split("\n")
    assert (title, blank, end) == ("t", "", "")
    return lines


def plain(line: str) -> str:
    """A line without its escapes."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


class TestColours:
    """Each value is drawn over 8 columns and 4 lines where there is room."""

    def test_two_rows_a_line_and_a_reset_behind_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "2")
        *lines, _ = lines_of([[0, 1], [1, 1], [0, 0], [1, 0]], "truecolor")
        assert lines == [
            f"\x1b[38;{DARK};48;{LIGHT}m▀\x1b[38;{LIGHT};48;{LIGHT}m▀{R}",
            f"\x1b[38;{DARK};48;{LIGHT}m▀\x1b[38;{DARK};48;{DARK}m▀{R}",
        ]

    def test_below_an_odd_last_row_is_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "2")
        *lines, _ = lines_of([[0, 1], [1, 1], [1, 0]], "truecolor")
        assert lines[1:] == [f"\x1b[38;{LIGHT}m▀\x1b[38;{DARK}m▀{R}"]

    def test_values_are_enlarged_and_a_run_has_one_escape(self) -> None:
        *lines, _ = lines_of([[-2, 0, 2]], "truecolor")
        assert (
            lines
            == [
                "".join(f"\x1b[38;{c};48;{c}m▀▀▀▀▀▀▀▀" for c in (BLUE, MIDDLE, ORANGE)) + R,
            ]
            * 4
        )

    def test_in_256_colours(self) -> None:
        *lines, _ = lines_of([[-2, 0, 2]], "256")
        assert lines == [
            "".join(f"\x1b[38;5;{n};48;5;{n}m▀▀▀▀▀▀▀▀" for n in (25, 255, 88)) + R,
        ] * 4  # fmt: skip

    def test_a_picture_has_its_own_colours(self) -> None:
        red, gray = [[[255, 7]], [[0, 7]], [[0, 7]]], [[200]]
        assert lines_of(red, "truecolor", **GRAY)[0] == (
            "\x1b[38;2;255;0;0;48;2;255;0;0m▀▀▀▀▀▀▀▀\x1b[38;2;7;7;7;48;2;7;7;7m▀▀▀▀▀▀▀▀\x1b[0m"
        )
        assert lines_of(red, "256", **GRAY)[0].startswith("\x1b[38;5;196;48;5;196m▀")
        assert lines_of(gray, "truecolor", **GRAY)[0] == f"\x1b[38;2;200;200;200;48;2;200;200;200m▀▀▀▀▀▀▀▀{R}"

    def test_the_scale_is_drawn_in_them(self) -> None:
        line = lines_of([[0, 1]], "truecolor")[-1]
        assert plain(line) == f"0 {'▀' * 32} 1"
        assert line.startswith(f"0 \x1b[38;{DARK};48;{DARK}m▀")
        assert line.endswith(f"\x1b[38;{LIGHT};48;{LIGHT}m▀{R} 1")
        shades = [int(shade) for shade in np.rint(np.linspace(0, 255, 32))]
        colours = [tuple(map(int, found)) for found in re.findall(r"38;2;(\d+);(\d+);(\d+)", line)]
        assert colours == [tuple(palette("viridis")[shade].tolist()) for shade in shades]


class TestAscii:
    def test_a_value_is_a_square_of_one_character(self) -> None:
        assert lines_of([[1, 0, 2], [3, 1, 0], [0, 0, 4]], "ascii") == [
            *["::::::::        ++++++++"] * 4,
            *["########::::::::"] * 4,
            *["                @@@@@@@@"] * 4,
            "0     ...:::---===+++***###%%%%@@@ 4",
        ]

    def test_below_0_are_letters(self) -> None:
        assert lines_of([[-1, 0, 1], [-2, 0, 2]], "ascii") == [
            *["xxxxxxxx        ++++++++"] * 4,
            *["MMMMMMMM        @@@@@@@@"] * 4,
            "-2 MMBeeoxxvii;,, 0   ..:--=++*##%@@ 2",
        ]

    def test_only_on_the_diverging_map(self) -> None:
        assert lines_of([[-1, 1]], "ascii", colormap="gray")[0] == " " * 8 + "@" * 8

    @given(hnp.arrays(np.int8, (3, 4), elements=st.integers(-127, 127)))
    def test_the_opposite_has_the_other_signs(self, values: np.ndarray) -> None:
        turned = str.maketrans(SHADES + NEGATIVE_SHADES, NEGATIVE_SHADES + SHADES)
        scale: dict[str, Any] = {"colormap": DIVERGING, "limits": (-127, 127)}
        *shown, _ = lines_of(values, "ascii", **scale)
        *opposite, _ = lines_of(-values.astype(int), "ascii", **scale)
        assert [line.translate(turned) for line in shown] == opposite

    def test_colour_becomes_its_lightness(self) -> None:
        picture = np.array([[[255, 0, 0, 255]], [[0, 255, 0, 255]], [[0, 0, 255, 255]]])
        assert lines_of(picture, "ascii", **GRAY)[0] == "::::::::++++++++........@@@@@@@@"

    def test_nothing_but_ascii(self) -> None:
        values = np.arange(-500, 500).reshape(1, 1000)
        assert printed(values, "ascii", encoding="ascii").encode("ascii").splitlines()[-2] == (
            b"means of 1 x 12.5 values from -500 to 499"
        )


class TestScale:
    @pytest.mark.parametrize(
        ("scale", "columns", "line"),
        [
            (Scale(0, 255, "gray"), 80, "0     ...:::---===+++***###%%%%@@@ 255"),
            (Scale(0, 255, "gray"), 20, "0   .:--=+**#%@@ 255"),
            (Scale(-340, 420, DIVERGING), 80, "-340 Beooxvvii;,, 0   ..::-==++*##%%@@ 420"),
            (Scale(-340, 420, DIVERGING), 20, "-340 Bx; 0  -*@ 420"),
            (Scale(-340, 420, DIVERGING), 19, "-340..420"),
            (Scale(-1, 1000, DIVERGING), 80, "-1  0    ....:::---==++++***###%%%@@@ 1,000"),
            (Scale(-1000, 1, DIVERGING), 80, "-1,000 MMMBBBeeeoooxxxvvviii;;;,,, 0  1"),
            (Scale(-7, 0, DIVERGING), 80, "-7 MMMBBBBeeeoooxxxvvviii;;;,,, 0"),
            (Scale(-7, -2, DIVERGING), 80, "-7 MMMMMBBBBeeeeoooooxxxxvvvviiiii; -2"),
            (Scale(7, 7, "viridis"), 80, "all are 7"),
            (Scale(-0.0, 0, "viridis"), 80, "all are 0"),
            (Scale(-0.0, 1, "viridis"), 20, "0   ..:--=++*##%@@ 1"),
            (Scale(0.123456789, 1234567, "gray"), 25, "0.1235  .:-=+*#%@ 1.235e6"),
            (Scale(-0.123456789, -1.2345e-38, DIVERGING), 21, "-0.123 Moi -1.23e-38"),
            (Scale(-1.5e-7, -1.25e-8, DIVERGING), 20, "-1.5e-7..-1.25e-8"),
        ],
    )
    def test_it_goes_from_the_lowest_value_by_0_to_the_highest(
        self, scale: Scale, columns: int, line: str
    ) -> None:
        assert scale_line(scale, "ascii", columns) == line

    @given(
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2),
        st.sampled_from([20, 60, 80, 200]),
        st.sampled_from(PAINTS),
    )
    def test_it_fits_and_tells_both_ends(self, ends: list[float], columns: int, paint: Paint) -> None:
        low, high = sorted(ends)
        if low == high:
            low, high = min(low, 0.0), max(high, 0.0)
        line = plain(scale_line(Scale.fit([np.array(ends)]), paint, columns))
        assert len(line) <= columns
        texts = re.split(r" |\.\.", line.removeprefix("all are "))
        assert texts[0] in [figure(low, digits) for digits in (3, 4)]
        assert texts[-1] in [figure(high, digits) for digits in (3, 4)]

    def test_it_holds_what_is_drawn_and_says_of_which_values_that_are_means(self) -> None:
        values = np.zeros((200, 200))
        values[:2, 0] = [8, -4]
        lines = lines_of(values, "truecolor")
        assert lines[0].startswith(f"\x1b[38;{ORANGE};48;{MIDDLE}m▀\x1b[38;{MIDDLE};48;{MIDDLE}m▀▀")
        assert plain(lines[-2]) == f"0 {'▀' * 32} 0.64"
        assert lines[-1] == "means of 2.5 × 2.5 values from -4 to 8"

    def test_of_values_that_are_all_alike_nothing_else_is_told(self) -> None:
        assert lines_of(np.full((200, 200), 7), "truecolor")[-1] == "means of 2.5 × 2.5 values from 7 to 7"

    def test_means_are_told_only_of_what_is_reduced(self) -> None:
        assert not any("means" in line for line in lines_of(np.eye(40), "ascii"))
        assert any("means" in line for line in lines_of(np.eye(41), "ascii"))
        assert not any("means" in line for line in lines_of(np.eye(80), "truecolor"))
        assert any("means" in line for line in lines_of(np.eye(81), "truecolor"))

    def test_a_picture_has_the_scale_of_its_type(self) -> None:
        *_, last = lines_of(np.full((200, 200), 7), "ascii", **GRAY)
        assert last == "0     ...:::---===+++***###%%%%@@@ 255"


class TestRoom:
    @given(
        st.integers(1, 300),
        st.integers(1, 300),
        st.sampled_from([1, 2, 20, 60, 80, 200]),
        st.sampled_from(PAINTS),
        st.booleans(),
    )
    def test_no_line_is_wider_than_the_terminal(
        self, height: int, width: int, columns: int, paint: Paint, signed: bool
    ) -> None:
        values = np.arange(height * width).reshape(height, width) - (height * width // 2 if signed else 0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            _, *lines, _, _ = printed(values, paint).split("\n")
        picture = [line for line in lines if not line.startswith("means")]
        if columns < 20:  # numbers are told in any case
            picture.pop()
        assert max(len(plain(line)) for line in picture) <= columns
        assert len(picture) <= columns + 1
        if paint != "ascii":
            assert all(line.endswith(R) for line in picture[:-1])

    @pytest.mark.parametrize(("columns", "width"), [("0", 80), ("many", 80), ("", 80), ("9" * 30, 500)])
    def test_odd_columns(self, columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", columns)
        assert len(plain(lines_of(np.ones((2, 2000)), "truecolor")[0])) == width

    @pytest.fixture
    def terminal(self) -> Iterator[TextIO]:
        """One of 60 columns and 12 lines."""
        near, far = os.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 60, 0, 0))
        with os.fdopen(near, "rb"), os.fdopen(far, "w", encoding="utf-8") as stream:
            yield stream

    def test_what_means_are_of_is_wrapped(self, terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "20")
        console, text = console_for(terminal, "never"), io.StringIO()
        monkeypatch.setattr(console, "_file", Shown(terminal, text))
        print_picture(console, "ascii", "t", np.eye(100))
        assert text.getvalue().splitlines()[-4:] == ["means of 14.29 ×", "7.143 values from 0", "to 1", ""]

    @pytest.mark.parametrize(("shape", "lines"), [((100, 100), 11), ((1000, 10), 11), ((10, 1000), 5)])
    def test_title_picture_and_scale_stay_on_the_screen(
        self, shape: tuple[int, int], lines: int, terminal: TextIO
    ) -> None:
        console = console_for(terminal, "never")
        text = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(console, "_file", Shown(terminal, text))
            print_picture(console, "ascii", "t", np.ones(shape))
        assert text.getvalue().count("\n") == lines


class Shown(io.StringIO):
    """A terminal whose text is kept."""

    def __init__(self, terminal: TextIO, text: io.StringIO) -> None:
        super().__init__()
        self.fileno, self.isatty, self.write = terminal.fileno, terminal.isatty, text.write  # type: ignore[method-assign]


class TestPaint:
    @pytest.mark.parametrize(
        ("color", "variables", "paint"),
        [
            ("auto", {}, "ascii"),
            ("auto", {"TERM": "xterm"}, "ascii"),
            ("auto", {"TERM": "xterm-16color"}, "ascii"),
            ("auto", {"TERM": "xterm-256color"}, "256"),
            ("auto", {"TERM": "screen-256color-bce"}, "256"),
            ("auto", {"TERM": "xterm-direct"}, "truecolor"),
            ("auto", {"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
            ("auto", {"TERM": "xterm", "COLORTERM": "24bit"}, "truecolor"),
            ("auto", {"TERM": "xterm-256color", "COLORTERM": "yes"}, "256"),
            ("auto", {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "ascii"),
            ("auto", {"TERM": "dumb", "COLORTERM": "truecolor"}, "ascii"),
            ("never", {"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "ascii"),
            ("always", {}, "256"),
            ("always", {"TERM": "dumb", "NO_COLOR": "1"}, "256"),
            ("always", {"COLORTERM": "truecolor"}, "truecolor"),
        ],
    )
    def test_on_a_terminal(
        self, color: When, variables: dict[str, str], paint: Paint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("TERM", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        near, far = os.openpty()
        with os.fdopen(near, "rb"), os.fdopen(far, "w", encoding="utf-8") as stream:
            assert paint_of(console_for(stream, color), color) == paint

    @pytest.mark.parametrize(
        ("color", "encoding", "paint"),
        [
            ("auto", "utf-8", "ascii"),
            ("always", "utf-8", "truecolor"),
            ("always", "cp437", "truecolor"),  # it has half-blocks too
            ("always", "ascii", "ascii"),
            ("always", "latin-1", "ascii"),
        ],
    )
    def test_in_a_pipe(
        self, color: When, encoding: str, paint: Paint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLORTERM", "truecolor")
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        assert paint_of(console_for(stream, color), color) == paint


def test_a_title_is_text() -> None:
    assert printed([[1]], "ascii", title="[bold]a\n\x1b[31m.png").splitlines()[0] == r"[bold]a\n\x1b[31m.png"

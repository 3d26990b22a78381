"""Peaks as a table at every width, as comma-separated values, and as frames on their picture."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from rich.console import Console

from convtool.learn.peaks import Peak
from convtool.view.consoles import console_for
from convtool.view.finds import FIELDS, FRAME, SHADOW, annotated, finds_as_csv, print_finds
from tests import scenes
from tests.tolerances import assert_equal

PICTURE = scenes.noise(1, 40, 50)


def record(rank: int, **fields: Any) -> dict[str, Any]:
    made = {"input": "a.png", "filter": "eye", "rank": rank, "y": 7, "x": 12, "size": (5, 4), "score": 0.25}
    return {**made, **fields}


THREE = [
    record(1, score=0.78125),
    record(2, y=1234, x=0, score=0.00004, filter="eye-r-15-s0.9"),
    record(3, score=-12.5, filter="eye-r5-s1"),
]
PIPED = """\
a.png · eye · 3 peaks
rank  y     x   size  score     filter
---------------------------------------------
1     7     12  5×4   0.7812    eye
2     1234  0   5×4   0.0000    eye-r-15-s0.9
3     7     12  5×4   -12.5000  eye-r5-s1

"""


def piped(records: list[dict[str, Any]], precision: int = 4, encoding: str = "utf-8", **names: str) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    console = console_for(stream, "never")
    print_finds(console, names.get("input_", "a.png"), names.get("filter_", "eye"), records, precision)
    stream.seek(0)
    return stream.read()


class TestTable:
    def test_a_pipe_has_a_line_for_each_peak(self) -> None:
        assert piped(THREE) == PIPED

    @pytest.mark.parametrize(
        ("count", "title"),
        [(0, "a.png · eye · no peaks"), (1, "a.png · eye · 1 peak"), (2, "a.png · eye · 2 peaks")],
    )
    def test_titles(self, count: int, title: str) -> None:
        lines = piped(THREE[:count]).split("\n")
        assert lines[0] == title
        assert len(lines) == (count + 5 if count else 3)

    @pytest.mark.parametrize(("precision", "score"), [(0, "13"), (1, "12.6"), (6, "12.625000")])
    def test_precision(self, precision: int, score: str) -> None:
        assert piped([record(1, score=12.625)], precision).splitlines()[3].split()[4] == score

    def test_scores_that_are_all_whole_have_no_decimals(self) -> None:
        def scores(*values: float) -> list[str]:
            lines = piped([record(1, score=value) for value in values]).splitlines()[3:-1]
            return [line.split()[4] for line in lines]

        assert scores(3259.0, -2.0) == ["3259", "-2"]
        assert scores(3259.0, -2.5) == ["3259.0000", "-2.5000"]

    @pytest.mark.parametrize("width", [60, 80, 200])
    def test_a_terminal_has_every_word_within_its_width(self, width: int) -> None:
        named = [record(k, filter="faces-" + "long " * 15 + f"name{k}") for k in (1, 2)]
        stream = io.StringIO()
        console = Console(file=stream, width=width, force_terminal=True, color_system=None)
        print_finds(console, "a.png", "faces", named, 4)
        title, head, rule, *lines, last = stream.getvalue().splitlines()
        assert (title, last) == ("a.png · faces · 2 peaks", "")
        assert head.split() == ["rank", "y", "x", "size", "score", "filter"]
        assert set(rule) == {"─"}
        assert max(map(len, (head, rule, *lines))) <= width
        shown = [line[:27].split() for line in lines if line[0] != " "]
        assert shown == [["1", "7", "12", "5×4", "0.2500"], ["2", "7", "12", "5×4", "0.2500"]]
        words = " ".join(line[27:] for line in lines).split()
        assert words == " ".join(each["filter"] for each in named).split()
        assert (len(lines) == 2) == (width > 120)

    def test_names_are_text_and_never_markup(self) -> None:
        shown = piped([record(1, filter="[/]\x1b[31m")], input_="[bold]a\n.png", filter_=":smile:")
        assert shown.splitlines()[0] == r"[bold]a\n.png · :smile: · 1 peak"
        assert shown.splitlines()[3].endswith(r"  [/]\x1b[31m")

    def test_a_stream_of_ascii_gets_ascii(self) -> None:
        shown = piped(THREE[:1], encoding="ascii", input_="é.png")
        assert shown.startswith("\\xe9.png - eye - 1 peak\n")
        assert "5x4" in shown


class TestCsv:
    def test_a_header_and_a_line_for_each(self) -> None:
        assert finds_as_csv(THREE, header=True) == (
            "input,filter,rank,y,x,height,width,score\n"
            "a.png,eye,1,7,12,5,4,0.78125\n"
            "a.png,eye-r-15-s0.9,2,1234,0,5,4,4e-05\n"
            "a.png,eye-r5-s1,3,7,12,5,4,-12.5\n"
        )
        assert finds_as_csv([], header=True) == ",".join(FIELDS) + "\n"

    def test_may_go_on_without_a_header(self) -> None:
        assert finds_as_csv(THREE[:1], header=False) == "a.png,eye,1,7,12,5,4,0.78125\n"
        assert finds_as_csv([], header=False) == ""

    @pytest.mark.parametrize("name", ["a,b", 'a"b', "a\nb", '"', " a ", "é", "=1+1", ""])
    def test_any_name_reads_back(self, name: str) -> None:
        text = finds_as_csv([record(1, input=name, filter=name)], header=True)
        (row,) = csv.DictReader(io.StringIO(text, newline=""))
        assert (row["input"], row["filter"], row["score"]) == (name, name, "0.25")


def drawn(values: NDArray[Any], *peaks: Peak, colour: bool = False) -> NDArray[np.uint8]:
    """The picture ``(H, W, 3)`` that is made of these values."""
    content = annotated(values.astype(np.float32), peaks, colour=colour)
    with PIL.Image.open(io.BytesIO(content)) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        return np.asarray(picture)


def peak(y: int, x: int, height: int, width: int, rank: int = 1) -> Peak:
    return Peak(rank, y, x, (height, width), 1.0, 0)


def frame_of(picture: NDArray[np.uint8], found: Peak, distance: int) -> NDArray[np.uint8]:
    """The pixels ``(n, 3)`` this far outside of a peak's window."""
    top, left = found.y - distance, found.x - distance
    bottom, right = found.y + found.size[0] - 1 + distance, found.x + found.size[1] - 1 + distance
    rows, columns = slice(top, bottom + 1), slice(left, right + 1)
    sides = [picture[[top, bottom], columns], picture[rows, [[left], [right]]]]
    return np.concatenate([side.reshape(-1, 3) for side in sides])


class TestPicture:
    def test_a_frame_stands_around_the_window_between_shadows(self) -> None:
        found = peak(10, 15, 20, 25)
        picture = drawn(PICTURE, found)
        assert (frame_of(picture, found, 1) == FRAME).all()
        assert (frame_of(picture, found, 2) == SHADOW).all()
        assert (frame_of(picture, found, 0)[..., 0] <= FRAME[0]).all()
        assert (picture[29, 15:40] == SHADOW).all()

    def test_all_else_is_the_picture(self) -> None:
        picture = drawn(PICTURE, peak(10, 15, 20, 25))
        original = np.dstack([PICTURE] * 3)
        changed = (picture != original).any(axis=2)
        assert changed[8:32, 13:42].sum() > 200
        changed[8:32, 13:42] = False
        assert not changed.any()
        inside = slice(25, 29), slice(16, 39)  # below the number
        assert_equal(picture[inside], original[inside])

    def test_a_number_stands_in_the_corner(self) -> None:
        gray = np.full((40, 50), 128)
        digits = []
        for rank in (1, 2, 12):
            inside = drawn(gray, peak(10, 15, 20, 25, rank))[11:29, 16:39]
            yellow = (inside[..., 0] > inside[..., 2].astype(int) + 50).nonzero()
            assert len(yellow[0]) > 8
            assert max(yellow[0]) < 14
            digits.append((max(yellow[1]), len(yellow[0])))
        assert digits[0] != digits[1]
        assert digits[2][0] > digits[1][0]

    def test_no_peak_no_change(self) -> None:
        assert_equal(drawn(PICTURE), np.dstack([PICTURE] * 3))

    def test_colour_stays(self) -> None:
        colour = np.random.default_rng(2).integers(0, 256, (3, 40, 50), np.uint8)
        assert_equal(drawn(colour, colour=True), colour.transpose(1, 2, 0))
        picture = drawn(colour, peak(10, 15, 20, 25), colour=True)
        assert_equal(picture[32:], colour.transpose(1, 2, 0)[32:])
        assert (frame_of(picture, peak(10, 15, 20, 25), 1) == FRAME).all()

    def test_several_planes_are_shown_as_their_mean(self) -> None:
        planes = np.stack([PICTURE * 0, PICTURE, PICTURE // 2 * 4])
        expected = np.rint(planes.mean(axis=0, dtype=np.float32))
        assert_equal(drawn(planes), np.dstack([expected] * 3))

    @pytest.mark.parametrize(
        ("values", "codes"),
        [
            ([[0, 257, 65535]], [[0, 1, 255]]),
            ([[256, 256 + 255]], [[0, 255]]),
            ([[-1, 0, 254]], [[0, 1, 255]]),
            ([[0, 0.2, 1]], [[0, 51, 255]]),
            ([[0.25, 0.5]], [[0, 255]]),
            ([[-3, -2, -1]], [[0, 128, 255]]),
            ([[0, 100, 255]], [[0, 100, 255]]),
            ([[3, 200]], [[3, 200]]),
            ([[0.4, 7.6, 2.5]], [[0, 8, 2]]),
            ([[0, 0]], [[0, 0]]),
            ([[1, 1]], [[1, 1]]),
            ([[300, 300]], [[0, 0]]),
            ([[-7, -7]], [[0, 0]]),
        ],
    )
    def test_numbers_beyond_8_bits_are_spread_and_others_kept(
        self, values: list[list[float]], codes: list[list[int]]
    ) -> None:
        assert_equal(drawn(np.array(values)), np.dstack([np.array(codes)] * 3))

    def test_the_best_are_drawn_last(self) -> None:
        first, second = peak(5, 5, 15, 15, 1), peak(12, 12, 15, 15, 2)
        picture = drawn(np.full((40, 50), 128), first, second)
        assert (frame_of(picture, first, 1) == FRAME).all()
        assert not (frame_of(picture, second, 1) == FRAME).all()
        assert (frame_of(picture, second, 1) == FRAME).all(axis=1).mean() > 0.7

    @pytest.mark.parametrize(("y", "x"), [(0, 0), (0, 30), (20, 0), (20, 30)])
    def test_frames_at_the_border_are_cut(self, y: int, x: int) -> None:
        picture = drawn(PICTURE, peak(y, x, 20, 20))
        assert picture.shape == (40, 50, 3)
        inner_row, inner_column = (20 if y == 0 else 19), (20 if x == 0 else 29)
        assert (picture[inner_row, x : x + 20] == FRAME).all()
        assert (picture[y : y + 20, inner_column] == FRAME).all()

    @pytest.mark.parametrize(("side", "thick"), [(100, 1), (599, 1), (640, 2), (1200, 3)])
    def test_frames_are_as_thick_as_the_picture_asks(self, side: int, thick: int) -> None:
        found = peak(30, 20, 50, 60)
        picture = drawn(np.full((side, side + 100), 128), found)
        below_the_number = picture[75, 10:50].tolist()
        across = "".join({FRAME: "f", SHADOW: "s"}.get(tuple(cell), ".") for cell in below_the_number)
        assert re.fullmatch(rf"\.+sf{{{thick}}}s\.+", across)
        assert (frame_of(picture, found, 1) == FRAME).all()

    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 3)])
    def test_the_smallest_pictures(self, shape: tuple[int, int]) -> None:
        picture = drawn(np.full(shape, 128), peak(0, 0, *shape))
        assert picture.shape == (*shape, 3)

"""Marks on paper: where each is drawn, in which colour, and that its box says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.drawings.drawing import (
    BLACK,
    BLUE,
    HAIRLINE,
    HEAD,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    WHITE,
    Dot,
    Drawing,
    Line,
    Mark,
    Rectangle,
    Text,
    Tile,
    ink_on,
    page,
)
from convtool.view.drawings.lettering import BODY, SMALL, TITLE
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts


def drawn(*marks: Mark) -> np.ndarray:
    return pixels(Drawing(80, 80, marks).png())


def inked(picture: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not white."""
    rows, columns = (picture != WHITE).any(axis=2).nonzero()
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Of two colours, by WCAG 2.1: from 1 to 21."""

    def luminance(colour: tuple[int, ...]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return float(np.dot(parts, [0.2126, 0.7152, 0.0722]))

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


class TestText:
    @pytest.mark.parametrize("turned", [False, True])
    @pytest.mark.parametrize("anchor", ["ls", "rs", "ms", "lm", "rm", "mm"])
    def test_its_box_is_around_its_ink(self, anchor: str, turned: bool) -> None:
        mark = Text(40, 40, "Hxg", BODY, BLACK, anchor, turned)
        ink = inked(drawn(mark))
        for edge, seen in zip(mark.box[:2], ink[:2], strict=True):
            assert 0 <= seen - edge <= 1
        for edge, seen in zip(mark.box[2:], ink[2:], strict=True):
            assert 0 <= edge - seen <= 1

    def test_turned_text_is_a_quarter_further_against_the_clock(self) -> None:
        upright, turned = drawn(Text(20, 40, "iiM", BODY)), drawn(Text(40, 60, "iiM", BODY, turned=True))
        assert_equal(turned < 128, np.rot90(upright) < 128)

    def test_its_colour(self) -> None:
        assert (drawn(Text(5, 30, "M", TITLE, BLUE)) == BLUE).all(axis=2).any()

    def test_it_is_made_legible(self) -> None:
        assert Text(0, 0, "é\n").text == r"e\n"

    @pytest.mark.parametrize("size", [SMALL, BODY, TITLE])
    def test_empty_text_leaves_the_paper_white(self, size: int) -> None:
        assert (drawn(Text(30, 20, "", size), Text(30, 20, "", size, turned=True)) == 255).all()


def test_a_rectangle() -> None:
    picture = drawn(Rectangle((3, 5, 10, 6), ORANGE))
    assert (picture[5, 3:10] == ORANGE).all()
    assert inked(picture) == (3, 5, 10, 6)


@pytest.mark.parametrize("shape", [(4, 7), (4, 7, 3)])
def test_a_tile_has_a_hairline_around_it(shape: tuple[int, ...]) -> None:
    codes = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    mark = Tile(10, 20, codes)
    picture = drawn(mark)
    assert mark.box == (10, 20, 17, 24)
    assert_equal(picture[20:24, 10:17], np.broadcast_to(codes.reshape(4, 7, -1), (4, 7, 3)))
    assert inked(picture) == (9, 19, 18, 25)
    around = picture[19:25, 9:18].copy()
    around[1:-1, 1:-1] = HAIRLINE
    assert (around == HAIRLINE).all()


@given(st.dictionaries(st.integers(5, 75), st.floats(5, 75), min_size=2, max_size=9), st.integers(3, 5))
def test_a_line_goes_through_its_points(values: dict[int, float], width: int) -> None:
    points = sorted(values.items())
    mark = Line(tuple(points), BLACK, width)
    picture = drawn(mark)
    for x, y in points[1:-1]:
        assert picture[int(y), int(x)].max() < 128
    left, top, right, bottom = inked(picture)
    assert left >= np.floor(mark.box[0])
    assert top >= np.floor(mark.box[1])
    assert right <= np.ceil(mark.box[2])
    assert bottom <= np.ceil(mark.box[3])


def test_a_level_line_is_as_thick_as_it_says() -> None:
    picture = drawn(Line(((10, 20), (50, 20)), ORANGE, 2))
    assert (picture[19:21, 10:50] == ORANGE).all()
    assert inked(picture)[1::2] == (19, 21)
    assert inked(drawn(Line(((20, 10), (20, 50)), ORANGE, 4)))[::2] == (18, 22)


def test_a_dot_is_round() -> None:
    picture = drawn(Dot(30, 20, 5, BLUE))
    square = picture[15:25, 25:35]
    assert inked(picture) == (25, 15, 35, 25)
    for turned in (square[::-1], square[:, ::-1], square.transpose(1, 0, 2)):
        assert_equal(turned, square)
    assert (square[5, 1:-1] == BLUE).all()
    assert (square[0, 0] == WHITE).all()


def test_later_marks_cover_earlier_ones() -> None:
    picture = drawn(Rectangle((0, 0, 20, 20), BLUE), Rectangle((10, 0, 30, 20), ORANGE))
    assert picture[5, [5, 15, 25]].tolist() == [list(BLUE), list(ORANGE), list(ORANGE)]


class TestPage:
    def test_a_title_and_a_line_stand_above(self) -> None:
        drawing = page(
            "a title", "what it is", (300, 50), [Tile(MARGIN, HEAD, np.zeros((50, 300), np.uint8))]
        )
        assert (drawing.width, drawing.height) == (300 + 2 * MARGIN, HEAD + 50 + MARGIN)
        assert texts(drawing) == ["a title", "what it is"]
        assert_tidy(drawing)

    def test_a_long_title_widens_it_up_to_a_limit(self) -> None:
        middling = page("a title of some length", "", (50, 50), ())
        assert 200 < middling.width < 300
        assert texts(middling)[0] == "a title of some length"
        long = page("a long title " * 30, "", (50, 50), ())
        assert long.width == 720 + 2 * MARGIN
        assert texts(long)[0].startswith("a long title a")
        assert texts(long)[0].endswith("…" + texts(long)[0].partition("…")[2])
        for drawing in (middling, long):
            assert_tidy(drawing)

    def test_a_long_line_is_never_cut(self) -> None:
        drawing = page("t", "what is seen here " * 9, (50, 50), ())
        assert texts(drawing)[1] == "what is seen here " * 9
        assert_tidy(drawing)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_ink_is_read_on_any_colour(colour: tuple[int, int, int]) -> None:
    assert contrast(ink_on(colour), colour) >= 4.5


def test_colours_are_told_from_paper_and_from_each_other() -> None:
    assert contrast(INK, WHITE) >= 7
    assert contrast(MUTED, WHITE) >= 4.5
    assert contrast(BLUE, WHITE) >= 4.5
    assert contrast(ORANGE, WHITE) >= 3
    assert contrast(ORANGE, BLUE) >= 2

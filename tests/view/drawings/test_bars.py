"""Colour bars: the colours of the scale from end to end, and numbers that do not run into each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.colormaps import COLORMAPS
from convtool.view.drawings.bars import HEIGHT, KEY, THICK, bar, bar_in_line
from convtool.view.drawings.drawing import MARGIN, Drawing, Rectangle
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, texts, tiles, written

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


def drawn(scale: Scale, width: int = 200) -> Drawing:
    return Drawing(width + 2 * MARGIN, KEY + 2 * MARGIN, tuple(bar(scale, MARGIN, MARGIN, width)))


def ticks(drawing: Drawing) -> list[Rectangle]:
    return [mark for mark in drawing.marks if isinstance(mark, Rectangle)]


def test_colours_go_from_the_lowest_value_to_the_highest() -> None:
    drawing = drawn(Scale(2, 10, "viridis"))
    (tile,) = tiles(drawing)
    assert tile.codes.shape == (THICK, 200, 3)
    assert_equal(tile.codes[0], Scale(2, 10, "viridis").colours(np.linspace(2, 10, 200)))
    assert_equal(tile.codes[-1], tile.codes[0])
    assert texts(drawing) == ["2", "10"]
    assert not ticks(drawing)
    low, high = written(drawing, "2")[0], written(drawing, "10")[0]
    assert (low.x, high.x, high.anchor) == (MARGIN, MARGIN + 200, "rs")


def test_0_is_where_its_colour_is() -> None:
    drawing = drawn(Scale(-1, 3, "blue-orange"))
    assert texts(drawing) == ["-1", "3", "0"]
    (tick,) = ticks(drawing)
    zero = tick.box[0] - MARGIN
    assert written(drawing, "0")[0].x == tick.box[0]
    assert_equal(tiles(drawing)[0].codes[0, zero], Scale(-1, 3, "blue-orange").colours(np.array(0)))


@pytest.mark.parametrize("scale", [Scale(-1, 1000, "blue-orange"), Scale(-1000, 1, "gray")])
def test_0_has_no_number_where_that_would_run_into_another(scale: Scale) -> None:
    drawing = drawn(scale)
    assert "0" not in texts(drawing)
    assert len(ticks(drawing)) == 1


def test_a_single_value_is_said_once() -> None:
    assert texts(drawn(Scale(7, 7, "viridis"))) == ["7"]


@given(
    FINITE,
    FINITE,
    st.sampled_from(COLORMAPS),
    st.integers(144, 600),
)
def test_any_scale_is_tidy(one: float, other: float, name: str, width: int) -> None:
    drawing = drawn(Scale(min(one, other), max(one, other), name), width)  # type: ignore[arg-type]
    assert_tidy(drawing)
    assert max(mark.box[3] for mark in drawing.marks) <= MARGIN + HEIGHT


@given(FINITE, FINITE)
def test_within_a_line_numbers_are_at_both_ends(one: float, other: float) -> None:
    scale = Scale(min(one, other), max(one, other), "viridis")
    marks = tuple(bar_in_line(scale, MARGIN, 2 * MARGIN))
    low, tile, high = (mark.box for mark in marks)
    assert low[2] < tile[0] < tile[2] < high[0]
    assert tile[3] == 2 * MARGIN
    assert_tidy(Drawing(500, 4 * MARGIN, marks))

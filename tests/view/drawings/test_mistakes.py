"""The sheet of mistakes: each picture in its place, with what is said of it below."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.view.drawings.drawing import HEAD, MARGIN, Text
from convtool.view.drawings.mistakes import GAP, SIDE, Mistake, layout, mistakes_sheet
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts, tiles

NOISE = np.random.default_rng(1).integers(0, 256, (3, 28, 28), np.uint8)


def mistake(image: Any = NOISE, **fields: Any) -> Mistake:
    said = {"name": "7.png", "true": "cat", "predicted": "dog", "confidence": 0.97251}
    return Mistake(image, **{**said, **fields})


def test_a_picture_stands_above_what_is_said_of_it() -> None:
    drawing = layout([mistake()], "model.npz")
    assert texts(drawing) == ["model.npz", "1 mistake", "is cat", "taken for dog", "97.3 % · 7.png"]
    (tile,) = tiles(drawing)
    assert tile.box == (MARGIN, HEAD, MARGIN + SIDE, HEAD + SIDE)
    tops = [mark.box[1] for mark in drawing.marks if isinstance(mark, Text)][2:]
    assert [tile.box[3], *tops] == sorted({tile.box[3], *tops})
    assert_tidy(drawing)


def test_the_picture_is_drawn_cell_by_cell() -> None:
    sheet = pixels(mistakes_sheet([mistake()], "model.npz"))
    assert_equal(sheet[HEAD : HEAD + SIDE : 6, MARGIN : MARGIN + SIDE : 6], NOISE.transpose(1, 2, 0))
    assert_equal(sheet[HEAD + 5 : HEAD + SIDE : 6, MARGIN + 5 : MARGIN + SIDE : 6], NOISE.transpose(1, 2, 0))


def test_pictures_of_several_sizes_stand_on_one_line() -> None:
    drawing = layout([mistake(np.zeros(shape)) for shape in ((1, 8, 8), (1, 40, 400), (1, 400, 40))], "t")
    below = {tile.box[3] for tile in tiles(drawing)[:2]}
    assert len(below) == 1
    assert [tile.codes.shape for tile in tiles(drawing)] == [(168, 168), (17, 168), (168, 17)]
    assert_tidy(drawing)


def test_real_numbers_are_on_one_scale() -> None:
    images = [np.full((1, 8, 8), value, np.float32) for value in (0, 0.2, 1)]
    drawing = layout([mistake(image) for image in images], "t")
    assert [int(tile.codes.mean()) for tile in tiles(drawing)] == [0, 51, 255]


@given(st.integers(1, 20), st.integers(4, 300), st.integers(4, 300))
def test_rows_of_any_number_are_tidy(number: int, height: int, width: int) -> None:
    drawing = layout([mistake(np.zeros((1, height, width)))] * number, "t")
    assert_tidy(drawing)
    shown = tiles(drawing)
    assert len(shown) == number
    columns, rows = (len({tile.box[side] for tile in shown}) for side in (0, 3))
    assert (rows - 1) * columns < number <= rows * columns
    assert drawing.width == columns * (SIDE + GAP) - GAP + 2 * MARGIN


def test_of_very_many_the_first_are_drawn_and_the_rest_counted() -> None:
    drawing = layout([mistake(name=str(k)) for k in range(1234)], "t")
    assert len(tiles(drawing)) == 100
    assert texts(drawing)[1] == "1,234 mistakes, of which the first 100 are shown"
    assert [line.partition(" · ")[2] for line in texts(drawing)[4::3]] == [str(k) for k in range(100)]


def test_long_and_hostile_names_keep_to_their_place() -> None:
    long = "a/very/long/name/" * 9
    names = {"true": f"{long}1", "predicted": "\x1b[31m\nété", "name": f"{long}.png"}
    drawing = layout([mistake(**names)] * 4, long)
    assert_tidy(drawing)
    assert texts(drawing)[3] == r"taken for \x1b[31m\nete"
    assert texts(drawing)[2].endswith("name/1")
    assert texts(drawing)[4].startswith("97.3 % · a/v")


def test_none_at_all() -> None:
    drawing = layout([], "model.npz")
    assert texts(drawing) == ["model.npz", "no mistakes"]
    assert_tidy(drawing)


def test_what_is_no_picture() -> None:
    with pytest.raises(InputError, match=r"^a picture of shape \(28, 28\); it must be \(C, H, W\)"):
        mistakes_sheet([mistake(NOISE[0])], "t")

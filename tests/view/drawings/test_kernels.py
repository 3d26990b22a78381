"""Filters on one sheet: where each stands, which colour a weight has, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.drawings.drawing import HEAD, MARGIN, Drawing, Tile
from convtool.view.drawings.kernels import ABOVE, BESIDE, GAP, kernel_sheet, layout
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts, tiles, written


def drawn(*shape: int) -> Drawing:
    weights = np.arange(-1, np.prod(shape) - 1, dtype=np.float32)
    return layout(weights.reshape(shape), None, "t")


def kernels_of(drawing: Drawing) -> list[Tile]:
    return tiles(drawing)[1:]


def test_weights_have_the_colours_of_the_one_scale_that_stands_above() -> None:
    weights = np.float32([[[[0, 2], [-1, -2]]], [[[4, 0], [0, 0]]]])
    drawing = layout(weights, ("one", "two"), "model.npz · conv1")
    assert texts(drawing)[:2] == ["model.npz · conv1", "2 filters · 2x2 · one scale, from -2 to 4"]
    assert texts(drawing)[2:] == ["-2", "4", "0", "one", "0", "2", "-1", "-2", "two", "4", "0", "0", "0"]
    assert_tidy(drawing)
    scale = Scale(-2, 4, "blue-orange")
    picture = pixels(kernel_sheet(weights, ("one", "two"), "model.npz · conv1"))
    for tile, kernel in zip(kernels_of(drawing), weights[:, 0], strict=True):
        assert tile.codes.shape == (96, 96, 3)
        assert_equal(tile.codes[::48, ::48], scale.colours(kernel))
        assert_equal(picture[tile.y : tile.y + 96 : 48, tile.x : tile.x + 96 : 48], scale.colours(kernel))


def test_names_stand_above_and_are_numbers_where_there_are_none() -> None:
    drawing = drawn(3, 1, 2, 2)
    for tile, name in zip(kernels_of(drawing), "123", strict=True):
        (text,) = [text for text in written(drawing, name) if text.anchor == "ls"]
        assert text.x == tile.x
        assert tile.y - ABOVE < text.y < tile.y


@pytest.mark.parametrize(("filters", "columns"), [(1, 1), (2, 2), (4, 2), (16, 4), (100, 12), (4096, 76)])
def test_filters_of_one_channel_make_a_square(filters: int, columns: int) -> None:
    drawing = drawn(filters, 1, 1, 1)
    assert len(kernels_of(drawing)) == filters
    assert len({tile.x for tile in kernels_of(drawing)}) == columns


def test_the_kernels_of_a_filter_stand_side_by_side() -> None:
    drawing = drawn(2, 3, 1, 1)
    assert texts(drawing)[1] == "2 filters of 3 channels · 1x1 · one scale, from -1 to 4"
    first, second = kernels_of(drawing)[:3], kernels_of(drawing)[3:]
    for row in (first, second):
        assert [tile.x - row[0].x for tile in row] == [0, 96 + BESIDE, 2 * (96 + BESIDE)]
        assert len({tile.y for tile in row}) == 1
    assert second[0].y - first[0].y == ABOVE + 96 + GAP


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 1, 3, 3), (96, 96)),
        ((1, 1, 5, 5), (100, 100)),
        ((65, 1, 3, 3), (33, 33)),
        ((65, 1, 2, 5), (14, 35)),
        ((1, 1, 130, 7), (130, 7)),
    ],
)
def test_small_filters_are_enlarged_by_whole_cells(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    assert {tile.codes.shape[:2] for tile in kernels_of(drawn(*shape))} == {size}


def test_weights_of_nothing_but_zeros() -> None:
    drawing = layout(np.zeros((1, 1, 2, 2), np.float32), None, "t")
    assert texts(drawing)[1:3] == ["1 filter · 2x2 · one scale, from 0 to 0", "0"]
    middle = Scale(0, 0, "blue-orange").colours(np.array(0))
    assert (kernels_of(drawing)[0].codes == middle).all()


@pytest.mark.parametrize(
    ("shape", "line", "kernels"),
    [
        ((5000, 1, 1, 1), "5,000 filters, 4,096 of them shown · 1x1", 4096),
        ((100, 64, 1, 1), "100 filters, 64 of them shown of 64 channels · 1x1", 4096),
        ((1, 5000, 1, 1), "1 filter of 5,000 channels, 64 of them shown · 1x1", 64),
    ],
)
def test_of_very_many_the_first_are_drawn(shape: tuple[int, ...], line: str, kernels: int) -> None:
    drawing = drawn(*shape)
    assert texts(drawing)[1].startswith(line)
    assert len(kernels_of(drawing)) == kernels


@given(
    st.integers(1, 70),
    st.integers(1, 5),
    st.integers(1, 12),
    st.integers(1, 12),
    st.one_of(st.none(), st.text(max_size=40)),
)
def test_any_filters_are_tidy(filters: int, channels: int, height: int, width: int, name: str | None) -> None:
    weights = np.random.default_rng(1).standard_normal((filters, channels, height, width)).astype(np.float32)
    drawing = layout(weights, None if name is None else [name] * filters, name or "t")
    assert_tidy(drawing)
    assert min(tile.x for tile in tiles(drawing)) == MARGIN
    assert min(tile.y for tile in tiles(drawing)) == HEAD

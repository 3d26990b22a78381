"""The sheet of patches: a row for each filter, with what it looks like and what excites it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.errors import InputError
from convtool.view.drawings.drawing import HEAD, MARGIN
from convtool.view.drawings.patches import SIDE, layout, patches_sheet
from convtool.view.scales import Scale
from tests.tolerances import assert_equal
from tests.view.drawings.layouts import assert_tidy, pixels, texts, tiles, written

RANDOM = np.random.default_rng(1)
WEIGHTS = np.float32([[[[0, 2], [-1, -4]]], [[[4, 1], [0, 0]]]])


def patches(filters: int, each: int, shape: tuple[int, ...] = (1, 2, 2)) -> list[list[NDArray[Any]]]:
    return [list(RANDOM.integers(0, 256, (each, *shape), np.uint8)) for _ in range(filters)]


def strengths(filters: int, each: int) -> list[list[float]]:
    return [[10.0 * number + 1 / (1 + k) for k in range(each)] for number in range(filters)]


def test_a_row_is_a_number_a_filter_and_its_patches() -> None:
    shown = patches(2, 3)
    drawing = layout(WEIGHTS, shown, strengths(2, 3), "model.npz · conv1")
    line = (
        "2 filters, weights from -4 to 4: blue below 0, orange above · what excites each most, "
        "and its response"
    )
    assert texts(drawing)[:2] == ["model.npz · conv1", line]
    assert texts(drawing)[2:] == ["1", "1.00", "0.500", "0.333", "2", "11.0", "10.5", "10.3"]
    assert_tidy(drawing)
    first, second = tiles(drawing)[:4], tiles(drawing)[4:]
    for row, number in ((first, "1"), (second, "2")):
        assert len({tile.y for tile in row}) == 1
        assert [tile.x for tile in row] == sorted(tile.x for tile in row)
        assert written(drawing, number)[0].box[2] < row[0].x
        assert row[0].y < written(drawing, number)[0].y < row[0].y + SIDE
    assert first[0].y == HEAD
    assert [tile.codes.shape[:2] for tile in first] == [(64, 64)] * 4
    for tile, figure in zip(second[1:], ("11.0", "10.5", "10.3"), strict=True):
        assert written(drawing, figure)[0].x == tile.x
        assert written(drawing, figure)[0].box[1] > tile.y + SIDE


def test_filters_are_white_at_0_and_patches_as_they_are() -> None:
    shown = patches(2, 1)
    drawing = layout(WEIGHTS, shown, strengths(2, 1), "t")
    picture = pixels(drawing.png())
    first, patch, second, _ = (picture[t.y : t.y + SIDE : 32, t.x : t.x + SIDE : 32] for t in tiles(drawing))
    scale = Scale(-4, 4, "blue-orange")
    assert_equal(first, scale.colours(WEIGHTS[0, 0]))
    assert_equal(second, scale.colours(WEIGHTS[1, 0]))
    assert_equal(patch, np.broadcast_to(shown[0][0].transpose(1, 2, 0), (2, 2, 3)))


def test_filters_of_three_channels_are_coloured() -> None:
    weights = np.float32([1, 0, -1]).reshape(1, 3, 1, 1)
    shown = patches(1, 1, (3, 4, 4))
    (filter_, patch) = tiles(layout(weights, shown, strengths(1, 1), "t"))
    assert filter_.codes[0, 0].tolist() == [255, 128, 0]
    line = "1 filter, weights from -1 to 1: gray at 0 · what excites each most, and its response"
    assert texts(layout(weights, shown, strengths(1, 1), "t"))[1] == line
    assert_equal(patch.codes[::16, ::16], shown[0][0].transpose(1, 2, 0))


@pytest.mark.parametrize("channels", [2, 4, 32])
def test_filters_of_other_maps_are_not_drawn(channels: int) -> None:
    drawing = layout(np.ones((2, channels, 3, 3), np.float32), patches(2, 3), strengths(2, 3), "t")
    assert texts(drawing)[1] == "2 filters · what excites each most, and its response"
    assert len(tiles(drawing)) == 6
    assert tiles(drawing)[0].x - written(drawing, "1")[0].box[2] < 16
    assert_tidy(drawing)


def test_real_patches_are_on_one_scale() -> None:
    shown = [[np.full((1, 2, 2), 0.0)], [np.full((1, 2, 2), 0.4)], [np.full((1, 2, 2), 2.0)]]
    drawing = layout(np.ones((3, 2, 1, 1), np.float32), shown, [[1.0]] * 3, "t")
    assert [tile.codes[0, 0] for tile in tiles(drawing)] == [0, 0, 2]
    shown[2] = [np.full((1, 2, 2), 1.0)]
    drawing = layout(np.ones((3, 2, 1, 1), np.float32), shown, [[1.0]] * 3, "t")
    assert [tile.codes[0, 0] for tile in tiles(drawing)] == [0, 102, 255]


def test_a_filter_that_nothing_excites() -> None:
    drawing = layout(WEIGHTS, [patches(1, 2)[0], []], [[2.0, 1.0], []], "t")
    assert texts(drawing)[2:] == ["1", "2.00", "1.00", "2", "nothing excites it"]
    assert len(tiles(drawing)) == 4
    assert_tidy(drawing)
    nothing = layout(np.zeros((2, 8, 3, 3), np.float32), [[], []], [[], []], "t")
    assert texts(nothing)[2:] == ["1", "nothing excites it", "2", "nothing excites it"]
    assert nothing.height == HEAD + 32 + 16 + MARGIN
    assert_tidy(nothing)


def test_weights_of_nothing_but_zeros() -> None:
    drawing = layout(np.zeros((1, 1, 2, 2), np.float32), patches(1, 1), [[0.0]], "t")
    assert (tiles(drawing)[0].codes == Scale(0, 0, "blue-orange").colours(np.array(0))).all()
    assert texts(drawing)[1].startswith("1 filter, weights from 0 to 0: ")


@given(
    st.integers(1, 40),
    st.integers(0, 9),
    st.sampled_from((1, 3, 8)),
    st.integers(1, 150),
    st.integers(1, 150),
)
def test_any_number_of_rows_is_tidy(filters: int, each: int, channels: int, height: int, width: int) -> None:
    shown = [[np.zeros((1, height, width), np.uint8)] * each] * filters
    drawing = layout(np.ones((filters, channels, 3, 3), np.float32), shown, [[1e5] * each] * filters, "t")
    assert_tidy(drawing)
    assert len(tiles(drawing)) == filters * (each + (channels < 8))


@pytest.mark.parametrize(("filters", "blocks"), [(8, 1), (64, 3), (256, 6)])
def test_many_rows_stand_in_blocks(filters: int, blocks: int) -> None:
    drawing = layout(np.ones((filters, 8, 3, 3), np.float32), patches(filters, 9), strengths(filters, 9), "t")
    lefts = sorted({tile.x for tile in tiles(drawing)})
    assert len(lefts) == 9 * blocks
    steps = [after - before for before, after in pairwise(lefts)]
    assert [k for k, step in enumerate(steps, 1) if step > 72 + 40] == list(range(9, 9 * blocks, 9))
    assert drawing.height < drawing.width * 1.5
    assert_tidy(drawing)


def test_of_very_many_the_first_are_drawn() -> None:
    drawing = layout(np.ones((300, 8, 3, 3), np.float32), patches(300, 1), strengths(300, 1), "t")
    assert texts(drawing)[1].startswith("300 filters, of which the first 256 are shown · ")
    assert len(tiles(drawing)) == 256
    assert "256" in texts(drawing)
    assert "257" not in texts(drawing)


@pytest.mark.parametrize(("filters", "rows", "figures"), [(2, 1, 2), (2, 2, 1), (3, 2, 2), (0, 0, 0)])
def test_rows_that_do_not_fit_the_filters(filters: int, rows: int, figures: int) -> None:
    says = rf"^{filters} filter\(s\), patches for {rows} and strengths for {figures}; give as many of each"
    with pytest.raises(InputError, match=says):
        patches_sheet(np.ones((filters, 1, 2, 2), np.float32), patches(rows, 1), strengths(figures, 1), "t")

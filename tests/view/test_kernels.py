"""Filters as one picture: where each stands, and which gray a weight is."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from convtool.view.kernels import GAP, PAPER, kernel_sheet
from tests.tolerances import assert_equal


def drawn(weights: NDArray[np.floating]) -> NDArray[np.uint8]:
    with PIL.Image.open(io.BytesIO(kernel_sheet(weights.astype(np.float32)))) as picture:
        assert (picture.format, picture.mode) == ("PNG", "L")
        return np.asarray(picture)


def tile(sheet: NDArray[np.uint8], row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
    y, x = GAP + row * (height + GAP), GAP + column * (width + GAP)
    return sheet[y : y + height, x : x + width]


def test_zero_is_the_middle_and_the_largest_magnitude_is_white_or_black() -> None:
    sheet = drawn(np.array([[[[0, 2], [-1, -2]]]]))
    assert sheet.shape == (32 + 2 * GAP, 32 + 2 * GAP)
    codes = [[128, 255], [64, 0]]
    assert_equal(tile(sheet, 0, 0, 32, 32), np.kron(codes, np.ones((16, 16))))
    border = sheet.copy()
    tile(border, 0, 0, 32, 32)[:] = PAPER
    assert (border == PAPER).all()


def test_one_scale_is_for_all() -> None:
    sheet = drawn(np.array([4, 1, -2, 0]).reshape(4, 1, 1, 1))
    assert [tile(sheet, *place, 32, 32)[0, 0] for place in ((0, 0), (0, 1), (1, 0), (1, 1))] == [
        255,
        159,
        64,
        128,
    ]


@pytest.mark.parametrize("filters", [1, 2, 3, 4, 5, 10, 17])
def test_filters_of_one_channel_stand_in_a_square(filters: int) -> None:
    weights = np.arange(1, filters + 1).reshape(filters, 1, 1, 1)
    sheet = drawn(weights)
    columns = int(np.ceil(np.sqrt(filters)))
    rows = -(-filters // columns)
    assert sheet.shape == (rows * 35 + GAP, columns * 35 + GAP)
    codes = [int(tile(sheet, *divmod(n, columns), 32, 32).mean()) for n in range(rows * columns)]
    assert codes[:filters] == sorted(set(codes[:filters]))
    assert codes[filters:] == [PAPER] * (rows * columns - filters)


def test_of_several_channels_each_filter_is_a_row() -> None:
    weights = np.arange(-3, 3).reshape(2, 3, 1, 1)
    sheet = drawn(weights)
    assert sheet.shape == (2 * 35 + GAP, 3 * 35 + GAP)
    codes = [[int(tile(sheet, row, column, 32, 32)[0, 0]) for column in range(3)] for row in range(2)]
    assert codes == [[0, 42, 85], [128, 170, 212]]


@pytest.mark.parametrize(
    ("kernel", "pixels"), [((1, 1), (32, 32)), ((3, 3), (33, 33)), ((2, 5), (14, 35)), ((40, 7), (40, 7))]
)
def test_small_filters_are_enlarged_by_whole_cells(kernel: tuple[int, int], pixels: tuple[int, int]) -> None:
    weights = np.random.default_rng(1).uniform(-1, 1, (1, 1, *kernel))
    sheet = drawn(weights)
    assert sheet.shape == tuple(side + 2 * GAP for side in pixels)
    zoom = pixels[0] // kernel[0]
    codes = np.rint(127.5 + 127.5 * weights[0, 0] / np.abs(weights).max())
    assert_equal(tile(sheet, 0, 0, *pixels)[::zoom, ::zoom], codes)


def test_weights_of_nothing_but_zeros() -> None:
    assert (tile(drawn(np.zeros((1, 1, 2, 2))), 0, 0, 32, 32) == 128).all()


def test_of_very_many_the_first_are_drawn() -> None:
    assert drawn(np.ones((70, 64, 1, 1))).shape == (64 * 35 + GAP, 64 * 35 + GAP)
    assert drawn(np.ones((5000, 1, 1, 1))).shape[1] == 71 * 35 + GAP
    assert drawn(np.ones((1, 5000, 1, 1))).shape == (35 + GAP, 4096 * 35 + GAP)

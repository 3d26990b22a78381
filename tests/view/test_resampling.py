"""Arrays made to the room that a terminal has: by whole cells, or by means of areas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.resampling import LARGEST_CELL, area_means, dots_of
from tests.tolerances import assert_close, assert_equal

sides = st.integers(1, 60)


@pytest.mark.parametrize(
    ("shape", "columns", "lines", "dots", "drawn"),
    [
        ((3, 3), 80, 20, 2, (24, 24)),  # no cell is larger than it need be
        ((3, 3), 80, 20, 1, (12, 24)),
        ((9, 9), 80, 20, 2, (36, 36)),  # as high as the room
        ((9, 9), 80, 20, 1, (18, 36)),
        ((7, 13), 80, 20, 2, (35, 65)),  # whole cells only
        ((7, 13), 80, 20, 1, (14, 52)),
        ((1, 80), 80, 20, 2, (1, 80)),
        ((40, 80), 80, 20, 2, (40, 80)),
        ((40, 80), 80, 20, 1, (20, 80)),  # a character covers two rows
        ((1, 80), 80, 20, 1, (1, 80)),
        ((100, 200), 80, 40, 2, (40, 80)),
        ((100, 200), 80, 40, 1, (20, 80)),
        ((200, 100), 80, 20, 2, (40, 20)),
        ((200, 100), 80, 20, 1, (20, 20)),
        ((1, 10_000), 80, 20, 2, (1, 80)),
        ((10_000, 1), 80, 20, 2, (40, 1)),
        ((5, 5), 1, 1, 2, (1, 1)),
    ],
)
def test_the_size_of_a_picture(
    shape: tuple[int, int], columns: int, lines: int, dots: int, drawn: tuple[int, int]
) -> None:
    assert dots_of(np.zeros(shape, np.float32), columns, lines, dots).shape == drawn
    assert dots_of(np.zeros((3, *shape), np.float32), columns, lines, dots).shape == (3, *drawn)


def test_small_values_become_squares() -> None:
    assert dots_of(np.array([[1, 2]]), 4, 3, 2).tolist() == [[1, 1, 2, 2]] * 2
    assert dots_of(np.array([[1, 2]]), 4, 3, 1).tolist() == [[1, 1, 2, 2]]


@given(sides, sides, st.integers(1, 70), st.integers(1, 40), st.sampled_from([1, 2]))
def test_a_picture_fits_and_keeps_its_shape(
    height: int, width: int, columns: int, lines: int, dots: int
) -> None:
    values = np.arange(height * width, dtype=np.float32).reshape(height, width)
    drawn = dots_of(values, columns, lines, dots)
    rows, across = drawn.shape
    assert 1 <= across <= min(columns, LARGEST_CELL * width)
    assert 1 <= rows <= dots * lines
    tall = 2 / dots
    assert abs(rows * tall - across * height / width) <= tall + height / width  # each side is rounded
    assert values.min() <= np.float32(drawn.min()) <= np.float32(drawn.max()) <= values.max()
    if drawn.size >= values.size:
        assert (np.unique(drawn) == np.unique(values)).all()


def test_what_is_reduced_is_the_means_of_areas() -> None:
    values = np.float32([[0, 4, 1, 1], [8, 0, 1, 5]])
    assert area_means(values, (1, 2)).tolist() == [[3, 2]]
    assert area_means(np.float32([[0, 3, 6]]), (1, 2)).tolist() == [[1, 5]]


@given(sides, sides, st.data())
def test_values_that_areas_cut_count_for_their_share(height: int, width: int, data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    values = np.random.default_rng(1).integers(-9, 10, (height, width)).astype(np.float32)
    fine = values.astype(np.float64).repeat(rows, 0).repeat(columns, 1)
    expected = fine.reshape(rows, height, columns, width).mean(axis=(1, 3))
    means = area_means(values, (rows, columns)).astype(np.float64)
    assert_close(means, expected, case="sum", terms=height * width, scale=np.float64(9))


def test_sums_of_huge_values_do_not_overflow() -> None:
    largest = np.finfo(np.float32).max
    assert area_means(np.full((50, 50), largest), (2, 2)).astype(np.float32).tolist() == [[largest] * 2] * 2


def test_values_are_left_alone_where_they_fit() -> None:
    values = np.float32([[1, 2]])
    assert np.shares_memory(area_means(values, (1, 2)), values)
    assert_equal(area_means(values, (1, 2)), values)


def test_planes_are_reduced_each_by_itself() -> None:
    planes = np.array([[[1, 3]], [[5, 9]]])
    assert area_means(planes, (1, 1)).tolist() == [[[2]], [[7]]]

"""Tiles cover every row once, whatever the threads, and a fault in one is not lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool import conv2d, max_pool2d
from convtool.core.tiles import TILE_CELLS, Tile, for_each, padded_strip, row_tiles
from convtool.errors import ArgumentError


@given(planes=st.integers(0, 4), rows=st.integers(1, 500), cells=st.integers(1, 10**6))
def test_every_row_is_in_one_tile(planes: int, rows: int, cells: int) -> None:
    tiles = row_tiles(planes, rows, cells)
    covered = [(tile.n, row) for tile in tiles for row in range(tile.start, tile.stop)]
    assert covered == [(n, row) for n in range(planes) for row in range(rows)]
    assert all((tile.stop - tile.start) * cells <= max(TILE_CELLS, cells) for tile in tiles)


@pytest.mark.parametrize("threads", [1, 3, None])
def test_each_tile_is_worked_on_once(threads: int | None) -> None:
    tiles = row_tiles(3, 40, TILE_CELLS // 7)
    done: list[Tile] = []
    for_each(tiles, done.append, threads)
    assert sorted(done) == tiles


def test_a_fault_in_a_thread_is_raised() -> None:
    def fail(tile: Tile) -> None:
        raise ArithmeticError(tile.n)

    with pytest.raises(ArithmeticError, match="0"):
        for_each(row_tiles(9, 1, TILE_CELLS), fail, 2)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_are_a_whole_number(threads: object) -> None:
    with pytest.raises(ArgumentError, match=r"threads is .*; it must be a whole number of at least 1"):
        conv2d(np.ones((3, 3)), np.ones((2, 2)), threads=threads)  # type: ignore[arg-type]


def test_a_strip_without_padding_is_no_copy() -> None:
    planes = np.zeros((1, 6, 6), np.float32)
    assert np.shares_memory(padded_strip(planes, np.arange(2, 5), np.arange(6)), planes)


def test_large_images_are_computed_in_tiles_without_a_seam() -> None:
    image = np.random.default_rng(3).integers(0, 256, (700, 500)).astype(np.float32)
    assert len(row_tiles(1, 700, 500)) > 1
    expected = image[:-1, :-1] - 2 * image[1:, 1:]
    assert np.array_equal(conv2d(image, [[1, 0], [0, -2]]), expected)
    pooled = max_pool2d(image, (3, 1), stride=1)
    assert np.array_equal(pooled, np.maximum(np.maximum(image[:-2], image[1:-1]), image[2:]))

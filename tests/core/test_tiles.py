"""Tiles cover every cell once, and each reads its part of the padded image."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import ceil, prod

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convtool import FilterBank, conv2d, feature_maps, max_pool2d, plan
from convtool.core.geometry import window
from convtool.core.tiles import TILE_CELLS, padded, regions, row_tiles
from tests.core.twins import NUMPY_MODES
from tests.strategies import PADDING_MODES, pairs
from tests.tolerances import assert_equal


@given(planes=st.integers(0, 4), rows=st.integers(1, 500), cells=st.integers(1, 10**6))
def test_every_row_is_in_one_tile(planes: int, rows: int, cells: int) -> None:
    tiles = row_tiles(planes, rows, cells)
    covered = [(tile.n, row) for tile in tiles for row in range(tile.start, tile.stop)]
    assert covered == [(n, row) for n in range(planes) for row in range(rows)]
    assert all((tile.stop - tile.start) * cells <= max(TILE_CELLS, cells) for tile in tiles)


@given(images=st.integers(0, 4), size=pairs(1, 12), tile=st.tuples(*[st.integers(1, 15)] * 3))
def test_every_cell_is_in_one_region(images: int, size: tuple[int, int], tile: tuple[int, int, int]) -> None:
    covered = Counter()
    for region in regions(images, size, tile):
        sizes = [cut.stop - cut.start for cut in region]
        assert all(1 <= cells <= most for cells, most in zip(sizes, tile, strict=True))
        covered.update(product(*(range(cut.start, cut.stop) for cut in region)))
    assert covered == Counter(product(range(images), range(size[0]), range(size[1])))
    assert len(regions(images, size, tile)) == prod(map(ceil, np.divide((images, *size), tile)))


@given(
    size=pairs(1, 6),
    kernel=pairs(1, 3),
    stride=pairs(1, 3),
    around=st.tuples(pairs(0, 8), pairs(0, 8)),
    mode=st.sampled_from(PADDING_MODES),
    fill=st.sampled_from([0.0, -np.inf]),
    data=st.data(),
)
def test_a_strip_is_cut_from_the_padded_planes(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    around: tuple[tuple[int, int], tuple[int, int]],
    mode: str,
    fill: float,
    data: st.DataObject,
) -> None:
    assume(all(n + sum(sides) >= k for n, sides, k in zip(size, around, kernel, strict=True)))
    windows = window(size, kernel, stride=stride, padding=around)
    planes = np.arange(2 * 3 * prod(size), dtype=np.float32).reshape(2, 3, *size)
    starts = [data.draw(st.integers(0, axis.count - 1)) for axis in windows]
    stops = [data.draw(st.integers(k + 1, axis.count)) for k, axis in zip(starts, windows, strict=True)]
    rows, columns = (axis.reads(a, b, mode) for axis, a, b in zip(windows, starts, stops, strict=True))
    options = {"constant_values": fill} if mode == "zeros" else {}
    whole = np.pad(planes, ((0, 0), (0, 0), *around), NUMPY_MODES[mode], **options)
    spans = [axis.span(a, b) for axis, a, b in zip(windows, starts, stops, strict=True)]
    assert_equal(padded(planes, rows, columns, fill), whole[:, :, spans[0], spans[1]])


def test_a_strip_without_padding_is_no_copy() -> None:
    planes = np.zeros((1, 6, 6), np.float32)
    along_y, along_x = window((6, 6), 3, padding=1)
    inside = along_y.reads(1, 4, "zeros"), along_x.reads(2, 4, "zeros")
    beyond = along_y.reads(0, 4, "zeros"), along_x.reads(2, 4, "zeros")
    assert np.shares_memory(padded(planes, *inside), planes)
    assert not np.shares_memory(padded(planes, *beyond), planes)


@pytest.mark.parametrize("pool", [None, 2, (5, 3)])
def test_large_images_are_computed_in_tiles_without_a_seam(pool: int | tuple[int, int] | None) -> None:
    image = np.random.default_rng(3).integers(0, 256, (1500, 900)).astype(np.float32)
    bank = FilterBank([[1, 0], [0, -2]])
    tile = plan(image.shape, bank, relu=False, pool=pool).tile
    expected = image[:-1, :-1] - 2 * image[1:, 1:]
    if pool is not None:
        expected = max_pool2d(expected, pool)
    assert len(regions(1, expected.shape, tile)) > 1
    assert_equal(feature_maps(image, bank, relu=False, pool=pool), expected)


def test_large_maps_are_pooled_in_tiles_without_a_seam() -> None:
    image = np.random.default_rng(3).integers(0, 256, (700, 500)).astype(np.float32)
    assert len(row_tiles(1, 700, 500)) > 1
    pooled = max_pool2d(image, (3, 1), stride=1)
    assert_equal(pooled, np.maximum(np.maximum(image[:-2], image[1:-1]), image[2:]))


def test_an_image_of_one_row_or_column_is_cut_along_the_other() -> None:
    line = np.random.default_rng(4).integers(0, 256, 700_000).astype(np.float32)
    expected = line[:-1] - 2 * line[1:]
    assert_equal(conv2d(line[np.newaxis], [[1, -2]]), expected[np.newaxis])
    assert_equal(conv2d(line[:, np.newaxis], [[1], [-2]]), expected[:, np.newaxis])

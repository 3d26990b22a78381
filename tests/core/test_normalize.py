"""Local normalisation, against the definition of a standard deviation at every window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool import FilterBank, avg_pool2d, feature_maps, max_pool2d, min_pool2d
from tests.tolerances import assert_close, assert_equal, assert_near, assert_same_bytes

if TYPE_CHECKING:
    from convtool.core.pooling import PoolKind


@given(
    seed=st.integers(0, 2**32 - 1),
    groups=st.integers(1, 2),
    stride=st.integers(1, 2),
    dilation=st.integers(1, 2),
    offset=st.sampled_from([0.0, 1000.0]),
)
def test_responses_are_divided_by_the_deviation_of_the_window(
    seed: int, groups: int, stride: int, dilation: int, offset: float
) -> None:
    random = np.random.default_rng(seed)
    image = (random.integers(0, 256, (2, 9, 8)) + offset).astype(np.float32)
    weights = random.integers(-3, 4, (4, 2 // groups, 3, 2)).astype(np.float32)
    bias = random.integers(-2, 3, 4).astype(np.float32)
    maps = feature_maps(
        image,
        FilterBank(weights, bias, normalize="local"),
        relu=False,
        stride=stride,
        dilation=dilation,
        groups=groups,
    )
    expected = np.empty_like(maps)
    for o, y, x in np.ndindex(maps.shape):
        channels = np.arange(2).reshape(groups, -1)[o * groups // 4]
        rows = y * stride + dilation * np.arange(3)
        columns = x * stride + dilation * np.arange(2)
        patch = image[np.ix_(channels, rows, columns)].astype(np.float64)
        expected[o, y, x] = (patch * weights[o]).sum() / patch.std() + bias[o]
    scale = np.abs(weights).sum() * np.abs(image).max()
    assert_close(maps, expected, case="conv", terms=weights[0].size, scale=scale)


def test_brightness_and_contrast_do_not_matter_to_a_filter_that_sums_to_zero() -> None:
    image = np.random.default_rng(7).integers(0, 64, (6, 6)).astype(np.float32)
    edge = FilterBank([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], normalize="local")
    plain = feature_maps(image, edge)
    assert_close(feature_maps(2 * image + 100, edge), plain, case="conv", terms=9, scale=plain.max())


def test_a_constant_window_gives_zero() -> None:
    image = np.full((4, 4), 0.1, np.float32)
    image[3, 3] = 7
    maps = feature_maps(image, FilterBank([[1, 1], [1, 1]], normalize="local"), relu=False)
    assert np.count_nonzero(maps) == 1
    assert maps[2, 2] > 0


@pytest.mark.parametrize("mode", ["zeros", "reflect", "circular"])
@pytest.mark.parametrize("scale", [1.0, 0.37, 300.0])
def test_padding_counts_as_values(mode: Literal["zeros", "reflect", "circular"], scale: float) -> None:
    image = (np.random.default_rng(2).integers(0, 256, (7, 8)) * scale).astype(np.float32)
    bank = FilterBank(np.arange(12.0).reshape(3, 4), [-1.5], normalize="local")
    padding = ((2, 1), (0, 3))
    given = feature_maps(image, bank, relu=False, padding=padding, padding_mode=mode)
    modes = {"zeros": "constant", "reflect": "reflect", "circular": "wrap"}
    assert_equal(given, feature_maps(np.pad(image, padding, modes[mode]), bank, relu=False))


@pytest.mark.parametrize("kind", ["max", "min", "avg"])
def test_a_pool_sees_what_was_divided(kind: PoolKind) -> None:
    image = np.random.default_rng(3).integers(0, 256, (2, 1, 40, 37)).astype(np.float32)
    bank = FilterBank(np.random.default_rng(4).integers(-2, 3, (3, 5, 5)), [0, 1, -1], normalize="local")
    steps = {"max": max_pool2d, "min": min_pool2d, "avg": avg_pool2d}[kind](feature_maps(image, bank), 3)
    assert_equal(feature_maps(image, bank, pool=3, pool_kind=kind), steps)


def test_an_image_gives_the_same_alone_and_among_others_on_any_number_of_threads() -> None:
    images = np.random.default_rng(5).normal(0, 50, (3, 1, 400, 411)).astype(np.float32)
    bank = FilterBank(np.random.default_rng(6).normal(size=(7, 7)), normalize="local")
    together = feature_maps(images, bank, threads=2)
    for image, maps in zip(images, together, strict=True):
        assert_same_bytes(feature_maps(image, bank, threads=1), maps)


@pytest.mark.parametrize("level", [0.1, 7.0, 1e-20, 60_000.0, -3e4])
@pytest.mark.parametrize("size", [2, 5, 16])
def test_constant_windows_give_zero_and_nearly_constant_ones_what_they_have(level: float, size: int) -> None:
    """One cell differs by a unit in its last place: what no sum of squares could tell from rounding."""
    image = np.full((2 * size, 2 * size), level, np.float32)
    image[0, 0] = np.nextafter(image[0, 0], np.float32(np.inf))
    image[-1, -1] = 1e5
    maps = feature_maps(image, FilterBank(np.ones((size, size)), normalize="local"), relu=False)
    count = size * size
    for place, patch in (((0, 0), image[:size, :size]), ((-1, -1), image[-size:, -size:])):
        patch = patch.astype(np.float64)
        expected = patch.sum() / np.sqrt(np.square(patch - patch.mean()).sum() / count)
        assert maps[place] == pytest.approx(expected, rel=1e-4)
    flat = np.ones(maps.shape, bool)
    flat[0, 0] = flat[-1, -1] = False
    assert not maps[flat].any()


@pytest.mark.parametrize("largest", [255, 65_535, 2**24])
def test_whole_numbers_of_any_size(largest: int) -> None:
    """Up to 8 bits they are summed as integers; beyond, int32 would not hold their squares."""
    image = np.random.default_rng(8).integers(0, largest + 1, (20, 20)).astype(np.float32)
    maps = feature_maps(image, FilterBank(np.ones((9, 9)), normalize="local"), relu=False)
    for y, x in np.ndindex(maps.shape):
        patch = image[y : y + 9, x : x + 9].astype(np.float64)
        assert maps[y, x] == pytest.approx(patch.sum() / patch.std(), rel=1e-6)


@pytest.mark.filterwarnings("error")
def test_nan_and_infinity_stay_in_the_windows_that_see_them() -> None:
    image = np.random.default_rng(9).integers(0, 256, (9, 9)).astype(np.float32)
    edge = FilterBank([[1, 2], [3, 4]], normalize="local")
    clean = feature_maps(image, edge, relu=False)
    for value in (np.nan, np.inf):
        image[4, 4] = value
        maps = feature_maps(image, edge, relu=False)
        seen = np.zeros(maps.shape, bool)
        seen[3:5, 3:5] = True
        assert np.isnan(maps[seen]).all()
        assert np.isfinite(maps[~seen]).all()
        assert_near(maps[~seen], clean[~seen])


@pytest.mark.parametrize("scale", [1e-38, 1e-40, 1e34])
def test_numbers_near_the_ends_of_float32(scale: float) -> None:
    image = (np.random.default_rng(10).integers(0, 150, (12, 12)) * scale).astype(np.float32)
    maps = feature_maps(image, FilterBank(np.full((9, 9), 1 / 81), normalize="local"), relu=False)
    for y, x in np.ndindex(maps.shape):
        patch = image[y : y + 9, x : x + 9].astype(np.float64)
        assert maps[y, x] == pytest.approx(patch.mean() / patch.std(), rel=1e-3)

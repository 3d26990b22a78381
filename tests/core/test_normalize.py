"""Local normalisation, against the definition of a standard deviation at every window."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convtool import FilterBank, feature_maps
from tests.tolerances import assert_close


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

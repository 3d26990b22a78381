"""Which colour a value has: the ends, the middle, and what lies outside."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.colormaps import COLORMAPS, palette
from convtool.view.scales import Scale

FIRST, LAST = 0, 255
VALUES = hnp.arrays(np.float32, (3, 4), elements=st.floats(width=32, allow_nan=False, allow_infinity=False))


def shade(scale: Scale, value: float) -> int:
    """The number of a value's colour in the palette."""
    (found,) = np.flatnonzero((palette(scale.colormap) == scale.colours(np.array(value))).all(axis=1))
    return int(found)


def test_it_goes_from_the_lowest_value_of_all_maps_to_the_highest() -> None:
    assert Scale.fit([np.array([[2.0, 5]]), np.array([[3.0, 9]])]) == Scale(2, 9, "viridis")


def test_negative_values_make_it_diverging() -> None:
    assert Scale.fit([np.array([[-1.0, 5]])]) == Scale(-1, 5, "blue-orange")
    assert Scale.fit([np.array([[-1.0, 5]])], "gray") == Scale(-1, 5, "gray")


def test_limits_are_taken_as_they_are() -> None:
    assert Scale.fit([np.array([[-1.0, 5]])], limits=(0, 3)) == Scale(0, 3, "viridis")


@pytest.mark.parametrize("name", ["viridis", "gray"])
def test_a_sequential_scale_spreads_the_range_over_all_colours(name: str) -> None:
    scale = Scale(-10, 41, name)
    assert [shade(scale, value) for value in (-10, -9.8, 15.5, 41)] == [FIRST, 1, 128, LAST]


def test_0_is_the_middle_of_the_diverging_map_and_both_sides_are_alike() -> None:
    scale = Scale(-10, 100, "blue-orange")
    assert shade(scale, 0) == 128
    assert shade(scale, 100) == LAST
    assert LAST - shade(scale, -10) == shade(scale, 10)


@given(VALUES, st.sampled_from(COLORMAPS))
def test_every_value_has_a_colour_of_the_palette(values: np.ndarray, name: str) -> None:
    scale = Scale.fit([values], name)
    colours = scale.colours(values)
    assert colours.shape == (*values.shape, 3)
    assert (colours.reshape(-1, 1, 3) == palette(name)).all(axis=2).any(axis=1).all()
    assert scale.clipped(values) == 0


def test_a_constant_map_is_seen_beside_0_and_0_alone_has_the_middle() -> None:
    assert Scale.fit([np.full((2, 2), 7.0)]) == Scale(0, 7, "viridis")
    assert Scale.fit([np.full((2, 2), -7.0)]) == Scale(-7, 0, "blue-orange")
    assert Scale.fit([np.zeros((2, 2))]) == Scale(0, 0, "viridis")
    assert shade(Scale(0, 0, "viridis"), 0) == FIRST
    assert shade(Scale(0, 0, "blue-orange"), 0) == 128


def test_values_outside_have_the_colours_of_the_ends_and_are_counted() -> None:
    scale = Scale(0, 10, "gray")
    values = np.array([-5.0, 0, 10, 11, 400])
    assert scale.colours(values)[:, 0].tolist() == [0, 0, 255, 255, 255]
    assert scale.clipped(values) == 3


def test_a_range_finer_than_float32_is_not_rounded_to_it() -> None:
    below, above = np.nextafter(np.float32(0.1), [0, 1], dtype=np.float32)
    values = np.array([below, 0.1, above], np.float32)  # its 0.1 is 0.1000000015
    scale = Scale(0.1, 0.1000000001, "gray")
    assert scale.colours(values)[:, 0].tolist() == [0, 255, 255]
    assert scale.clipped(values) == 3
    whole = Scale(2**24 + 1, 2**24 + 3, "gray")
    values = np.array([2**24, 2**24 + 2, 2**24 + 4], np.float32)
    assert whole.colours(values)[:, 0].tolist() == [0, 128, 255]
    assert whole.clipped(values) == 2

"""Values as pixels: pictures as they look, and maps and pictures that are enlarged or reduced."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.errors import InputError
from convtool.view.drawings.pixels import (
    check_finite,
    enlarged,
    held_by,
    map_codes,
    picture_codes,
    resized,
    span_codes,
)
from convtool.view.scales import Scale
from tests.tolerances import assert_equal


def test_a_span_is_from_black_to_white() -> None:
    assert span_codes(np.float32([0, 1, 2, 5]), 0, 5).tolist() == [0, 51, 102, 255]
    assert span_codes(np.float32([7, 7]), 7, 7).tolist() == [0, 0]


class TestPictures:
    def test_three_channels_are_colour_and_others_a_mean(self) -> None:
        planes = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
        gray, two, colour, four = picture_codes([planes[:1], planes[:2], planes[:3], planes])
        assert_equal(gray, planes[0])
        assert_equal(two, planes[0] + np.uint8(3))
        assert_equal(colour, planes[:3].transpose(1, 2, 0))
        assert_equal(four, planes[0] + np.uint8(9))

    def test_one_scale_is_for_all(self) -> None:
        first, second = (np.float32(values).reshape(1, 1, -1) for values in ([0, 0.5], [1.0, 0.2]))
        assert [codes.tolist() for codes in picture_codes([first, second])] == [[[0, 128]], [[255, 51]]]

    @pytest.mark.parametrize(
        ("values", "codes"),
        [([0, 2, 255], [0, 2, 255]), ([0, 514], [0, 255]), ([-50, 50, 200], [0, 102, 255]), ([1, 1], [1, 1])],
    )
    def test_8_bits_are_kept_and_others_spread(self, values: list[float], codes: list[int]) -> None:
        (found,) = picture_codes([np.float32(values).reshape(1, 1, -1)])
        assert found.tolist() == [codes]

    def test_no_pictures(self) -> None:
        assert picture_codes([]) == []

    @pytest.mark.parametrize("shape", [(2, 3), (0, 2, 2), (1, 2, 0), (1, 1, 2, 2)])
    def test_what_is_no_picture(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InputError, match=r"^a picture of shape \(.*\); it must be \(C, H, W\)"):
            picture_codes([np.zeros(shape)])

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_what_has_no_place_on_a_scale(self, value: float) -> None:
        with pytest.raises(InputError, match=r"^a picture holds NaN or infinity; only finite values"):
            picture_codes([np.array([[[1.0, value]]])])
        with pytest.raises(InputError, match=r"^layer 'a' holds NaN or infinity"):
            check_finite("layer 'a'", np.array([value]))


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_small_pictures_are_enlarged_by_whole_cells(height: int, width: int, colour: bool) -> None:
    shape = (height, width, 3)[: 2 + colour]
    codes = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    shown = resized(codes, 40)
    zoom = 40 // max(height, width)
    assert_equal(shown, enlarged(codes, zoom))
    assert shown.shape[:2] == (zoom * height, zoom * width)
    assert_equal(shown[zoom - 1 :: zoom, zoom - 1 :: zoom], codes)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((80, 80), (40, 40)),
        ((512, 100, 3), (40, 8)),
        ((1, 900), (1, 40)),
        ((900, 1), (40, 1)),
        ((41, 20), (40, 20)),
    ],
)
def test_large_pictures_are_reduced(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    shown = resized(np.full(shape, 77, np.uint8), 40)
    assert shown.shape == (*size, *shape[2:])
    assert (shown == 77).all()


def test_what_is_reduced_keeps_its_place() -> None:
    codes = np.zeros((80, 80), np.uint8)
    codes[:40, 40:] = 255
    shown = resized(codes, 20)
    assert (shown[:7, 13:] == 255).all()
    assert (shown[13:] == 0).all()


@pytest.mark.parametrize(
    ("shape", "zoom", "size"),
    [
        ((3, 5), 20, (3, 5)),
        ((100, 100), 1, (100, 100)),
        ((200, 50), 1, (100, 25)),
        ((1, 1000), 1, (1, 100)),
        ((301, 300), 1, (100, 100)),
    ],
)
def test_what_so_many_pixels_hold(shape: tuple[int, int], zoom: int, size: tuple[int, int]) -> None:
    assert held_by(shape, 100) == (zoom, size)


class TestMaps:
    def test_have_colours_before_they_are_enlarged(self) -> None:
        values = np.float32([[0, 1], [2, 4]])
        codes = map_codes(values, Scale(0, 4, "viridis"), 81)
        assert codes.shape == (80, 80, 3)
        assert_equal(codes[::40, ::40], Scale(0, 4, "viridis").colours(values))
        assert_equal(codes[39::40, 39::40], codes[::40, ::40])

    def test_have_the_colours_of_their_means(self) -> None:
        codes = map_codes(np.float32([[0, 4] * 8]), Scale(0, 4, "gray"), 8)
        assert (codes == 128).all()

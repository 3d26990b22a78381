"""Changed pictures: against SciPy, by known changes, and how far chance goes."""

from __future__ import annotations

from dataclasses import replace
from math import cos, radians, sin
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from convtool.net.training.augmentation import Augmentation, augmented
from tests.strategies import generators, pairs
from tests.tolerances import assert_close, assert_equal, assert_near, assert_same_bytes, assert_share

ALL = Augmentation(shift=2, rotate=30, scale=0.25, contrast=0.5, mirror=True)


class Chosen:
    """Chance that always draws the same place between the ends: from -1, the lower one, to 1."""

    def __init__(self, place: float, below_half: bool = False) -> None:
        self._place, self._below_half = place, below_half

    def uniform(self, low: float, high: float, size: Any) -> NDArray[np.float64]:
        return np.full(size, low + (high - low) * (self._place + 1) / 2)

    def random(self, size: Any) -> NDArray[np.float64]:
        return np.full(size, 0.49 if self._below_half else 0.5)


def changed(
    images: NDArray[Any], how: Augmentation, place: float = 1, mirrored: bool = False
) -> NDArray[Any]:
    return augmented(images, how, Chosen(place, mirrored))  # type: ignore[arg-type]


def places(height: int, width: int, how: Augmentation, place: float, mirrored: bool) -> NDArray[np.float64]:
    """Where every pixel comes from ``(2, H, W)``: shifted back, turned back, shrunk back, mirrored back."""
    angle, grown = radians(place * how.rotate), (1 + how.scale) ** place
    found = np.empty((2, height, width))
    for y, x in np.ndindex(height, width):
        down, right = (y - (height - 1) / 2 - place * how.shift, x - (width - 1) / 2 - place * how.shift)
        # What was turned clockwise, rows counted downwards, stood anticlockwise of here.
        down, right = down * cos(angle) - right * sin(angle), right * cos(angle) + down * sin(angle)
        right = -right if mirrored else right
        found[:, y, x] = down / grown + (height - 1) / 2, right / grown + (width - 1) / 2
    return found


@given(
    size=pairs(1, 9),
    how=st.builds(
        Augmentation,
        shift=st.sampled_from([0, 1, 2.5, 20]),
        rotate=st.sampled_from([0, 10, 45, 180]),
        scale=st.sampled_from([0, 0.1, 1]),
        mirror=st.booleans(),
    ),
    place=st.floats(-1, 1),
    rng=generators(),
)
@settings(max_examples=150)
def test_values_are_those_of_scipy(
    size: tuple[int, int], how: Augmentation, place: float, rng: np.random.Generator
) -> None:
    images = rng.integers(0, 256, (2, 3, *size)).astype(np.float32)
    mirrored = how.mirror and bool(rng.integers(2))
    found = changed(images, how, place, mirrored)
    where = places(*size, how, place, mirrored)
    for image, planes in zip(found, images, strict=True):
        for plane, before in zip(image, planes, strict=True):
            expected = map_coordinates(before.astype(np.float64), where, order=1, mode="nearest")
            assert_close(plane, expected, case="formula", terms=8, scale=255 * (sum(size) + how.shift))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_whole_pixels_move_the_picture_and_repeat_the_border(dtype: Any) -> None:
    images = np.arange(24).reshape(1, 2, 3, 4).astype(dtype)
    down_and_right = changed(images, Augmentation(shift=2))
    assert down_and_right[0, 0].tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert down_and_right[0, 1].tolist() == [[12, 12, 12, 13]] * 3
    up_and_left = changed(images, Augmentation(shift=1), place=-1)
    assert up_and_left[0, 0].tolist() == [[5, 6, 7, 7], [9, 10, 11, 11], [9, 10, 11, 11]]
    assert down_and_right.dtype == np.float32


def test_half_a_pixel_is_the_mean_of_two() -> None:
    images = np.float32([[0, 4, 2]]).reshape(1, 1, 1, 3)
    assert changed(images, Augmentation(shift=0.5)).tolist() == [[[[0, 2, 3]]]]


def test_left_and_right_change_places() -> None:
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 3, 4)
    assert_equal(changed(images, Augmentation(mirror=True), mirrored=True), images[..., ::-1])
    assert_equal(changed(images, Augmentation(mirror=True), mirrored=False), images)


def test_a_picture_turns_clockwise_about_its_middle() -> None:
    images = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    turned = changed(images, Augmentation(rotate=90))
    assert_near(turned[0, 0], np.rot90(images[0, 0], -1))
    assert_near(changed(images, Augmentation(rotate=90), place=-1)[0, 0], np.rot90(images[0, 0]))


def test_a_picture_grows_and_shrinks_about_its_middle() -> None:
    images = np.float32([0, 10, 20, 30, 40]).reshape(1, 1, 1, 5)
    assert changed(images, Augmentation(scale=1)).ravel().tolist() == [10, 15, 20, 25, 30]
    assert changed(images, Augmentation(scale=1), place=-1).ravel().tolist() == [0, 0, 20, 40, 40]


def test_contrast_is_about_the_mean_of_each_picture() -> None:
    images = np.float32([[1, 3, 5, 7], [10, 10, 10, 30]]).reshape(2, 2, 1, 2)
    more, less = (changed(images, Augmentation(contrast=1), place) for place in (1, -1))
    assert more.reshape(2, 4).tolist() == [[-2, 2, 6, 10], [5, 5, 5, 45]]
    assert less.reshape(2, 4).tolist() == [[2.5, 3.5, 4.5, 5.5], [12.5, 12.5, 12.5, 22.5]]


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (6, 1)])
def test_a_picture_of_one_row_or_column_stays_within_its_values(size: tuple[int, int]) -> None:
    images = np.arange(6 * 2).reshape(2, 1, -1)[:, :, : size[0] * size[1]].reshape(2, 1, *size)
    found = augmented(images.astype(np.uint8), replace(ALL, contrast=0), np.random.default_rng(0))
    assert found.shape == images.shape
    for image, before in zip(found, images, strict=True):
        assert before.min() <= image.min() <= image.max() <= before.max()


def test_bytes_and_numbers_are_changed_alike_and_not_in_place() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 8, 9)).astype(np.uint8)
    kept, numbers = images.copy(), images.astype(np.float32)
    found = augmented(images, ALL, np.random.default_rng(1))
    assert_same_bytes(augmented(numbers, ALL, np.random.default_rng(1)), found)
    assert_equal(images, kept)
    assert_equal(numbers, kept.astype(np.float32))
    assert not np.array_equal(augmented(images, ALL, np.random.default_rng(2)), found)
    turned = np.asarray(numbers.transpose(0, 1, 3, 2), order="C").transpose(0, 1, 3, 2)
    assert_same_bytes(augmented(turned, ALL, np.random.default_rng(1)), found)


def test_no_change_is_none() -> None:
    images = np.random.default_rng(0).standard_normal((2, 1, 3, 4)).astype(np.float32)
    assert_same_bytes(augmented(images, Augmentation(), np.random.default_rng(0)), images)
    assert not Augmentation()
    for how in ({"shift": 1}, {"rotate": 1}, {"scale": 0.1}, {"contrast": 0.1}, {"mirror": True}):
        assert Augmentation(**how)  # type: ignore[arg-type]


MANY = 2000
MIDDLE = 10


def sources(how: Augmentation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the middle of many pictures came from, and what lay 2 cells to the right of it, from there."""
    image = np.stack(np.mgrid[: 2 * MIDDLE + 1, : 2 * MIDDLE + 1]).astype(np.float32)
    found = augmented(np.repeat(image[np.newaxis], MANY, 0), how, np.random.default_rng(0)).astype(np.float64)
    middle, right = found[:, :, MIDDLE, MIDDLE], found[:, :, MIDDLE, MIDDLE + 2]
    return middle - MIDDLE, (right - middle) / 2


def assert_about(values: NDArray[np.float64], expected: ArrayLike) -> None:
    """Assert numbers that were worked out of places in a picture."""
    truth = np.broadcast_to(np.float64(expected), values.shape)
    assert_close(values.astype(np.float32), truth, case="formula", terms=0, scale=2 * MIDDLE)


def assert_spread(values: NDArray[np.float64], low: float, high: float) -> None:
    """Assert that values are spread evenly between two ends: in each tenth a tenth of them."""
    assert_about(values, np.clip(values, low, high))
    tenths = np.clip((values - low) / (high - low) * 10, 0, 9).astype(np.intp)
    for count in np.bincount(tenths, minlength=10):
        assert_share(count, MANY, 0.1)


def test_a_shift_is_up_to_what_is_said_in_each_direction() -> None:
    moved, _ = sources(Augmentation(shift=3))
    for axis in range(2):
        assert_spread(moved[:, axis], -3, 3)
    assert_share(np.count_nonzero((moved > 0).all(axis=1)), MANY, 1 / 4)


def test_a_turn_is_up_to_what_is_said_to_each_side() -> None:
    moved, right = sources(Augmentation(rotate=40))
    assert_spread(np.arctan2(-right[:, 0], right[:, 1]), -radians(40), radians(40))
    assert_about(np.hypot(*right.T), 1)
    assert_about(moved, 0)


def test_a_picture_grows_as_much_as_it_shrinks() -> None:
    _, right = sources(Augmentation(scale=0.5))
    assert_about(right[:, 0], 0)
    assert_spread(np.log(right[:, 1]), -np.log(1.5), np.log(1.5))


def test_half_of_the_pictures_are_mirrored() -> None:
    _, right = sources(Augmentation(mirror=True))
    assert set(right[:, 1]) == {-1, 1}
    assert_share(np.count_nonzero(right[:, 1] < 0), MANY, 1 / 2)


def test_contrast_grows_as_much_as_it_falls() -> None:
    images = np.tile(np.float32([1, 3]), (MANY, 1)).reshape(MANY, 1, 1, 2)
    found = augmented(images, Augmentation(contrast=0.5), np.random.default_rng(0)).reshape(MANY, 2)
    assert_about(found.mean(axis=1), 2)
    assert_spread(np.log(found[:, 1] - 2.0), -np.log(1.5), np.log(1.5))

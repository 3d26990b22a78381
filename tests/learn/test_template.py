"""Templates: the mean patch, and patches turned and enlarged against a loop over their cells."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool import Patch
from convtool.learn.template import ANGLES, SCALES, template, warped, warped_templates
from convtool.learn.windows import normalized
from tests import oracles
from tests.strategies import Pair, pairs
from tests.tolerances import assert_close, assert_equal, assert_near


def test_a_template_is_the_mean_of_the_vectors() -> None:
    assert template(np.array([[1.0, 2, 3], [3, 2, -2]])).tolist() == [2, 2, 0.5]


@given(
    channels=st.integers(1, 2),
    size=pairs(2, 6),
    beside=st.tuples(*[st.integers(0, 3)] * 4),
    angle=st.sampled_from([*ANGLES, 30, 45, 90, -90, 180, 270, 361]),
    scale=st.sampled_from([*SCALES, 0.5, 2, 3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_cell_is_looked_up_where_it_came_from(
    channels: int, size: Pair, beside: tuple[int, ...], angle: float, scale: float, seed: int
) -> None:
    (height, width), (above, below, left, right) = size, beside
    shape = (channels, above + height + below, left + width + right)
    picture = np.random.default_rng(seed).integers(-99, 100, shape).astype(np.float32)
    picture[:, above, left] = 100  # a patch has contrast
    box = above, left, height, width
    actual = warped(Patch(picture, *box), angle, scale)
    assert actual.dtype == np.float32
    assert_close(actual, oracles.warped(picture, box, angle, scale), case="formula", terms=0, scale=100)


@pytest.mark.parametrize("size", [(3, 3), (4, 4), (2, 5), (6, 3)], ids=str)
def test_a_patch_that_is_neither_turned_nor_enlarged_is_itself(size: Pair) -> None:
    picture = np.random.default_rng(1).normal(size=(2, 9, 9)).astype(np.float32)
    patch = Patch(picture, 2, 3, *size)
    assert_equal(warped(patch, 0, 1), patch.values)
    assert_equal(warped(patch, 360, 1), patch.values)


@pytest.mark.parametrize("side", [2, 3, 4, 5])
def test_quarter_turns_are_counter_clockwise(side: int) -> None:
    picture = np.random.default_rng(2).normal(size=(2, 9, 9)).astype(np.float32)
    patch = Patch(picture, 3, 2, side, side)
    for quarters in (1, 2, 3, -1):
        assert_equal(warped(patch, 90 * quarters, 1), np.rot90(patch.values, quarters, (1, 2)))


def test_what_was_to_the_right_comes_up() -> None:
    picture = np.zeros((5, 5))
    picture[2, 4] = 1
    for angle, place in ((90, (0, 2)), (180, (2, 0)), (-90, (4, 2)), (45, None)):
        turned = warped(Patch(picture), angle, 1)[0]
        if place:
            assert turned.argmax() == np.ravel_multi_index(place, (5, 5))
        else:
            assert turned[1, 3] > 0


def test_a_patch_wider_than_high_shows_what_was_above_and_below_it_when_turned() -> None:
    picture = np.arange(25.0).reshape(5, 5)
    assert warped(Patch(picture, 2, 1, 1, 3), 90, 1).tolist() == [[[7, 12, 17]]]
    assert warped(Patch(picture, 2, 1, 1, 3), -90, 1).tolist() == [[[17, 12, 7]]]
    assert warped(Patch(picture, 1, 2, 3, 1), 90, 1).tolist() == [[[13], [12], [11]]]


def test_beyond_the_picture_its_border_goes_on() -> None:
    row = np.array([[1.0, 2, 3]])
    assert warped(Patch(row), 90, 1).tolist() == [[[2, 2, 2]]]
    assert warped(Patch(row), 0, 0.5).tolist() == [[[1, 2, 3]]]
    corner = np.array([[1.0, 2], [3, 4]])
    assert warped(Patch(corner), 0, 1 / 9).tolist() == [[[1, 2], [3, 4]]]


def test_twice_as_large_shows_the_middle_at_half_steps() -> None:
    picture = np.array([[0.0, 0, 0, 0, 0], [0, 8, 8, 8, 0], [0, 8, 16, 8, 0], [0, 8, 8, 8, 0], [0] * 5])
    assert warped(Patch(picture), 0, 2).tolist() == [
        [
            [8, 8, 8, 8, 8],
            [8, 10, 12, 10, 8],
            [8, 12, 16, 12, 8],
            [8, 10, 12, 10, 8],
            [8, 8, 8, 8, 8],
        ]
    ]


def test_half_as_large_shows_what_is_around() -> None:
    picture = np.arange(49.0).reshape(7, 7)
    assert warped(Patch(picture, 2, 2, 3, 3), 0, 0.5).tolist() == [[[8, 10, 12], [22, 24, 26], [36, 38, 40]]]
    assert warped(Patch(picture, 2, 2, 2, 2), 0, 0.5)[0, 0, 0] == pytest.approx(
        picture[1, 1] + 0.5 + 3.5, rel=1e-6
    )


@pytest.mark.parametrize("angle", [-15, 10, 30])
@pytest.mark.parametrize("scale", [0.9, 1, 1.1])
def test_a_plane_that_rises_evenly_is_turned_without_error(angle: float, scale: float) -> None:
    """Interpolation gives it back exactly: its rise is turned, and less steep for being enlarged."""
    rows, columns = np.mgrid[:20, :20]
    turned = warped(Patch(3 * rows + 5 * columns, 7, 7, 5, 5), angle, scale)[0]
    cosine, sine = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
    dy, dx = np.mgrid[-2:3, -2:3]
    assert_near(turned, 8 * 9 + (3 * cosine - 5 * sine) * dy + (5 * cosine + 3 * sine) * dx)


def test_there_is_a_template_for_every_angle_and_scale() -> None:
    picture = np.random.default_rng(3).normal(size=(1, 16, 16)).astype(np.float32)
    patches = [Patch(picture, 4, 4, 5, 6), Patch(picture, 8, 2, 5, 6)]
    templates, names = warped_templates(patches)
    assert templates.shape == (21, 30)
    assert names == [
        f"r{angle}-s{scale}"
        for angle in ("-15", "-10", "-5", "0", "5", "10", "15")
        for scale in ("0.9", "1", "1.1")
    ]
    for row, (angle, scale) in zip(templates, product(ANGLES, SCALES), strict=True):
        vectors = normalized(np.stack([warped(patch, angle, scale) for patch in patches]))
        assert_near(row, vectors.mean(axis=0))
    plain = normalized(np.stack([patch.values for patch in patches])).mean(axis=0)
    assert_near(templates[names.index("r0-s1")], plain)

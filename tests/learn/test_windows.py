"""Patches, the windows beside them, and the vectors they become, against loops over boxes and cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool import Patch
from convtool.errors import ArgumentError, InputError
from convtool.learn.peaks import OVERLAP
from convtool.learn.windows import (
    background_of,
    is_varied,
    normalized,
    place_of_copy,
    rest_of_pictures,
    windows,
)
from tests import oracles
from tests.strategies import Pair, pairs
from tests.tolerances import assert_equal, assert_near, assert_same_bytes


def noise(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_a_patch_is_a_window_of_its_picture() -> None:
    picture = np.arange(20).reshape(4, 5)
    patch = Patch(picture, 1, 2, 2, 3)
    assert patch.values.tolist() == [[[7, 8, 9], [12, 13, 14]]]
    assert patch.size == (2, 3)
    assert patch.values.dtype == np.float32
    assert_equal(patch.planes, picture[None].astype(np.float32))
    assert patch.picture is picture


def test_a_patch_is_the_whole_picture_or_what_is_left_of_it_unless_a_size_is_given() -> None:
    picture = noise(2, 4, 5)
    assert Patch(picture).size == (4, 5)
    assert_equal(Patch(picture).values, picture)
    assert_equal(Patch(picture, 1, 2).values, picture[:, 1:, 2:])
    assert_equal(Patch(picture, 1, width=3).values, picture[:, 1:, :3])
    assert_equal(Patch(picture.tolist(), x=4, height=2).values, picture[:, :2, 4:])


@pytest.mark.parametrize("place", [(0, 0), (0, 3), (2, 0), (2, 3)], ids=str)
def test_a_patch_may_touch_the_border(place: Pair) -> None:
    picture = noise(4, 5)
    y, x = place
    assert_equal(Patch(picture, y, x, 2, 2).values[0], picture[y : y + 2, x : x + 2])


@pytest.mark.parametrize(
    "box", [(1.0, 0, 2, 2), (0, "1", 2, 2), (0, 0, 2.5, 2), (0, 0, 2, np.float32(2))], ids=str
)
def test_coordinates_are_whole_numbers(box: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"^an eye: y, x, height and width are .*; they must be whole numbers$"
    ):
        Patch(noise(4, 5), *box, name="an eye")


@pytest.mark.parametrize(
    ("box", "told"),
    [
        ((-1, 0, 2, 2), "2×2 at row -1, column 0"),
        ((0, -1, 2, 2), "2×2 at row 0, column -1"),
        ((3, 0, 2, 2), "2×2 at row 3, column 0"),
        ((0, 4, 2, 2), "2×2 at row 0, column 4"),
        ((0, 0, 5, 2), "5×2 at row 0, column 0"),
        ((0, 0, 2, 6), "2×6 at row 0, column 0"),
        ((0, 0, 0, 2), "0×2 at row 0, column 0"),
        ((0, 0, 2, -1), "2×-1 at row 0, column 0"),
        ((4, 0, None, None), "0×5 at row 4, column 0"),
        ((0, 5, None, None), "4×0 at row 0, column 5"),
    ],
    ids=str,
)
def test_a_patch_outside_its_picture_is_refused(box: Any, told: str) -> None:
    rest = re.escape(
        " is not inside its picture of 4×5; a patch is Y,X,H,W with Y+H ≤ 4 and X+W ≤ 5",
    )
    with pytest.raises(InputError, match=f"^an eye: {told}{rest}$"):
        Patch(noise(4, 5), *box, name="an eye")


def test_a_patch_without_contrast_is_refused() -> None:
    picture = noise(9, 9)
    picture[2:5, 2:5] = 0.1
    message = "^the patch: all values of the patch are alike; choose one that shows something$"
    with pytest.raises(InputError, match=message):
        Patch(picture, 2, 2, 3, 3)
    with pytest.raises(InputError, match=message):
        Patch(picture, 2, 2, 1, 1)
    assert Patch(picture, 2, 2, 3, 4).size == (3, 4)


def test_colours_are_contrast() -> None:
    flat = np.broadcast_to(np.float32([1, 2, 3])[:, None, None], (3, 4, 4))
    assert Patch(flat, 0, 0, 2, 2).values.shape == (3, 2, 2)


@pytest.mark.parametrize(("level", "step", "varied"), [(1, 5e-7, False), (1, 2e-6, True), (-1, 2e-6, True)])
def test_contrast_is_told_from_rounding(level: float, step: float, varied: bool) -> None:
    values = np.full((1, 3, 3), level, np.float32)
    values[0, 1, 1] += np.float32(step)
    assert values[0, 1, 1] != level
    assert is_varied(values) is varied
    assert is_varied(1000 * values) is varied


def test_a_black_patch_is_constant_and_a_dark_one_is_not() -> None:
    assert not is_varied(np.zeros((1, 2, 2), np.float32))
    assert is_varied(np.float32([[[0, 1e-30]]]))


@pytest.mark.parametrize(
    ("picture", "error", "message"),
    [
        (np.ones((2, 1, 4, 4)), InputError, r"it has shape \(2, 1, 4, 4\); give pictures one by one"),
        (np.ones(4), InputError, r"it has shape \(4,\)"),
        (np.ones((0, 4)), InputError, "it holds no values"),
        (np.diag([1, 2, np.nan]), InputError, "it holds NaN or infinity; put finite numbers in their place"),
        (np.diag([1, 2, np.inf]), InputError, "it holds NaN or infinity; put finite numbers in their place"),
        (np.eye(3) * 1j, ArgumentError, "it has dtype complex128"),
    ],
    ids=["batch", "row", "empty", "nan", "infinity", "complex"],
)
def test_a_picture_is_planes_of_finite_numbers(picture: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Patch(picture, name="it")
    with pytest.raises(error, match=message):
        background_of(picture, (1, 1), "it")


def test_a_batch_of_one_is_a_picture() -> None:
    picture = noise(1, 3, 4, 4)
    assert_equal(Patch(picture).planes, picture[0])


def test_of_a_picture_of_background_every_window_counts() -> None:
    picture = noise(2, 5, 7)
    background = background_of(picture, (2, 3), "sky.png")
    assert_equal(background.planes, picture)
    assert_equal(background.counts, np.ones((4, 5), bool))
    assert background.name == "sky.png"
    assert background_of(picture, (5, 7), "").counts.shape == (1, 1)


@pytest.mark.parametrize("size", [(6, 1), (1, 8), (6, 8)], ids=str)
def test_a_background_smaller_than_the_patches_is_refused(size: Pair) -> None:
    message = (
        f"^sky.png: 5×7 is smaller than the patches' {size[0]}×{size[1]}; use larger pictures or smaller"
    )
    with pytest.raises(InputError, match=message):
        background_of(noise(5, 7), size, "sky.png")


@given(size=pairs(1, 5), more=pairs(0, 8), places=st.lists(pairs(0, 8), min_size=1, max_size=3))
def test_the_rest_of_a_picture_is_every_window_that_shares_little_with_each_patch(
    size: Pair, more: Pair, places: list[Pair]
) -> None:
    picture = noise(2, size[0] + more[0], size[1] + more[1])
    boxes = [(min(y, more[0]), min(x, more[1]), *size) for y, x in places]
    expected = np.array(
        [
            [
                all(float(oracles.iou((y, x, *size), box)) <= OVERLAP for box in boxes)
                for x in range(more[1] + 1)
            ]
            for y in range(more[0] + 1)
        ]
    )
    rests = rest_of_pictures([Patch(picture, *box, name=f"{box[:2]}") for box in boxes])
    if not expected.any():
        assert rests == []
        return
    (rest,) = rests
    assert_equal(rest.counts, expected)
    assert_equal(rest.planes, picture)
    assert rest.name == f"{boxes[0][:2]}"


def test_a_window_that_shares_exactly_what_two_finds_may_share_is_background() -> None:
    """Of 13 columns, 6 in common are 6/20 of the union; 7 are 7/19."""
    (rest,) = rest_of_pictures([Patch(noise(1, 40), 0, 13, 1, 13)])
    assert np.flatnonzero(~rest.counts[0]).tolist() == list(range(7, 20))


def test_patches_of_one_picture_have_one_rest_and_each_picture_its_own() -> None:
    first, second, small = noise(9, 9, seed=1), noise(8, 7, seed=2), noise(3, 3, seed=3)
    rests = rest_of_pictures(
        [
            Patch(first, 0, 0, 3, 3, "a"),
            Patch(small, 0, 0, 3, 3, "b"),
            Patch(second, 2, 2, 3, 3, "c"),
            Patch(first, 6, 6, 3, 3, "d"),
        ]
    )
    assert [rest.name for rest in rests] == ["a", "c"]
    assert_equal(rests[0].planes[0], first)
    assert_equal(rests[1].planes[0], second)
    corners = [rests[0].counts[place] for place in ((0, 0), (0, 6), (6, 0), (6, 6))]
    assert corners == [False, True, True, False]
    assert not rests[1].counts[2, 2]
    assert rests[1].counts[0, 0]


@pytest.mark.parametrize(
    "view", [lambda images: images[0], lambda images: images[0, ::-1].T], ids=["row", "turned"]
)
def test_views_of_one_picture_are_one_picture(view: Callable[[NDArray], NDArray]) -> None:
    images = np.array([noise(20, 20, seed=seed) for seed in range(3)])
    (rest,) = rest_of_pictures([Patch(view(images), y, y, 4, 4) for y in (2, 10)])
    assert not rest.counts[2, 2]
    assert not rest.counts[10, 10]
    others = [Patch(images[0], 2, 2, 4, 4), Patch(images[0, ::-1], 2, 2, 4, 4), Patch(images[1], 2, 2, 4, 4)]
    assert len(rest_of_pictures(others)) == 3


def test_windows_are_cut_where_they_are_asked_for() -> None:
    planes = noise(2, 6, 7)
    places = np.array([[0, 0], [3, 4], [1, 2], [1, 2]])
    cut = windows(planes, (3, 2), places)
    assert_equal(cut, np.stack([planes[:, y : y + 3, x : x + 2] for y, x in places]))
    assert windows(planes, (3, 2), places[:0]).shape == (0, 2, 3, 2)


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(2, 4)),
    contrast=st.floats(1e-3, 1e3),
    brightness=st.floats(-1e3, 1e3),
    seed=st.integers(0, 2**32 - 1),
)
def test_vectors_have_mean_0_and_length_1_whatever_the_light(
    shape: tuple[int, ...], contrast: float, brightness: float, seed: int
) -> None:
    random, count = np.random.default_rng(seed), int(np.prod(shape[1:]))
    values = np.stack([random.permutation(count) + 0.5 for _ in range(shape[0])])
    values = values.reshape(shape)
    vectors = normalized(values)
    assert vectors.shape == (shape[0], count)
    assert vectors.dtype == np.float64
    assert vectors.mean(axis=1) == pytest.approx(np.zeros(len(values)), abs=1e-15)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(values)), rel=1e-14)
    for row, value in zip(vectors, values, strict=True):
        assert np.corrcoef(row, value.ravel())[0, 1] == pytest.approx(1, rel=1e-12)
    assert_near(normalized(contrast * values + brightness), vectors)
    assert_near(normalized(-values), -vectors)


def test_a_constant_patch_becomes_0_and_leaves_the_others_alone() -> None:
    values = noise(3, 1, 3, 3)
    values[1] = 0.1
    vectors = normalized(values)
    assert not vectors[1].any()
    assert_same_bytes(vectors[[0, 2]], normalized(values[[0, 2]]))


def test_vectors_of_whole_numbers_are_new() -> None:
    values = np.array([[3, 5]], np.uint8)
    assert normalized(values)[0].tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5])
    exact = np.array([[3.0, 5.0]])
    normalized(exact)
    assert exact.tolist() == [[3, 5]]


@given(
    channels=st.integers(1, 2),
    size=pairs(1, 4),
    more=pairs(0, 5),
    levels=st.sampled_from([2, 3, 256]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_copy_is_found_where_it_is_first(
    channels: int, size: Pair, more: Pair, levels: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    height, width = size
    planes = random.integers(0, levels, (channels, height + more[0], width + more[1])).astype(np.float32)
    patch = random.integers(0, levels, (channels, *size)).astype(np.float32)
    if random.random() < 0.5:
        y, x = random.integers(0, more[0] + 1), random.integers(0, more[1] + 1)
        planes[:, y : y + height, x : x + width] = patch
    copies = [
        (y, x)
        for y in range(more[0] + 1)
        for x in range(more[1] + 1)
        if planes[:, y : y + height, x : x + width].tolist() == patch.tolist()
    ]
    assert place_of_copy(planes, patch) == (copies[0] if copies else None)


def test_a_window_that_differs_in_one_cell_of_one_channel_is_no_copy() -> None:
    planes = noise(2, 7, 8)
    patch = planes[:, 2:6, 3:6].copy()
    assert place_of_copy(planes, patch) == (2, 3)
    for place in np.ndindex(patch.shape):
        other = patch.copy()
        other[place] += 1
        assert place_of_copy(planes, other) is None


def test_a_picture_smaller_than_the_patch_holds_no_copy() -> None:
    assert place_of_copy(noise(1, 2, 9), noise(1, 4, 4)) is None
    assert place_of_copy(noise(1, 9, 2), noise(1, 4, 4)) is None

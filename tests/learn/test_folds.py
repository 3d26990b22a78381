"""Folds: everything is held out exactly once, and nothing is learned from that shares a cell with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.learn.folds import Fold, everything, folds_of, groups_of, sampled_places
from convtool.learn.windows import Background, Patch
from tests import oracles
from tests.strategies import Pair, pairs
from tests.tolerances import assert_equal, assert_same_bytes


def picture(counts: NDArray[np.bool_], size: Pair) -> Background:
    rows, columns = (n + k - 1 for n, k in zip(counts.shape, size, strict=True))
    return Background(np.zeros((1, rows, columns), np.float32), counts, "a picture")


def full(*shapes: Pair, size: Pair) -> list[Background]:
    return [picture(np.ones(shape, bool), size) for shape in shapes]


def divided(
    patches: int | list[int], backgrounds: list[Background], size: Pair, folds: int, seed: int = 0
) -> list[Fold]:
    """Of so many patches, or of patches of these groups."""
    groups = np.arange(patches) if isinstance(patches, int) else np.array(patches)
    return list(folds_of(groups, backgrounds, size, folds, np.random.default_rng(seed)))


def covered(mask: NDArray[np.bool_], size: Pair) -> NDArray[np.bool_]:
    """The cells of a picture that these windows lie on."""
    cells = np.zeros([n + k - 1 for n, k in zip(mask.shape, size, strict=True)], bool)
    for y, x in np.argwhere(mask):
        cells[y : y + size[0], x : x + size[1]] = True
    return cells


@given(
    patches=st.integers(2, 9),
    shapes=st.lists(pairs(1, 14), max_size=6),
    size=pairs(1, 4),
    folds=st.integers(2, 7),
    share=st.sampled_from([0.2, 0.8, 1]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=200)
def test_everything_is_held_out_once_and_never_learned_from_meanwhile(
    patches: int, shapes: list[Pair], size: Pair, folds: int, share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    backgrounds = [picture(random.random(shape) < share, size) for shape in shapes]
    parts = divided(patches, backgrounds, size, folds, seed)
    assert 2 <= len(parts) <= min(folds, patches)
    assert sorted(np.concatenate([part.held_patches for part in parts])) == list(range(patches))
    for part in parts:
        assert sorted([*part.held_patches, *part.learned_patches]) == list(range(patches))
        assert len(part.held) == len(part.learned) == len(backgrounds)
        for background, learned, held in zip(backgrounds, part.learned, part.held, strict=True):
            assert not (learned & ~background.counts).any()
            assert not (covered(learned, size) & covered(held, size)).any()
    for number, background in enumerate(backgrounds):
        assert_equal(np.sum([part.held[number] for part in parts], axis=0) == 1, background.counts)


@pytest.mark.parametrize(("rows", "wanted", "folds"), [(9, 3, 2), (9, 5, 5), (30, 3, 3), (4, 5, 5)])
def test_there_are_as_many_folds_as_leave_background_to_learn_from(
    rows: int, wanted: int, folds: int
) -> None:
    """One picture, cut into bands: too thin ones touch all others; if all would, nothing is gained."""
    parts = divided(9, full((rows, 3), size=(4, 4)), (4, 4), wanted)
    assert len(parts) == folds
    assert all(part.learned[0].any() for part in parts) == (rows > 4)


@given(patches=st.integers(2, 40), folds=st.integers(2, 12))
def test_the_parts_of_the_patches_are_of_one_size_but_for_one(patches: int, folds: int) -> None:
    sizes = [len(part.held_patches) for part in divided(patches, [], (3, 3), folds)]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1


def test_pictures_are_held_out_whole_where_there_are_enough() -> None:
    size, folds = (2, 3), 3
    backgrounds = full((4, 5), (6, 6), (1, 9), (3, 3), (2, 2), size=size)
    parts = divided(6, backgrounds, size, folds)
    for part in parts:
        for learned, held in zip(part.learned, part.held, strict=True):
            assert held.all() or not held.any()
            assert_equal(learned, ~held)
    assert sorted(sum(held.any() for held in part.held) for part in parts) == [1, 2, 2]


@pytest.mark.parametrize("shape", [(23, 9), (9, 23), (10, 10)], ids=str)
def test_few_pictures_are_cut_into_bands_along_their_longer_side(shape: Pair) -> None:
    size, folds = (3, 4), 4
    axis = int(shape[1] > shape[0])
    parts = divided(8, full(shape, (30, 2), size=size), size, folds)
    extents = []
    for part in parts:
        held, learned = part.held[0], part.learned[0]
        lines = np.flatnonzero(held.all(axis=1 - axis))
        assert held.sum() == len(lines) * shape[1 - axis]
        assert lines.tolist() == list(range(lines[0], lines[-1] + 1))
        extents.append(len(lines))
        # Everything else is learned from but the windows that would share a row (or column) of cells.
        away = np.abs(np.arange(shape[axis])[:, None] - lines).min(axis=1) >= size[axis]
        assert np.flatnonzero(learned.all(axis=1 - axis)).tolist() == np.flatnonzero(away).tolist()
        assert learned.sum() == away.sum() * shape[1 - axis]
    assert sum(extents) == shape[axis]
    assert max(extents) - min(extents) <= 1


def test_there_are_no_more_folds_than_patches() -> None:
    parts = divided(3, full((20, 20), size=(2, 2)), (2, 2), 5)
    assert [len(part.held_patches) for part in parts] == [1, 1, 1]


def test_one_patch_is_learned_from_and_all_background_is_held_out() -> None:
    backgrounds = full((4, 5), (6, 6), size=(2, 2))
    (part,) = divided(1, backgrounds, (2, 2), 5)
    assert part.learned_patches.tolist() == [0]
    assert part.held_patches.tolist() == []
    assert part.learned == []
    for background, held in zip(backgrounds, part.held, strict=True):
        assert_equal(held, background.counts)


@given(
    groups=st.lists(st.integers(0, 4), min_size=2, max_size=12).filter(lambda groups: len(set(groups)) > 1),
    folds=st.integers(2, 7),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_group_is_held_out_as_a_whole(groups: list[int], folds: int, seed: int) -> None:
    numbers = np.unique(groups, return_inverse=True)[1]
    parts = divided(numbers.tolist(), full((20, 20), size=(2, 2)), (2, 2), folds, seed)
    assert len(parts) == min(folds, len(set(groups)))
    assert sorted(np.concatenate([part.held_patches for part in parts])) == list(range(len(groups)))
    for part in parts:
        assert part.held_patches.size
        assert not set(numbers[part.held_patches]) & set(numbers[part.learned_patches])


def test_patches_of_one_group_are_learned_from_while_background_is_held_out() -> None:
    backgrounds = full((20, 20), size=(2, 2))
    parts = divided([0, 0, 0], backgrounds, (2, 2), 4)
    assert [part.learned_patches.tolist() for part in parts] == [[0, 1, 2]] * 4
    assert [part.held_patches.tolist() for part in parts] == [[]] * 4
    assert all(part.learned[0].any() for part in parts)
    assert_equal(np.sum([part.held[0] for part in parts], axis=0), np.ones((20, 20), int))


class TestGroups:
    def test_patches_of_the_same_values_are_of_one(self) -> None:
        random = np.random.default_rng(5)
        first, second = random.normal(size=(2, 3, 4))
        picture = random.normal(size=(9, 9))
        picture[5:8, 2:6] = second
        patches = [first, second, 2 * first, first + 0, np.zeros((3, 4)), -np.zeros((3, 4))]
        patches[4][0, 0] = patches[5][0, 0] = 1
        cut = [*map(Patch, patches), Patch(picture, 5, 2, 3, 4)]
        assert groups_of(cut).tolist() == [0, 1, 2, 0, 3, 3, 1]

    @given(places=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9))
    def test_windows_of_one_picture_that_overlap_are_of_one_and_what_they_connect(
        self, places: list[Pair]
    ) -> None:
        random = np.random.default_rng(6)
        picture, other = random.normal(size=(2, 13, 14))
        apart = [Patch(other, y, x, 4, 5) for y, x in places]
        groups = groups_of([Patch(picture, y, x, 4, 5) for y, x in places] + apart)
        assert groups[: len(places)].max() < groups[len(places) :].min()
        near = [[oracles.iou((*one, 4, 5), (*two, 4, 5)) > 0.3 for two in places] for one in places]
        reach = np.linalg.matrix_power(np.array(near, int), len(places)) > 0
        assert_equal(groups[: len(places), None] == groups[: len(places)], reach)

    def test_are_counted_from_0(self) -> None:
        picture = np.random.default_rng(7).normal(size=(9, 9))
        places = [(0, 0), (0, 5), (5, 0), (1, 0), (0, 4)]
        assert groups_of([Patch(picture, y, x, 4, 4) for y, x in places]).tolist() == [0, 1, 2, 0, 1]


def test_everything_holds_nothing_out() -> None:
    backgrounds = full((4, 5), (6, 6), size=(2, 2))
    whole = everything(7, backgrounds)
    assert whole.learned_patches.tolist() == list(range(7))
    assert whole.held_patches.tolist() == []
    assert whole.held == []
    for background, learned in zip(backgrounds, whole.learned, strict=True):
        assert_equal(learned, background.counts)


def test_a_seed_decides_and_another_decides_otherwise() -> None:
    backgrounds = full(*[(5, 5)] * 12, size=(2, 2))

    def told(seed: int) -> list[tuple[list[int], list[bool]]]:
        parts = divided(12, backgrounds, (2, 2), 3, seed)
        return [(part.held_patches.tolist(), [held.any() for held in part.held]) for part in parts]

    assert told(4) == told(4)
    assert len({str(told(seed)) for seed in range(10)}) > 5
    assert told(4)[0][0] != list(range(4))


@given(
    shape=pairs(1, 9),
    share=st.floats(0, 1),
    count=st.integers(1, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_sampled_places_are_of_the_mask_and_none_twice(
    shape: Pair, share: float, count: int, seed: int
) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    places = sampled_places(mask, count, np.random.default_rng(seed))
    assert_same_bytes(places, sampled_places(mask, count, np.random.default_rng(seed)))
    assert places.shape == (len(places), 2)
    chosen = list(map(tuple, places.tolist()))
    assert len(set(chosen)) == len(chosen)
    assert all(mask[place] for place in chosen)
    if mask.sum() <= count:
        assert len(chosen) == mask.sum()
    else:
        assert 1 <= len(chosen) <= count


def test_every_place_is_drawn_as_often_as_any_other() -> None:
    mask = np.random.default_rng(3).random((6, 7)) < 0.6
    drawn = np.zeros(mask.shape, int)
    for seed in range(2000):
        places = sampled_places(mask, 5, np.random.default_rng(seed))
        drawn[tuple(places.T)] += 1
    assert not drawn[~mask].any()
    usual = drawn[mask].mean()
    assert drawn[mask].min() > 0.8 * usual
    assert drawn[mask].max() < 1.2 * usual

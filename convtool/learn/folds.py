"""Patches and background divided into folds: each is held out in turn, to measure on what was not learned."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import Pair
from convtool.learn.peaks import OVERLAP
from convtool.learn.windows import Background, Patch, identity

Masks = list[NDArray[np.bool_]]
"""For each background picture the windows that are meant, ``(H', W')``."""


@dataclass(frozen=True, eq=False)
class Fold:
    """What is learned from, and what is held out.

    Attributes
    ----------
    learned_patches, held_patches
        Numbers of patches.
    learned, held
        Windows of the background.
    """

    learned_patches: NDArray[np.intp]
    held_patches: NDArray[np.intp]
    learned: Masks
    held: Masks


def everything(patches: int, backgrounds: Sequence[Background]) -> Fold:
    """Learn from all there is."""
    every, none = np.arange(patches), np.arange(0)
    return Fold(every, none, [background.counts for background in backgrounds], [])


def groups_of(patches: Sequence[Patch]) -> NDArray[np.intp]:
    """The number of each patch's group: what is learned from one member is known of all.

    Patches of the same values are of one group, and windows of one picture that overlap as much as
    two finds may not, and what such pairs connect.
    """
    groups = np.arange(len(patches))
    alike: dict[bytes, int] = {}
    pictures: dict[Hashable, list[int]] = {}
    for number, patch in enumerate(patches):
        twin = alike.setdefault((patch.values + 0).tobytes(), number)  # + 0 takes the sign off -0.0
        beside = pictures.setdefault(identity(patch.picture), [])
        for other in (twin, *(each for each in beside if _overlap(patch, patches[each]))):
            groups[groups == groups[number]] = groups[other]
        beside.append(number)
    return np.unique(groups, return_inverse=True)[1]


def _overlap(one: Patch, other: Patch) -> bool:
    """Whether two windows of one size share more than two finds may."""
    height, width = one.size
    shared = max(0, height - abs(one.y - other.y)) * max(0, width - abs(one.x - other.x))
    return shared > OVERLAP * (2 * height * width - shared)


def folds_of(
    groups: NDArray[np.intp],
    backgrounds: Sequence[Background],
    size: Pair,
    folds: int,
    random: np.random.Generator,
) -> Iterator[Fold]:
    """Every fold: a part of the groups of patches, and of the background a part of its pictures.

    Patches that are all of one group are never held out, only background is. Where there are fewer
    pictures than folds, each is cut into bands along its longer side, and windows that overlap those
    of a band that is held out are not learned from. There are fewer folds where there are fewer groups,
    or else one would leave no background to learn from.

    Parameters
    ----------
    groups
        The number of each patch's group, counted from 0.
    """
    if len(groups) == 1:  # a template is all that can be learned, and needs no background
        one = everything(1, backgrounds)
        yield Fold(one.learned_patches, one.held_patches, [], one.learned)
        return
    count_of_groups = int(groups.max()) + 1
    group_order, picture_order = random.permutation(count_of_groups), random.permutation(len(backgrounds))

    def divided(count: int) -> list[tuple[Masks, Masks]]:
        return [_divided(backgrounds, size, picture_order % count, fold, count) for fold in range(count)]

    counts = range(folds if count_of_groups == 1 else min(folds, count_of_groups), 1, -1)
    count = next((count for count in counts if all(map(_leaves_some, divided(count)))), counts[0])
    for fold, (learned, held) in enumerate(divided(count)):
        out = (group_order % count == fold)[groups] & (count_of_groups > 1)
        yield Fold(np.flatnonzero(~out), np.flatnonzero(out), learned, held)


def _leaves_some(part: tuple[Masks, Masks]) -> bool:
    return any(mask.any() for mask in part[0])


def _divided(
    backgrounds: Sequence[Background], size: Pair, picture_folds: NDArray[np.intp], fold: int, folds: int
) -> tuple[Masks, Masks]:
    """The background that is learned from, and that which one of the folds holds out."""
    by_picture = len(backgrounds) >= folds
    learned: Masks = []
    held: Masks = []
    for background, picture_fold in zip(backgrounds, picture_folds, strict=True):
        counts = background.counts
        axis = int(counts.shape[1] > counts.shape[0])
        cells = counts.shape[axis]
        bands = np.full(cells, picture_fold) if by_picture else np.arange(cells) * folds // cells
        out = bands == fold
        near = np.convolve(out, np.ones(2 * size[axis] - 1))[size[axis] - 1 :][:cells] > 0
        held.append(counts & np.expand_dims(out, 1 - axis))
        learned.append(counts & ~np.expand_dims(near, 1 - axis))
    return learned, held


def sampled_places(mask: NDArray[np.bool_], count: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Places ``(count, 2)`` drawn at random from those a mask leaves, or all if there are not so many."""
    in_row = np.count_nonzero(mask, axis=1)
    ends = np.cumsum(in_row)
    total = int(ends[-1])
    if total <= count:
        return np.argwhere(mask)
    ranks = np.unique(random.integers(0, total, count))
    rows = np.searchsorted(ends, ranks, "right")
    places = np.empty((len(ranks), 2), np.intp)
    for row in np.unique(rows):
        chosen = rows == row
        columns = np.flatnonzero(mask[row])[ranks[chosen] - (ends[row] - in_row[row])]
        places[chosen, 0], places[chosen, 1] = row, columns
    return places

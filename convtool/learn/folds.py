"""Patches and background divided into folds: each is held out in turn, to measure on what was not learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import Pair
from convtool.learn.windows import Background

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


def folds_of(
    patches: int, backgrounds: Sequence[Background], size: Pair, folds: int, random: np.random.Generator
) -> Iterator[Fold]:
    """Every fold: a part of the patches, and of the background a part of its pictures.

    Where there are fewer pictures than folds, each is cut into bands along its longer side, and
    windows that overlap those of a band that is held out are not learned from. There are fewer folds
    where there are fewer patches, or else one would leave no background to learn from.
    """
    if patches == 1:  # nothing can be learned if it is held out, and a template learns from it alone
        one = everything(1, backgrounds)
        yield Fold(one.learned_patches, one.held_patches, [], one.learned)
        return
    patch_order, picture_order = random.permutation(patches), random.permutation(len(backgrounds))

    def divided(count: int) -> list[tuple[Masks, Masks]]:
        return [_divided(backgrounds, size, picture_order % count, fold, count) for fold in range(count)]

    counts = range(min(folds, patches), 1, -1)
    count = next((count for count in counts if all(map(_leaves_some, divided(count)))), counts[0])
    for fold, (learned, held) in enumerate(divided(count)):
        out = patch_order % count == fold
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

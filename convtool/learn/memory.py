"""Bytes that learning and recovering take at most, about, estimated before any of them is taken."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from convtool.core.bank import FilterBank
from convtool.core.convolution import plan
from convtool.core.geometry import Pair, Sizes
from convtool.learn import least_squares, logistic
from convtool.learn.lda import LARGEST
from convtool.learn.learning import FALSE_PEAKS, MOST_VALUES, MOST_WINDOWS, Method
from convtool.learn.recover import kernel_of
from convtool.learn.template import ANGLES, SCALES

Shape = tuple[int, int, int]
"""``(C, H, W)``"""

# Each factor below counts the arrays of 1, 4 or 8 bytes a value that live at the same time.


def learning_memory(
    patches: int, shape: Shape, pictures: Sequence[Shape], *, method: Method, folds: int
) -> int:
    """Estimate what `convtool.learn_filter` takes, the pictures of background included.

    Parameters
    ----------
    patches, shape
        How many there are, and the shape of each.
    pictures
        The shapes of those of background; one smaller than the patches is none.
    method, folds
        As in `convtool.learn_filter`.
    """
    values = prod(shape)
    pictures = [each for each in pictures if _fits(each[1:], shape[1:])]
    places = [(n - shape[1] + 1) * (m - shape[2] + 1) for _, n, m in pictures]
    windows = sum(places)
    parts = min(folds, max(2, patches))
    held = 4 * sum(map(prod, pictures)) + 40 * patches * values + (2 * parts + 36) * windows
    most = min(windows, MOST_WINDOWS, MOST_VALUES // values) + len(pictures)
    learned = 0
    if method == "lda":
        learned = 28 * most * values + 32 * min(values, LARGEST) ** 2
    if method == "logistic":
        most = min(windows, most + logistic.ROUNDS * FALSE_PEAKS * len(pictures))
        learned = 36 * (most + patches) * values + 40 * values**2 + 60 * max(places, default=0)
    filters = len(ANGLES) * len(SCALES) if method == "bank" else 1
    bank = FilterBank(_dense(filters, *shape), normalize="local")
    responses = max((plan(each, bank, relu=False).peak_memory for each in pictures), default=0)
    return held + learned + responses


def recovery_memory(before: Pair, after: Pair, size: Sizes, *, whole: bool) -> int:
    """Estimate what `convtool.recover_filter` takes, both pictures included.

    Parameters
    ----------
    before, after
        Their sizes.
    size
        Of the filter.
    whole
        Whether the values after are whole numbers.
    """
    kernel = kernel_of(size)
    count, cells = prod(kernel), prod(after)
    piece = min(cells, max(least_squares.PIECE_VALUES // count, after[1]))
    equations = 36 * piece * (count + 4) + 160 * count**2
    if whole:
        found = min(least_squares.NEAREST * count, cells)
        limits = 2 * found + min(least_squares.REMEMBERED * count, 2 * least_squares.ROUNDS * found)
        equations += 8 * (3 * limits + 2 * found) * (count + 4)
    responses = (
        plan(before, FilterBank(_dense(*kernel)), relu=False).peak_memory if _fits(before, kernel) else 0
    )
    moves = 0
    if before == after:
        moved = (kernel[0] + 1) * (kernel[1] + 1)
        sample = 2 * min(least_squares.MOST_SEARCHED, least_squares.SEARCHED_VALUES // moved)
        moves = 16 * cells + 24 * min(sample, cells) * (count + moved)
    return 4 * (prod(before) + cells) + max(equations + cells, responses + 24 * cells, moves)


def _fits(picture: Pair, kernel: Pair) -> bool:
    return all(n >= k for n, k in zip(picture, kernel, strict=True))


def _dense(*shape: int) -> np.ndarray:
    """Weights that no algorithm has a short cut for."""
    return np.random.default_rng(0).normal(size=shape)

"""What learning and recovering are estimated to take is no less than what they take, and not far from it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convtool import FilterBank, feature_maps, learn_filter, recover_filter
from convtool.errors import ArgumentError, LimitError
from convtool.learn.memory import learning_memory, recovery_memory
from tests.strategies import Pair

LOOSE = 3
"""How many times the bytes taken an estimate of large work may be."""


def taken(work: Callable[[], Any], given: Sequence[NDArray[np.float32]]) -> int:
    """The most bytes at a time, what is given included."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] + sum(array.nbytes for array in given)
    finally:
        tracemalloc.stop()


def noise(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "size", "whole", "padding"),
    [
        ((300, 400), (3, 3), True, "same"),
        ((500, 600), (3, 3), True, "valid"),
        ((500, 600), (3, 3), False, "same"),
        ((60, 80), (10, 10), True, "valid"),
        ((100, 120), (18, 18), False, "valid"),
    ],
    ids=str,
)
def test_of_recovering(shape: Pair, size: Pair, *, whole: bool, padding: Any) -> None:
    before, kernel = np.rint(40 * noise(*shape)), noise(*size, seed=1)
    after = feature_maps(before, FilterBank(kernel / np.abs(kernel).sum(), 9), relu=False, padding=padding)
    after = np.rint(after) if whole else after + noise(*after.shape, seed=2)
    estimate = recovery_memory(before.shape, after.shape, size, whole=whole)
    peak = taken(lambda: recover_filter(before, after, size), [before, after])
    assert peak <= estimate < LOOSE * peak


@pytest.mark.parametrize(
    ("method", "patches", "size", "picture", "pictures", "folds"),
    [
        ("ncc", 1, (20, 20), (600, 700), 1, 5),
        ("ncc", 20, (8, 8), (600, 700), 1, 20),
        ("bank", 2, (12, 12), (400, 500), 2, 2),
        ("lda", 4, (12, 12), (300, 300), 2, 2),
        ("lda", 4, (30, 30), (150, 150), 2, 2),
        ("logistic", 4, (10, 10), (200, 200), 2, 2),
        ("logistic", 4, (20, 20), (100, 100), 2, 2),
    ],
)
def test_of_learning(method: Any, patches: int, size: Pair, picture: Pair, pictures: int, folds: int) -> None:
    shown, behind = list(noise(patches, *size)), list(noise(pictures, *picture, seed=1))
    shapes = [(1, *picture)] * pictures
    estimate = learning_memory(patches, (1, *size), shapes, method=method, folds=folds)
    peak = taken(lambda: learn_filter(shown, behind, method=method, folds=folds), behind)
    assert peak <= estimate < LOOSE * peak


def test_without_background_it_is_that_of_the_patches() -> None:
    assert learning_memory(9, (1, 5, 4), [], method="ncc", folds=5) == 40 * 9 * 5 * 4


def test_a_size_that_cannot_be_recovered_is_refused() -> None:
    with pytest.raises(LimitError, match=r"^size is 33×32, which is 1056 weights"):
        recovery_memory((99, 99), (99, 99), (33, 32), whole=True)
    with pytest.raises(ArgumentError, match=r"^size is 0;"):
        recovery_memory((99, 99), (99, 99), 0, whole=True)
    assert recovery_memory((2, 2), (2, 2), 5, whole=True) > 32

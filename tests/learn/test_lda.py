"""Linear discriminant analysis against its formula by loops, SciPy's solver, and cases known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import linalg

from convtool.errors import LimitError
from convtool.learn.lda import LARGEST, lda
from tests import oracles


def classes(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Some of each, their values correlated, their means apart."""
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(count, count))
    positives = random.normal(size=(random.integers(2, 9), count)) @ mixed + random.normal(size=count)
    negatives = random.normal(size=(random.integers(count, 40), count)) @ mixed
    return positives, negatives


@given(count=st.integers(1, 5), ridge=st.sampled_from([1e-3, 0.1, 1.0, 30.0]), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_the_weights_solve_the_formula(count: int, ridge: float, seed: int) -> None:
    positives, negatives = classes(count, seed)
    covariance = oracles.covariance_within([positives, negatives])
    loaded = covariance + ridge * np.trace(covariance) / count * np.eye(count)
    difference = positives.mean(axis=0) - negatives.mean(axis=0)
    expected = linalg.solve(loaded, difference, assume_a="pos")
    given_values = positives.copy(), negatives.copy()
    assert lda(positives, negatives, ridge) == pytest.approx(expected, rel=1e-8, abs=1e-10)
    assert positives.tolist() == given_values[0].tolist()
    assert negatives.tolist() == given_values[1].tolist()


def test_values_that_vary_independently_are_divided_by_their_variances() -> None:
    """Deviations ±1 of the first value, ±2 of the second, ±4 of the third: variances 1/3, 4/3 and 16/3."""
    crosses = np.concatenate([np.diag([1.0, 2, 4]), -np.diag([1.0, 2, 4])])
    mean = np.array([6.0, 6.0, -6.0])
    weights = lda(mean + crosses, crosses, 1e-12)
    assert weights == pytest.approx([18, 4.5, -1.125], rel=1e-9)
    # λ = 1 adds their mean variance, 7/3, to each.
    expected = mean / (np.array([1, 4, 16]) / 3 + 7 / 3)
    assert lda(mean + crosses, crosses, 1.0) == pytest.approx(expected, rel=1e-12)


def test_correlated_values_are_told_apart_where_their_means_are_not() -> None:
    """Both classes vary along (1, 1) alone; their means differ along (1, 0), which is also across it."""
    along = np.linspace(-1, 1, 9)[:, None] * [1.0, 1.0]
    weights = lda(along + np.array([1.0, 0.0]), along, 1e-6)
    assert weights[0] == pytest.approx(-weights[1], rel=1e-5)
    assert weights[0] > 0


def test_a_strong_ridge_leaves_the_difference_of_the_means() -> None:
    positives, negatives = classes(4, seed=1)
    weights = lda(positives, negatives, 1e9)
    difference = positives.mean(axis=0) - negatives.mean(axis=0)
    assert weights / np.linalg.norm(weights) == pytest.approx(
        difference / np.linalg.norm(difference), abs=1e-6
    )


def test_background_counts_by_how_many_windows_it_has() -> None:
    """Twice the background moves the covariance towards its own, not the means."""
    positives, negatives = classes(3, seed=2)
    doubled = np.concatenate([negatives, negatives])
    own = [oracles.covariance_within([vectors]) * len(vectors) for vectors in (positives, doubled)]
    covariance = (own[0] + own[1]) / (len(positives) + len(doubled))
    loaded = covariance + np.trace(covariance) / 3 * np.eye(3)
    expected = np.linalg.solve(loaded, positives.mean(axis=0) - negatives.mean(axis=0))
    assert lda(positives, doubled, 1.0) == pytest.approx(expected, rel=1e-9)
    assert lda(positives, negatives, 1.0) != pytest.approx(expected, rel=1e-3)


def test_without_any_variance_the_difference_itself_is_the_direction() -> None:
    weights = lda(np.tile([3.0, 1.0, -1.0], (4, 1)), np.zeros((5, 3)), 0.5)
    assert weights.tolist() == [6, 2, -2]


def test_variance_that_is_rounding_is_none() -> None:
    """Patches all alike, each rounded in its own way."""
    pattern = np.random.default_rng(0).normal(size=9)
    patches = pattern + 1e-17 * np.random.default_rng(1).normal(size=(5, 9))
    assert lda(patches, np.zeros((9, 9)), 0.5) == pytest.approx(2 * pattern)


def test_more_values_than_can_be_solved_are_refused() -> None:
    message = (
        f"a patch has {LARGEST + 1} values, more than the {LARGEST} .* use smaller patches, or method ncc$"
    )
    with pytest.raises(LimitError, match=message):
        lda(np.zeros((2, LARGEST + 1)), np.zeros((2, LARGEST + 1)), 1.0)


def test_as_many_values_as_can_be_solved_are_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convtool.learn.lda.LARGEST", 4)
    assert lda(*classes(4, seed=3), 1.0).shape == (4,)
    with pytest.raises(LimitError, match="a patch has 5 values, more than the 4 "):
        lda(*classes(5, seed=3), 1.0)

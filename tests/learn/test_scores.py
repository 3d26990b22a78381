"""The area under the curve against counting pairs, and thresholds against the share they let pass."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.learn.scores import auc, threshold_at
from tests import oracles

responses = st.lists(st.integers(-4, 4) | st.floats(-4, 4, width=32), min_size=1, max_size=30)


@given(positives=responses, negatives=responses)
def test_the_area_is_the_share_of_pairs_in_order(positives: list[float], negatives: list[float]) -> None:
    above, below = np.float64(positives), np.float64(negatives)
    area = auc(above, below)
    assert area == pytest.approx(oracles.auc(above, below), abs=1e-12)
    assert auc(below, above) == pytest.approx(1 - area, abs=1e-12)
    assert auc(4 * above, 4 * below) == area


def test_areas_known_by_hand() -> None:
    assert auc(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1
    assert auc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 0
    assert auc(np.array([1.0, 4.0]), np.array([2.0, 3.0])) == 0.5
    assert auc(np.array([7.0]), np.array([7.0, 7.0, 7.0])) == 0.5
    assert auc(np.array([2.0]), np.array([1.0, 2.0, 3.0, 0.0])) == 0.625
    assert isinstance(auc(np.float32([1]), np.float32([0])), float)


def test_the_order_of_the_responses_does_not_matter_and_they_are_left_as_they_are() -> None:
    random = np.random.default_rng(1)
    positives, negatives = random.normal(1, 1, 50), random.normal(0, 1, 70)
    area, given_order = auc(positives, negatives), negatives.copy()
    assert 0.5 < area < 1
    assert auc(positives[::-1], random.permutation(negatives)) == pytest.approx(area, abs=1e-12)
    assert threshold_at(random.permutation(negatives), 0.1) == threshold_at(negatives, 0.1)
    assert negatives.tolist() == given_order.tolist()


@given(values=responses, share=st.integers(0, 63).map(lambda k: Fraction(k, 64)))
def test_the_threshold_is_the_lowest_response_that_few_enough_are_above(
    values: list[float], share: Fraction
) -> None:
    threshold = threshold_at(np.float64(values), float(share))
    assert threshold in values
    assert sum(value > threshold for value in values) <= share * len(values)
    lower = [value for value in values if value < threshold]
    if lower:
        assert sum(value > max(lower) for value in values) > share * len(values)


@given(values=responses, share=st.floats(0, 1, exclude_max=True))
def test_no_more_than_the_share_is_above_the_threshold(values: list[float], share: float) -> None:
    threshold = threshold_at(np.float64(values), share)
    assert sum(value > threshold for value in values) <= floor(share * len(values))


def test_thresholds_known_by_hand() -> None:
    assert threshold_at(np.arange(100.0), 0.29) == 70  # though 0.29 * 100 is 28.999…
    hundred = np.random.default_rng(2).permutation(100.0 + np.arange(100))
    assert threshold_at(hundred, 0.0) == 199
    assert threshold_at(hundred, 0.009) == 199
    assert threshold_at(hundred, 0.01) == 198
    assert threshold_at(hundred, 0.05) == 194
    assert threshold_at(hundred, 0.999) == 100
    assert threshold_at(np.float32([5]), 0.9) == 5
    assert threshold_at(np.array([1.0, 3.0, 3.0, 3.0]), 0.5) == 3
    assert isinstance(threshold_at(np.float32([1, 2]), 0.5), float)

"""Peaks against greedy suppression by explicit boxes, and what ties, NaN and the ends of options give."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import find_peaks
from convtool.errors import ArgumentError, InputError
from convtool.learn.peaks import OVERLAP, Peak, overlapping
from tests import oracles
from tests.strategies import REAL_TYPES, Pair, pairs
from tests.tolerances import assert_same_bytes

OVERLAPS = ["0", "0.1", "0.25", "0.3", "0.5", "0.9", "1"]


def places(peaks: list[Peak]) -> list[Pair]:
    return [(peak.y, peak.x) for peak in peaks]


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    size=pairs(1, 4),
    overlap=st.sampled_from(OVERLAPS),
    threshold=st.sampled_from([-np.inf, -2, 0, 1.5]),
    top=st.one_of(st.none(), st.integers(1, 6)),
    ties=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=300)
def test_peaks_are_those_of_greedy_suppression(
    shape: tuple[int, int, int],
    size: Pair,
    overlap: str,
    threshold: float,
    top: int | None,
    ties: bool,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    responses = (random.integers(-3, 4, shape) if ties else random.normal(0, 3, shape)).astype(np.float32)
    found = find_peaks(responses, size, threshold=threshold, top=top, overlap=float(overlap))
    expected = oracles.peaks(responses, size, threshold, Fraction(overlap), top)
    assert [(peak.y, peak.x, peak.score, peak.filter) for peak in found] == expected
    assert [peak.rank for peak in found] == list(range(1, len(found) + 1))
    assert {peak.size for peak in found} <= {size}


@pytest.mark.parametrize("size", [(1, 1), (1, 13), (2, 3), (5, 4), (7, 7)], ids=str)
def test_windows_overlap_by_their_intersection_over_their_union(size: Pair) -> None:
    """At every share of whole hundredths, those that are reached exactly among them."""
    height, width = size
    shares = {
        (dy, dx): oracles.iou((height, width, *size), (height + dy, width + dx, *size))
        for dy in range(1 - height, height)
        for dx in range(1 - width, width)
    }
    for hundredths in range(101):
        near = overlapping(size, hundredths / 100)
        assert near.shape == (2 * height - 1, 2 * width - 1)
        for (dy, dx), share in shares.items():
            assert near[height - 1 + dy, width - 1 + dx] == (share > Fraction(hundredths, 100))


def test_a_window_that_shares_exactly_the_limit_stays() -> None:
    """Of 13 columns, 6 in common are 6/20 of the union; 7 are 7/19."""
    assert OVERLAP == 0.3
    row = np.zeros((1, 20))
    row[0, [0, 7, 13]] = 9, 8, 7
    assert places(find_peaks(row, (1, 13))) == [(0, 0), (0, 7)]


def test_of_equal_responses_the_first_in_reading_order_comes_first() -> None:
    responses = np.zeros((5, 7))
    responses[4, 0] = responses[0, 4] = responses[2, 2] = responses[2, 6] = 3
    responses[4, 4] = 5
    assert places(find_peaks(responses, 1)) == [(4, 4), (0, 4), (2, 2), (2, 6), (4, 0)]


def test_a_plateau_is_covered_from_its_first_cell() -> None:
    flat = np.full((5, 6), 2.0)
    assert places(find_peaks(flat, (2, 3), overlap=0)) == [(0, 0), (0, 3), (2, 0), (2, 3), (4, 0), (4, 3)]
    assert len(find_peaks(flat, (2, 3), overlap=1)) == 30
    assert places(find_peaks(flat, (9, 9), overlap=0)) == [(0, 0)]


def test_only_local_maxima_are_peaks() -> None:
    ridge = np.array([[1, 2, 3, 4, 9, 8, 7, 6, 5]])
    assert places(find_peaks(ridge, 1)) == [(0, 4)]
    diagonal = np.array([[5, 0, 0], [0, 6, 0], [0, 0, 5]])
    assert places(find_peaks(diagonal, 1)) == [(1, 1)]
    dip = np.array([[1, 9, 2, 8, 1]])
    assert places(find_peaks(dip, 1)) == [(0, 1), (0, 3)]


def test_nan_is_never_a_peak_and_hides_none_beside_it() -> None:
    responses = np.array([[np.nan, 4, np.nan], [1, np.nan, 2], [np.nan, np.nan, np.nan]])
    assert places(find_peaks(responses, 1)) == [(0, 1)]
    assert places(find_peaks(responses, 1, threshold=-np.inf)) == [(0, 1)]
    assert find_peaks(np.full((3, 3), np.nan), 2, threshold=-np.inf) == []


def test_nan_of_one_filter_hides_no_other() -> None:
    peaks = find_peaks([[[np.nan, 1.0]], [[5.0, 0.0]]], 1)
    assert [(peak.x, peak.score, peak.filter) for peak in peaks] == [(0, 5, 1)]


def test_thresholds_beyond_float32() -> None:
    assert find_peaks([[1.0, 2.0]], 1, threshold=1e300) == []
    assert len(find_peaks([[1.0, 2.0]], 1, threshold=-1e300)) == 1


def test_infinite_responses() -> None:
    row = [[np.inf, 0, -np.inf, 0, 5]]
    found = find_peaks(row, 1)
    assert [(peak.x, peak.score) for peak in found] == [(0, np.inf), (4, 5)]
    assert places(find_peaks(row, 1, threshold=np.inf)) == []
    assert find_peaks(np.full((2, 2), -np.inf), 1, threshold=-np.inf) == []


def test_a_peak_is_above_the_threshold_not_at_it() -> None:
    row = [[3, 0, 2, 0, 1, 0, -1]]
    assert places(find_peaks(row, 1, threshold=1)) == [(0, 0), (0, 2)]
    assert places(find_peaks(row, 1, threshold=np.nextafter(np.float32(1), np.float32(0)))) == [
        (0, 0),
        (0, 2),
        (0, 4),
    ]
    assert places(find_peaks(np.zeros((3, 3)), 1)) == []


def test_the_threshold_may_be_below_zero() -> None:
    assert places(find_peaks([[-3, -1, -2]], 1, threshold=-2)) == [(0, 1)]


def test_top_cuts_the_list_and_changes_nothing_before() -> None:
    responses = np.random.default_rng(1).normal(size=(20, 20))
    every = find_peaks(responses, 3)
    assert len(every) > 5
    for top in (1, np.int64(5), len(every), len(every) + 1):
        assert find_peaks(responses, 3, top=top) == every[:top]


def test_without_any_overlap_windows_that_touch_both_stay() -> None:
    row = np.zeros((1, 9))
    row[0, [0, 3, 5]] = 9, 8, 7
    assert places(find_peaks(row, (1, 3), overlap=0)) == [(0, 0), (0, 3)]
    assert places(find_peaks(row, (1, 2), overlap=0)) == [(0, 0), (0, 3), (0, 5)]


def test_a_suppressed_window_suppresses_none() -> None:
    row = np.zeros((1, 9))
    row[0, [0, 2, 4]] = 9, 8, 7
    assert places(find_peaks(row, (1, 4), overlap=0)) == [(0, 0), (0, 4)]


def test_of_a_bank_the_largest_response_counts_and_its_filter_is_named() -> None:
    bank = np.zeros((3, 4, 6))
    bank[0, 1, 1], bank[2, 1, 1] = 4, 6
    bank[1, 3, 4] = bank[2, 3, 4] = 5
    assert find_peaks(bank, 2) == [(1, 1, 1, (2, 2), 6.0, 2), (2, 3, 4, (2, 2), 5.0, 1)]


def test_a_bank_of_one_and_a_batch_of_one_are_a_map() -> None:
    responses = np.random.default_rng(2).normal(size=(9, 9)).astype(np.float32)
    expected = find_peaks(responses, 3)
    assert find_peaks(responses[None], 3) == find_peaks(responses[None, None], 3) == expected
    assert find_peaks(responses.tolist(), (3, 3)) == expected


@pytest.mark.parametrize("dtype", REAL_TYPES)
def test_every_real_type_is_accepted_and_left_as_it_is(dtype: str) -> None:
    responses = np.array([[0, 1, 0, 0], [0, 0, 0, 1]]).astype(dtype)
    before = responses.copy()
    responses.flags.writeable = False
    assert places(find_peaks(responses, 1)) == [(0, 1), (1, 3)]
    assert_same_bytes(responses, before)


def test_a_peak_holds_plain_numbers() -> None:
    peak = find_peaks(np.float32([[[0, 2.5]]]), np.array([1, 2]))[0]
    assert peak == Peak(rank=1, y=0, x=1, size=(1, 2), score=2.5, filter=0)
    assert [type(value) for value in peak] == [int, int, int, tuple, float, int]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, r"size is 0; it must be a whole number of at least 1, or a \(y, x\) pair"),
        ({"size": (3, -1)}, r"size is \(3, -1\)"),
        ({"size": 2.5}, "size is 2.5"),
        ({"threshold": np.nan}, "threshold is nan; it must be a number"),
        ({"threshold": "high"}, "threshold is 'high'; it must be a number"),
        ({"overlap": "half"}, "overlap is 'half'; it must be from 0 to 1"),
        ({"top": 0}, "top is 0; it must be a whole number of at least 1"),
        ({"top": 1.5}, "top is 1.5"),
        ({"overlap": -0.01}, "overlap is -0.01; it must be from 0 to 1"),
        ({"overlap": 1.01}, "overlap is 1.01; it must be from 0 to 1"),
        ({"overlap": np.nan}, "overlap is nan; it must be from 0 to 1"),
    ],
    ids=str,
)
def test_an_option_that_fits_no_responses_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        find_peaks(np.ones((5, 5)), **{"size": 3, **options})


def test_responses_of_several_images_are_refused() -> None:
    with pytest.raises(InputError, match="those of 2 images; find the peaks of each by itself"):
        find_peaks(np.ones((2, 1, 5, 5)), 3)
    with pytest.raises(InputError, match="those of 0 images"):
        find_peaks(np.ones((0, 1, 5, 5)), 3)


@pytest.mark.parametrize("shape", [(5,), (0, 5), (1, 1, 1, 5, 5)], ids=str)
def test_responses_are_a_map(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="responses has shape"):
        find_peaks(np.ones(shape), 3)

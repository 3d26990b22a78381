"""Equations of all windows: their least squares, what they leave open, and where every value rounds right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.learn import least_squares as module
from convtool.learn.least_squares import Fit, least_squares, within_rounding
from tests import oracles
from tests.strategies import Pair, pairs

KERNEL = np.array([[1, 2, -1], [0, 3, -2], [1, 1, -4]]) / 7
REAL = np.random.default_rng(0).normal(size=(3, 3))


def responses(seen: NDArray, kernel: NDArray, bias: float) -> NDArray[np.float64]:
    return oracles.conv2d(seen[None, None], kernel[None, None])[0, 0] + bias


def everywhere(values: NDArray) -> NDArray[np.bool_]:
    return np.ones(values.shape, bool)


@given(
    size=pairs(1, 3),
    level=st.sampled_from([0, 100, -5000]),
    share=st.sampled_from([0.7, 1]),
    seed=st.integers(0, 2**32 - 1),
)
def test_weights_bias_and_errors_are_those_of_the_equations_wanted(
    size: Pair, level: float, share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    seen = (random.normal(size=(12, 14)) + level).astype(np.float32)
    exact = responses(seen, random.normal(size=size), 3)
    values = (exact + random.normal(size=exact.shape)).astype(np.float32)
    wanted = random.random(values.shape) < share
    fit = least_squares(seen, values, wanted, size)
    weights, bias, errors = oracles.fitted_kernel(seen, values, size, wanted)
    assert fit.weights == pytest.approx(weights, rel=1e-6, abs=1e-6)
    assert fit.bias == pytest.approx(bias, rel=1e-6, abs=1e-5 * (1 + abs(level)))
    assert fit.errors == pytest.approx(errors, rel=1e-6)
    left = (values - responses(seen, weights, bias))[wanted]
    assert fit.explained == pytest.approx(1 - left.var() / values[wanted].var(dtype=np.float64), abs=1e-6)


def test_what_leaves_no_trace_has_an_infinite_error_and_the_rest_has_none() -> None:
    """Windows that lie at the left border alone, where the first column is the same in all of them."""
    random = np.random.default_rng(1)
    seen = random.normal(size=(30, 6)).astype(np.float32)
    seen[:, 0] = 4
    values = responses(seen, np.array([[5.0, 2.0, -3.0]]), 1).astype(np.float32)
    wanted = np.zeros(values.shape, bool)
    wanted[:, 0] = True
    fit = least_squares(seen, values, wanted, (1, 3))
    assert fit.weights == pytest.approx(np.array([[0, 2, -3]]), abs=1e-5)
    assert fit.bias == pytest.approx(1 + 4 * 5, abs=1e-4)
    assert np.isinf(fit.errors).tolist() == [[True, False, False]]
    assert fit.explained == pytest.approx(1)


def test_of_weights_that_cannot_be_told_apart_the_smallest_are_given() -> None:
    """Stripes: a column of the kernel is known by its sum, which is shared out evenly."""
    seen = np.tile(np.random.default_rng(2).normal(size=40), (20, 1)).astype(np.float32)
    values = responses(seen, KERNEL, 0).astype(np.float32)
    fit = least_squares(seen, values, everywhere(values), (3, 3))
    assert fit.weights == pytest.approx(np.tile(KERNEL.mean(axis=0), (3, 1)), abs=1e-5)
    assert np.isinf(fit.errors).all()


def test_values_that_are_all_alike_have_nothing_to_explain() -> None:
    seen = np.random.default_rng(3).normal(size=(9, 9)).astype(np.float32)
    fit = least_squares(seen, np.full((7, 7), 5, np.float32), np.ones((7, 7), bool), (3, 3))
    assert (fit.explained, fit.bias) == (0, 5)
    assert not fit.weights.any()


@pytest.mark.parametrize(("most", "taken"), [(1200, 1), (600, 2), (599, 2), (300, 4), (30, 40)])
def test_of_more_windows_than_wanted_rows_are_taken_evenly(
    most: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the rows between hold changes nothing."""
    random = np.random.default_rng(4)
    seen = random.normal(size=(42, 32)).astype(np.float32)
    exact = responses(seen, KERNEL, 3)
    others = np.arange(40) % taken != 0
    exact[others] += 9 * random.normal(size=(others.sum(), 30))
    values = exact.astype(np.float32)
    monkeypatch.setattr(module, "MOST_WINDOWS", most)
    fit = least_squares(seen, values, everywhere(values), (3, 3))
    assert fit.weights == pytest.approx(KERNEL, abs=1e-5)
    assert fit.bias == pytest.approx(3, abs=1e-5)
    assert fit.errors.max() < 1e-5
    monkeypatch.setattr(module, "MOST_WINDOWS", most * 2)
    more = least_squares(seen, values, everywhere(values), (3, 3))
    assert (np.abs(more.weights - KERNEL).max() < 1e-5) == (taken == 1)


@pytest.mark.parametrize("most", [2**20, 300])
@pytest.mark.parametrize("piece", [1, 500, 2000])
def test_rows_are_summed_a_few_at_a_time(most: int, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    seen = random.integers(0, 256, (42, 32)).astype(np.float32)
    values = np.rint(responses(seen, KERNEL, 3) + random.normal(size=(40, 30))).astype(np.float32)
    monkeypatch.setattr(module, "MOST_WINDOWS", most)
    at_once = least_squares(seen, values, everywhere(values), (3, 3))
    monkeypatch.setattr(module, "PIECE_VALUES", piece)
    fit = least_squares(seen, values, everywhere(values), (3, 3))
    for whole, pieces in zip(at_once, fit, strict=True):
        assert pieces == pytest.approx(whole, rel=1e-9)


def whole_numbers(bias: float = 100, seed: int = 6) -> tuple[NDArray[np.float32], NDArray[np.float32], Fit]:
    """What was seen, what became of it, rounded, and the least squares of that."""
    seen = np.random.default_rng(seed).integers(0, 256, (50, 50)).astype(np.float32)
    values = np.rint(responses(seen, REAL, bias)).astype(np.float32)
    return seen, values, least_squares(seen, values, everywhere(values), (3, 3))


def test_weights_move_to_where_every_response_rounds_right() -> None:
    seen, values, fit = whole_numbers()
    assert np.abs(responses(seen, fit.weights, fit.bias) - values).max() > 0.505
    moved = within_rounding(fit, seen, values)
    assert np.abs(responses(seen, moved.weights, moved.bias) - values).max() < 0.501
    assert np.abs(moved.weights - REAL).max() < np.abs(fit.weights - REAL).max() / 2
    assert (moved.errors.tolist(), moved.explained) == (fit.errors.tolist(), fit.explained)


def test_weights_that_round_right_stay() -> None:
    seen, values, fit = whole_numbers()
    right = fit._replace(weights=REAL, bias=100.0)
    stayed = within_rounding(right, seen, values)
    assert stayed.weights.tolist() == REAL.tolist()
    assert stayed.bias == pytest.approx(100, abs=1e-9)


def test_responses_to_clipped_values_may_lie_beyond_them() -> None:
    seen, values, _ = whole_numbers()
    clipped = np.clip(values, 200, 450)
    free = (clipped > 200) & (clipped < 450)
    assert free.mean() < 0.7
    moved = within_rounding(least_squares(seen, clipped, free, (3, 3)), seen, clipped)
    off = responses(seen, moved.weights, moved.bias) - clipped
    assert np.abs(off[free]).max() < 0.501
    assert off[clipped == 200].max() < 0.501
    assert off[clipped == 200].min() < -20
    assert off[clipped == 450].min() > -0.501
    assert off[clipped == 450].max() > 20
    assert moved.weights == pytest.approx(REAL, abs=1e-3)


def test_pictures_that_no_filter_makes_of_each_other_end_the_steps() -> None:
    seen, values, fit = whole_numbers()
    values[10, 10] += 50
    moved = within_rounding(fit, seen, values)
    assert np.isfinite(moved.weights).all()
    assert moved.weights == pytest.approx(REAL, abs=0.1)

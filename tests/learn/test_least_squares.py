"""Equations of all windows: their least squares, what they leave open, and where every value rounds right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convtool.learn import least_squares as module
from convtool.learn.least_squares import Fit, least_squares, likeliest_move, within_rounding
from tests import oracles
from tests.strategies import Pair, pairs

KERNEL = np.array([[1, 2, -1], [0, 3, -2], [1, 1, -4]]) / 7
REAL = np.random.default_rng(0).normal(size=(3, 3))


def responses(seen: NDArray, kernel: NDArray, bias: float) -> NDArray[np.float64]:
    return oracles.conv2d(seen[None, None], kernel[None, None])[0, 0] + bias


def ends_of(values: NDArray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


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


def test_a_high_level_takes_no_precision_away() -> None:
    seen = np.random.default_rng(1).integers(0, 9, (30, 30)) + np.float32(2**23)
    values = responses(seen, 7 * KERNEL, 3).astype(np.float32)
    fit = least_squares(seen, values, everywhere(values), (3, 3))
    assert fit.weights == pytest.approx(7 * KERNEL, abs=1e-9)
    assert fit.explained == pytest.approx(1, abs=1e-12)


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


@pytest.mark.parametrize(("most", "taken"), [(1200, 1), (600, 2), (599, 3), (300, 4), (36, 34)])
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


@pytest.mark.parametrize(("most", "taken"), [(400 * 81, 3), (1, 34)])
def test_of_large_kernels_fewer_windows_are_taken(
    most: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window of 9 values has 81 products; there are about 4 windows for each weight at least."""
    random = np.random.default_rng(4)
    seen = random.normal(size=(42, 32)).astype(np.float32)
    exact = responses(seen, KERNEL, 3)
    others = np.arange(40) % taken != 0
    exact[others] += 9 * random.normal(size=(others.sum(), 30))
    values = exact.astype(np.float32)
    monkeypatch.setattr(module, "MOST_PRODUCTS", most)
    assert least_squares(seen, values, everywhere(values), (3, 3)).weights == pytest.approx(KERNEL, abs=1e-5)


MOVES = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


@given(number=st.integers(0, 8), padding=st.booleans(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_the_likeliest_move_is_the_one_whose_least_squares_explain_most(
    number: int, padding: bool, seed: int
) -> None:
    """Against the fits of every move, over the windows that have a value whatever the move."""
    random = np.random.default_rng(seed)
    before = random.normal(size=(16, 17)).astype(np.float32)
    after = np.zeros((16, 17) if padding else (14, 15), np.float32)
    origin = (-1, -1) if padding else (0, 0)
    exact = responses(before, random.normal(size=(3, 3)), 5)
    first = 1 if padding else 0
    after[first : first + 14, first : first + 15] = exact + 3 * random.normal(size=exact.shape)
    after = np.roll(after, MOVES[number], (0, 1))
    # The first and the last window begin where a value is left for, were it one row up or down.
    begin, rows, columns = (0, 14, 15) if padding else (1, 12, 13)
    seen = before[begin : begin + rows + 2, begin : begin + columns + 2]
    explained = []
    for down, right in MOVES:
        values = after[begin - origin[0] + down :, begin - origin[1] + right :][:rows, :columns]
        weights, bias, _ = oracles.fitted_kernel(seen, values, (3, 3), everywhere(values))
        left = values - responses(seen, weights, bias)
        explained.append(1 - left.var() / values.var(dtype=np.float64))
    found = likeliest_move(before, after, (3, 3), origin, MOVES)
    assert found == MOVES[int(np.argmax(explained))]


@pytest.mark.parametrize(("limit", "value"), [("MOST_SEARCHED", 60), ("SEARCHED_VALUES", 60 * 9)])
def test_a_move_is_looked_for_in_a_sample(limit: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 38 by 38 windows every 24th has moved right; the others have moved up."""
    random = np.random.default_rng(8)
    before = random.normal(size=(40, 40)).astype(np.float32)
    exact = responses(before, REAL, 2)
    rows, columns = (places.ravel()[::24] for places in np.mgrid[:38, :38])
    after = np.zeros((40, 40), np.float32)
    after[0:38, 1:39] = exact
    after[rows, columns + 1] = random.normal(size=len(rows))
    after[rows + 1, columns + 2] = exact[rows, columns]
    assert likeliest_move(before, after, (3, 3), (-1, -1), MOVES) == (-1, 0)
    monkeypatch.setattr(module, limit, value)
    assert likeliest_move(before, after, (3, 3), (-1, -1), MOVES) == (0, 1)


def test_no_move_looks_beyond_the_border() -> None:
    """Of a kernel of even sides the last row is padding; it is no neighbour of the first."""
    before = np.random.default_rng(8).normal(size=(12, 12)).astype(np.float32)
    after = np.zeros((12, 12), np.float32)
    after[:-1, :-1] = responses(before, REAL[:2, :2], 2)
    for move, border in (((-1, 0), np.s_[-1, :]), ((0, -1), np.s_[:, -1])):
        moved = np.roll(after, move, (0, 1))
        moved[border] = 1e4
        assert likeliest_move(before, moved, (2, 2), (0, 0), MOVES) == move


def test_with_too_few_windows_nothing_is_said_to_have_moved() -> None:
    small = np.random.default_rng(9).normal(size=(5, 5)).astype(np.float32)
    assert likeliest_move(small, np.roll(small, (1, 0), (0, 1)), (3, 3), (-1, -1), MOVES) == (0, 0)


def whole_numbers(bias: float = 100, seed: int = 6) -> tuple[NDArray[np.float32], NDArray[np.float32], Fit]:
    """What was seen, what became of it, rounded, and the least squares of that."""
    seen = np.random.default_rng(seed).integers(0, 256, (50, 50)).astype(np.float32)
    values = np.rint(responses(seen, REAL, bias)).astype(np.float32)
    return seen, values, least_squares(seen, values, everywhere(values), (3, 3))


def test_weights_move_to_where_every_response_rounds_right() -> None:
    seen, values, fit = whole_numbers()
    assert np.abs(responses(seen, fit.weights, fit.bias) - values).max() > 0.505
    moved = within_rounding(fit, seen, values, ends_of(values))
    assert np.abs(responses(seen, moved.weights, moved.bias) - values).max() < 0.501
    assert np.abs(moved.weights - REAL).max() < np.abs(fit.weights - REAL).max() / 2
    assert (moved.errors.tolist(), moved.explained) == (fit.errors.tolist(), fit.explained)


def test_weights_that_round_right_stay() -> None:
    seen, values, fit = whole_numbers()
    right = fit._replace(weights=REAL, bias=100.0)
    stayed = within_rounding(right, seen, values, ends_of(values))
    assert stayed.weights.tolist() == REAL.tolist()
    assert stayed.bias == pytest.approx(100, abs=1e-9)


def test_responses_to_clipped_values_may_lie_beyond_them() -> None:
    seen, values, _ = whole_numbers()
    clipped = np.clip(values, 200, 450)
    free = (clipped > 200) & (clipped < 450)
    assert free.mean() < 0.7
    moved = within_rounding(least_squares(seen, clipped, free, (3, 3)), seen, clipped, ends_of(clipped))
    off = responses(seen, moved.weights, moved.bias) - clipped
    assert np.abs(off[free]).max() < 0.501
    assert off[clipped == 200].max() < 0.501
    assert off[clipped == 200].min() < -20
    assert off[clipped == 450].min() > -0.501
    assert off[clipped == 450].max() > 20
    assert moved.weights == pytest.approx(REAL, abs=1e-3)


@pytest.mark.parametrize("side", [20, 30, 80])
@pytest.mark.parametrize("size", [3, 5], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_however_little_room_the_rounding_leaves_it_is_found(side: int, size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    kernel = random.normal(size=(size, size))
    seen = random.integers(0, 256, (side, side)).astype(np.float32)
    values = np.rint(responses(seen, kernel, 20)).astype(np.float32)
    moved = within_rounding(
        least_squares(seen, values, everywhere(values), kernel.shape), seen, values, ends_of(values)
    )
    assert np.abs(responses(seen, moved.weights, moved.bias) - values).max() < 0.501


def test_of_the_limits_those_with_least_room_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few, they lead to the same end, in more rounds."""
    random = np.random.default_rng(3)
    seen = random.integers(0, 256, (80, 80)).astype(np.float32)
    values = np.rint(responses(seen, random.normal(size=(5, 5)), 20)).astype(np.float32)
    fit = least_squares(seen, values, everywhere(values), (5, 5))
    looked_at: list[int] = []

    def inside(rows: NDArray, limits: NDArray, start: NDArray) -> NDArray[np.float64]:
        looked_at.append(len(rows))
        return plain(rows, limits, start)

    plain = module._inside
    monkeypatch.setattr(module, "_inside", inside)
    for name, number in (("NEAREST", 1), ("REMEMBERED", 3)):
        monkeypatch.setattr(module, name, number)
    moved = within_rounding(fit, seen, values, ends_of(values))
    assert np.abs(responses(seen, moved.weights, moved.bias) - values).max() < 0.501
    assert len(looked_at) > 2
    assert max(looked_at) == (3 + 2) * 26


def test_of_pictures_that_no_filter_makes_of_each_other_the_fit_stays() -> None:
    seen, values, fit = whole_numbers()
    values[10, 10] += 50
    assert within_rounding(fit, seen, values, ends_of(values)) is fit


def test_rows_without_equations_are_not_among_those_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = np.random.default_rng(7).normal(size=(42, 32)).astype(np.float32)
    values = responses(seen, KERNEL, 3).astype(np.float32)
    wanted = everywhere(values)
    wanted[::4] = False
    monkeypatch.setattr(module, "MOST_WINDOWS", 225)
    fit = least_squares(seen, values, wanted, (3, 3))
    assert fit.windows == 8 * 30
    assert fit.weights == pytest.approx(KERNEL, abs=1e-5)

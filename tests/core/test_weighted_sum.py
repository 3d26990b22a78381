"""Weighted sums of arrays: their values, their zeros, and the passes that they take."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convtool.core import weighted_sum as module
from convtool.core.weighted_sum import Passes, WeightedSum
from tests.strategies import generators
from tests.tolerances import assert_close, assert_equal

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = (3, 5)

few_alike = st.lists(st.sampled_from([-3.0, -1.0, 0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=9)
magnitudes = st.floats(2.0**-60, 99, width=32)  # products of smaller ones leave the normal numbers
unlike = st.lists(st.one_of(magnitudes, magnitudes.map(lambda x: -x)), min_size=1, max_size=9)
either = st.one_of(few_alike, unlike)


def total(weights: list[float], taps: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Sum into buffers of other content."""
    out, spare = np.full(CELLS, np.nan, np.float32), np.full(CELLS, np.nan, np.float32)
    WeightedSum(weights)(taps, out, spare)
    return out


def truth(weights: list[float], taps: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    return sum((w * tap.astype(np.float64) for w, tap in zip(weights, taps, strict=True)), np.zeros(CELLS))


@given(weights=unlike, rng=generators())
def test_the_sum_of_real_numbers_is_within_the_bound(weights: list[float], rng: np.random.Generator) -> None:
    taps = [rng.standard_normal(CELLS, dtype=np.float32) for _ in weights]
    scale = sum(abs(w) * np.abs(tap) for w, tap in zip(weights, taps, strict=True))
    assert_close(total(weights, taps), truth(weights, taps), case="sum", terms=len(weights) + 1, scale=scale)


@given(weights=few_alike, rng=generators())
def test_the_sum_of_whole_numbers_is_exact(weights: list[float], rng: np.random.Generator) -> None:
    taps = [rng.integers(-(2**19), 2**19, CELLS).astype(np.float32) for _ in weights]
    assert_equal(total(weights, taps), truth(weights, taps))


@given(weights=either)
def test_the_sum_of_zeros_is_plus_zero(weights: list[float]) -> None:
    zeros = total(weights, [np.zeros(CELLS, np.float32)] * len(weights))
    assert_equal(zeros, np.zeros(CELLS))
    assert not np.signbit(zeros).any()


@given(weights=either, rng=generators())
def test_taps_are_not_changed(weights: list[float], rng: np.random.Generator) -> None:
    taps = [rng.standard_normal(CELLS, dtype=np.float32) for _ in weights]
    for tap in taps:
        tap.flags.writeable = False
    total(weights, taps)


def test_a_tap_of_weight_0_is_not_looked_at() -> None:
    taps = [np.full(CELLS, value, np.float32) for value in (np.nan, 2, np.inf)]
    assert_equal(total([0, 3, 0], taps), np.full(CELLS, 6))


@pytest.mark.parametrize(
    ("weights", "passes"),
    [
        ([0, 0], (0, 0)),
        ([5], (0, 1)),
        ([1, 1, 1], (2, 0)),
        ([1, 2, 1], (2, 1)),
        ([-1, 0, 1], (1, 0)),
        ([-1, -1], (2, 0)),  # 0 − (a + b), lest zeros give −0
        ([3, -3, 3, 3], (3, 1)),
        ([2, 0, 5, -2], (2, 2)),
    ],
    ids=str,
)
def test_weights_alike_share_a_multiplication_and_ones_need_none(
    weights: list[float], passes: tuple[int, int]
) -> None:
    assert WeightedSum(weights).passes == Passes(*passes)


@given(weights=either)
@example(weights=[1, -3])  # what is first must be a plus, and is copied
def test_the_passes_are_those_it_takes(weights: list[float]) -> None:
    calls: list[str] = []

    def counted(name: str) -> Any:
        ufunc = getattr(np, name)

        def count(*arguments: Any, **options: Any) -> Any:
            calls.append(name)
            return ufunc(*arguments, **options)

        return count

    counting = SimpleNamespace(**{name: counted(name) for name in ("add", "subtract", "multiply")})
    weighted_sum = WeightedSum(weights)
    buffers = np.empty(CELLS, np.float32), np.empty(CELLS, np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "np", counting)
        weighted_sum([np.ones(CELLS, np.float32)] * len(weights), *buffers)
    taken = Passes(len(calls) - calls.count("multiply"), calls.count("multiply"))
    assert weighted_sum.passes == taken

"""Sums of windows along a run, against the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convtool.core.threads import Scratch
from convtool.core.window_sums import slide_sum
from tests.tolerances import assert_equal


@given(
    taps=st.integers(1, 70), step=st.integers(1, 9), more=st.integers(1, 40), seed=st.integers(0, 2**32 - 1)
)
def test_every_window_is_the_sum_of_its_taps(taps: int, step: int, more: int, seed: int) -> None:
    run = np.random.default_rng(seed).integers(-1000, 1000, (taps - 1) * step + more).astype(np.int32)
    before = run.copy()
    expected = sum(run[k * step : k * step + more] for k in range(taps))
    assert_equal(slide_sum(run, taps, step, Scratch(), "sums"), expected)
    assert_equal(run, before)


def test_a_sum_may_be_summed_again_under_another_name() -> None:
    scratch = Scratch()
    ones = np.ones(200, np.float64)
    for taps in range(1, 12):
        down = slide_sum(ones, taps, 10, scratch, "down")
        across = slide_sum(down, taps, 1, scratch, "across")
        assert set(across.tolist()) == {taps**2}
        assert across.size == 200 - 11 * (taps - 1)

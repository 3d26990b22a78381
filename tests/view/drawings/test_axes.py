"""Ticks of axes: round, around the values, and written with the digits that they need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.drawings.axes import HAIR, axis_of, round_step

MAGNITUDES = st.floats(1e-30, 1e30)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([2.3, 0.05], "0.0 0.5 1.0 1.5 2.0 2.5"),
        ([0.1, 0.5], "0.0 0.1 0.2 0.3 0.4 0.5"),
        ([0.3, 0.5], "0.30 0.35 0.40 0.45 0.50"),
        ([97.3, 99.2], "97.0 97.5 98.0 98.5 99.0 99.5"),
        ([55, 100], "50 60 70 80 90 100"),
        ([10, 20], "0 5 10 15 20"),
        ([20, 30], "20 22 24 26 28 30"),
        ([1, 100_000], "0 20,000 40,000 60,000 80,000 100,000"),
        ([1, 1_234_567], "0 0.5e6 1.0e6 1.5e6"),
        ([3e-7, 8e-7], "0 2e-7 4e-7 6e-7 8e-7"),
        ([0.0012, 0.0098], "0.000 0.002 0.004 0.006 0.008 0.010"),
        ([-1, 1], "-1.0 -0.5 0.0 0.5 1.0"),
        ([0.5], "0.0 0.1 0.2 0.3 0.4 0.5"),
        ([0, 0], "0.0 0.2 0.4 0.6 0.8 1.0"),
        ([-3], "-3 -2 -1 0"),
        ([100, 100 + 1e-12], "0 20 40 60 80 100"),
    ],
)
def test_ticks(values: list[float], labels: str) -> None:
    assert " ".join(axis_of(values).labels) == labels


@given(st.lists(MAGNITUDES, min_size=1, max_size=20))
def test_values_of_any_magnitude_are_on_the_axis(values: list[float]) -> None:
    axis = axis_of(values)
    assert 3 <= len(axis.ticks) <= 8
    assert len(set(axis.labels)) == len(axis.labels) == len(axis.ticks)
    shares = [axis.share(value) for value in values]
    assert -HAIR <= min(shares) <= max(shares) <= 1 + HAIR
    assert axis.ticks[0] == 0 or max(shares) - min(shares) > 2 / 5  # no less than two of four steps


@given(st.lists(MAGNITUDES, min_size=1, max_size=20))
def test_labels_say_where_the_ticks_are(values: list[float]) -> None:
    axis = axis_of(values)
    said = [float(label.replace(",", "")) for label in axis.labels]
    for index, number in enumerate(said):
        assert min(range(len(said)), key=lambda k: abs(axis.ticks[k] - number)) == index


def test_shares() -> None:
    axis = axis_of([20, 30])
    assert [axis.share(value) for value in (20, 25, 30)] == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("least", "step"),
    [(1, 1), (1.1, 2), (2, 2), (3, 5), (5.5, 10), (0.3, 0.5), (40 / 7, 10), (40, 50), (0.02, 0.02)],
)
def test_round_steps(least: float, step: float) -> None:
    assert round_step(least) == step

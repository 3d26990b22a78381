"""Learning rates: where they are on the way."""

from __future__ import annotations

from math import cos, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.net.training.schedules import ScheduleName, rate_at
from tests.tolerances import assert_near

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        ("cosine", 0, 8),
        ("cosine", 1 / 3, 6),
        ("cosine", 1 / 2, 4),
        ("cosine", 2 / 3, 2),
        ("cosine", 1, 0),
        ("step", 0, 8),
        ("step", 0.499, 8),
        ("step", 0.5, 0.8),
        ("step", 0.749, 0.8),
        ("step", 0.75, 0.08),
        ("step", 1, 0.08),
        ("constant", 0, 8),
        ("constant", 1, 8),
    ],
)
def test_a_rate_on_the_way(schedule: ScheduleName, progress: float, expected: float) -> None:
    assert_near(rate_at(schedule, 8, progress), expected)


@given(progress=shares, other=shares)
def test_cosine_falls_as_half_a_wave(progress: float, other: float) -> None:
    assert_near(rate_at("cosine", 1, progress), 0.5 + 0.5 * cos(pi * progress))
    first, second = sorted((progress, other))
    assert rate_at("cosine", 1, first) >= rate_at("cosine", 1, second) >= 0

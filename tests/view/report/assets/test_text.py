"""Numbers on the page: every digit that is known, none that is not, and read again as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tolerances import assert_equal

if TYPE_CHECKING:
    from tests.view.report.engine import Engine

pytestmark = pytest.mark.browser

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
WHOLE = st.integers(1 - 2**24, 2**24 - 1).map(lambda number: number * 2**29)
"""Whole numbers that float32 has, up to 2⁵³."""


def written(engine: Engine, form: str, values: list[float]) -> list[str]:
    return engine.run(f"return arguments[0].map({form});", values)


@pytest.mark.parametrize(
    ("value", "exact", "brief"),
    [
        (0.1, "0.1", "0.1"),
        (-2.5, "\u22122.5", "\u22122.5"),
        (123456.78125, "123456.78", "1.2346e+5"),
        (150397824, "150397824", "150397824"),
        (4294967296, "4294967296", "4.295e+9"),
        (-16794e15, "\u22121.6794e+19", "\u22121.6794e+19"),
        (1e-7, "1e\u22127", "1e\u22127"),
    ],
)
def test_numbers_end_in_no_zeros_that_stand_for_other_digits(
    engine: Engine, value: float, exact: str, brief: str
) -> None:
    value = float(np.float32(value))
    assert written(engine, "exact", [value]) == [exact]
    assert written(engine, "brief", [value]) == [brief]


@given(st.lists(WHOLE, min_size=1))
@settings(max_examples=30)
def test_whole_numbers_are_written_in_full(engine: Engine, values: list[int]) -> None:
    assert written(engine, "shortest", values) == list(map(str, values))


@given(st.lists(FLOATS, min_size=1))
@settings(max_examples=60)
def test_what_is_written_is_read_again(engine: Engine, values: list[float]) -> None:
    read = engine.run("return arguments[0].map((value) => numberOf(exact(value)));", values)
    assert_equal(np.array(read, np.float32), np.array(values, np.float32))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.11111111, ["0.1111", "0.11"]),
        (-0.00390625, ["-0.003906", "-0.0039"]),
        (0.000123456, ["1.235e-4", "1.2e-4"]),
        (1234.5678, ["1235", "1235"]),
        (12345678, ["12345678", "1.2e+7"]),
        (-3e38, ["-3e+38", "-3e+38"]),
        (0, ["0", "0"]),
    ],
)
def test_where_there_is_little_room_digits_are_left_out_but_none_is_wrong(
    engine: Engine, value: float, said: list[str]
) -> None:
    assert engine.run("return [4, 2].map((digits) => rounded(arguments[0], digits));", value) == said

"""Single numbers as text: whole ones, short ones, and those that fixed decimals would hide."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.numerals import figure, numeral

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "precision", "text"),
    [
        (5.0, 4, "5"),
        (-0.0, 4, "0"),
        (-16777216.0, 0, "-16777216"),
        (2.0**53, 2, "9.01e+15"),
        (0.5, 4, "0.5"),
        (0.50004, 4, "0.5"),
        (123.45678, 2, "123.46"),
        (0.00004, 4, "4e-05"),
        (-0.2, 0, "-0.2"),
        (0.00390625, 4, "0.003906"),
        (-0.00014, 4, "-0.00014"),
        (1.5, 0, "2"),
        (19.999, 1, "20"),
        (1e8 + 0.5, 1, "1.0e+08"),
    ],
)
def test_a_number_as_people_write_it(value: float, precision: int, text: str) -> None:
    assert numeral(value, precision) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (-0.0, "0"),
        (-1020, "-1,020"),
        (999_999, "999,999"),
        (1_234_567, "1.235e6"),
        (-3.4e38, "-3.4e38"),
        (0.5, "0.5"),
        (1 / 273, "0.003663"),
        (0.00001, "1e-5"),
        (2061.7, "2,062"),
        (123456.7, "1.235e5"),
    ],
)
def test_a_single_value(value: float, said: str) -> None:
    assert figure(value) == said


@pytest.mark.parametrize(("digits", "said"), [(4, "0.003663"), (3, "0.00366"), (2, "0.0037")])
def test_a_single_value_has_so_many_digits(digits: int, said: str) -> None:
    assert figure(1 / 273, digits) == said


@given(FINITE, st.integers(2, 4))
def test_a_single_value_is_said_nearly(value: float, digits: int) -> None:
    said = Fraction(figure(value, digits).replace(",", ""))
    assert 2 * abs(said - Fraction(value)) <= abs(Fraction(value)) / 10 ** (digits - 1)

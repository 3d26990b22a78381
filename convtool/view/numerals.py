"""Single numbers as text: with so many decimals, as beside tables, or with so many digits, as in drawings."""

from __future__ import annotations

from collections.abc import Iterable


def numeral(value: float, precision: int) -> str:
    """A number as people write it: whole ones as integers, no zeros at the end, none as 0 that is not.

    Others have ``precision`` decimals, and below 1 as many significant digits.

    Examples
    --------
    >>> [numeral(value, 2) for value in (5.0, -0.0, 2.5, 2.345, 0.0625, 0.0000123, -3.2e12 + 0.5)]
    ['5', '0', '2.5', '2.35', '0.062', '1.2e-05', '-3.20e+12']
    """
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    if abs(value) >= 1e8:
        return f"{value:.{precision}e}"
    if abs(value) < 1:
        return f"{value:.{max(precision, 1)}g}"
    fixed = f"{value:.{precision}f}"
    return fixed.rstrip("0").rstrip(".") if "." in fixed else fixed


def figure(value: float, digits: int = 4) -> str:
    """A single value: a whole one whole, others with so many digits, the very large and small with a power.

    Examples
    --------
    >>> figure(-1020), figure(1 / 273), figure(3.4e38), figure(-0.0)
    ('-1,020', '0.003663', '3.4e38', '0')
    """
    if value == round(value) and abs(value) < 1e6:
        return f"{round(value):,}"
    figures, power, exponent = f"{value:,.{digits}g}".partition("e")
    return f"{figures}e{int(exponent)}" if power else figures


def place(at: Iterable[int]) -> str:
    """Where a value stands, as it is said on the command line.

    Examples
    --------
    >>> place((3, 0))
    '3,0'
    """
    return ",".join(map(str, at))

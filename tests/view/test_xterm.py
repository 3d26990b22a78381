"""The 256 colours: each is its own nearest, and no other looks more alike than the one that is found."""

from __future__ import annotations

from functools import cache

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given

from convtool.view.colormaps import DIVERGING, palette
from convtool.view.xterm import nearest

LEVELS = (0, 95, 135, 175, 215, 255)
COLOURS = {16 + 36 * r + 6 * g + b: (LEVELS[r], LEVELS[g], LEVELS[b]) for r, g, b in np.ndindex(6, 6, 6)}
COLOURS |= {232 + n: (8 + 10 * n,) * 3 for n in range(24)}


@cache
def oklab(red: int, green: int, blue: int) -> tuple[float, float, float]:
    """As written out by Ottosson."""
    r, g, b = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (red / 255, green / 255, blue / 255)
    )
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@pytest.mark.parametrize("number", range(16, 256))
def test_each_is_its_own_nearest(number: int) -> None:
    assert COLOURS[int(nearest(COLOURS[number]))] == COLOURS[number]


@given(hnp.arrays(np.uint8, (2, 3, 3)))
def test_no_other_looks_more_alike(colours: np.ndarray) -> None:
    numbers = nearest(colours)
    assert numbers.shape == (2, 3)
    for place in np.ndindex(2, 3):
        wanted = oklab(*colours[place].tolist())
        far = {number: round(float(np.hypot.reduce(np.subtract(oklab(*known), wanted))), 9)
               for number, known in COLOURS.items()}  # fmt: skip
        assert far[int(numbers[place])] == min(far.values())


def test_grays_stay_gray() -> None:
    for number in nearest(palette("gray")).tolist():
        assert len(set(COLOURS[number])) == 1


def test_the_sides_of_0_stay_apart() -> None:
    numbers = nearest(palette(DIVERGING)).tolist()
    below, above = set(numbers[:110]), set(numbers[-110:])
    assert all(COLOURS[number][2] > COLOURS[number][0] for number in below)
    assert all(COLOURS[number][0] > COLOURS[number][2] for number in above)

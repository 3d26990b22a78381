"""The round numbers of an axis: where they stand, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

STEPS = 5
"""About how many steps of an axis its values span."""

HAIR = 1e-9
"""Of a step, or of the largest value: what is less is rounding."""


@dataclass(frozen=True)
class Axis:
    """Round numbers at equal distances, from one below the values to one above them."""

    ticks: tuple[float, ...]
    labels: tuple[str, ...]

    def share(self, value: float) -> float:
        """How far up the axis a value stands, from 0 to 1."""
        return (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])


def axis_of(values: Sequence[float]) -> Axis:
    """An axis for values of any magnitude; it starts at 0 where that costs no more than half of it."""
    low, high = min(values), max(values)
    if high - low <= HAIR * max(abs(low), abs(high)):
        low, high = (min(low, 0), max(high, 0)) if low else (0, 1)
    elif 0 < low <= high - low:
        low = 0
    step = round_step((high - low) / STEPS)
    counts = range(floor(low / step + HAIR), ceil(high / step - HAIR) + 1)
    ticks = tuple(count * step for count in counts)
    return Axis(ticks, tuple(_label(tick, step, max(map(abs, ticks))) for tick in ticks))


def round_step(least: float) -> float:
    """The smallest of …, 0.1, 0.2, 0.5, 1, 2, 5, 10, … that is not below ``least``."""
    power = 10.0 ** floor(log10(least))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least * (1 - HAIR))


def _label(tick: float, step: float, largest: float) -> str:
    """A tick with the digits that its step needs, very large and small ones with a power of ten."""
    first, last = (floor(log10(size) + HAIR) for size in (largest, step))
    if -4 <= first < 6:
        return f"{tick:,.{max(0, -last)}f}"
    return f"{tick / 10.0**first:.{first - last}f}e{first}" if tick else "0"

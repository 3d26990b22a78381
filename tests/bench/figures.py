"""A figure of accuracy: what was measured, how sure it is, and what it should reach."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

RESAMPLES = 2000
"""Bootstrap samples of an interval."""


class Figure(NamedTuple):
    """A measured value, what it should reach (``None`` for a figure to compare with), and its interval."""

    name: str
    value: float
    reach: float | None = None
    most: bool = False
    """Whether ``reach`` is the most that is allowed, not the least."""
    interval: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether it reaches what it should."""
        if self.reach is None:
            return True
        return self.value <= self.reach if self.most else self.value >= self.reach


def text(figure: Figure) -> str:
    """One line of the table."""
    line = f"  {figure.name:<56}{figure.value:>10.4g}"
    if figure.interval:
        line += f"  [{figure.interval[0]:.3g}, {figure.interval[1]:.3g}]"
    if figure.reach is not None:
        sign = "≤" if figure.most else "≥"
        line += f"  {sign} {figure.reach:g}" + ("" if figure.holds else "  MISSED")
    return line


def bootstrapped(values: ArrayLike) -> tuple[float, float]:
    """The 95 % interval of a mean, by resampling.

    References
    ----------
    Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979.
    """
    samples = np.asarray(values, np.float64)
    drawn = np.random.default_rng(0).integers(0, len(samples), (RESAMPLES, len(samples)))
    low, high = np.percentile(samples[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)

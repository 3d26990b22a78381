"""How fast a network learns at each step of its training."""

from __future__ import annotations

from math import cos, pi
from typing import Literal

ScheduleName = Literal["cosine", "step", "constant"]

STEPS, FACTOR = (1 / 2, 3 / 4), 0.1
"""Where in the training a step schedule lowers the rate, and to what share of it."""


def rate_at(schedule: ScheduleName, rate: float, progress: float) -> float:
    """The learning rate when a share ``progress`` of all steps is done.

    ``cosine`` falls from the rate to 0 along half a wave; ``step`` is a tenth of it after half of the
    training, and a hundredth after three quarters.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.

    Examples
    --------
    >>> [round(rate_at("cosine", 0.1, done), 6) for done in (0, 0.5, 1)]
    [0.1, 0.05, 0.0]
    """
    match schedule:
        case "cosine":
            return rate * (1 + cos(pi * progress)) / 2
        case "step":
            return rate * FACTOR ** sum(progress >= step for step in STEPS)
        case "constant":
            return rate

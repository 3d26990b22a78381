"""How well a filter tells patches from background, and where to cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Responses = NDArray[np.floating]


@dataclass(frozen=True)
class Score:
    """What a filter does on patches and windows that it was not learned from.

    Attributes
    ----------
    auc
        The probability that a patch has a higher response than a background window.
    hits
        The share of patches above the threshold that the stated share of background passes.
    """

    auc: float
    hits: float


def auc(positives: Responses, negatives: Responses) -> float:
    """Area under the ROC curve: how often a positive has the higher response; ties count half.

    References
    ----------
    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic
    curve", Radiology 143, 1982.

    Examples
    --------
    >>> auc(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, "left")
    not_above = np.searchsorted(ordered, positives, "right")
    return float((below + not_above).mean() / (2 * len(ordered)))


def threshold_at(responses: Responses, false_alarms: float) -> float:
    """The lowest of the responses that at most a share of ``false_alarms`` of them is above.

    Examples
    --------
    >>> threshold_at(np.arange(100.0), 0.05)
    94.0
    """
    allowed = int(false_alarms * len(responses) * (1 + 1e-12))  # 0.29 * 100 is 28.999…
    return float(np.partition(responses, len(responses) - 1 - allowed)[len(responses) - 1 - allowed])
